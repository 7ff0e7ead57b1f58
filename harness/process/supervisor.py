"""Restarts a process of the target that ends by itself, so that one crash is one failure and not forty.

The controller has the processes and supervises them; checks, on any worker, read their status from a file in the
run's folder.
"""

from __future__ import annotations

import fcntl
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, Protocol, Self

import msgspec

from harness.core.files import write_atomically
from harness.errors import ProcessError

MAX_RESTARTS = 20
"""Maximum restarts of one process; one that dies more often shows nothing new."""
AWAY_S = 0.5
"""Seconds before a restart, so that the check during which the process died notices its death."""
POLL_S = 0.05
NOTICED_WITHIN_S = 0.3
"""Seconds after which every worker knows of a death."""

_FOLDER = "deaths"


class Restartable(Protocol):
    """A process that can be started again."""

    name: str

    def death(self) -> str | None:
        """Return how it ended by itself; None while it runs."""

    def kill(self) -> None:
        """End what is left of it."""

    def start(self) -> None:
        """Start it; raises `ProcessError`."""


class ProcessStatus(msgspec.Struct, frozen=True):
    """What is known of one process."""

    deaths: int
    state: Literal["running", "away", "left alone"]
    """``away`` while it is being started again."""


class ProcessState:
    """The state of the target's processes, readable from any process of the run."""

    def __init__(
        self,
        run_folder: Path,
        *,
        ready: Mapping[str, str],
        answers: Callable[[str], bool],
        patience_s: float,
    ) -> None:
        """``run_folder`` is the scratch folder of the run.

        ``ready`` has the URL of each process, for ``answers`` to ask; ``patience_s`` bounds the wait for an absent one.
        """
        self._folder = run_folder / _FOLDER
        self._ready = ready
        self._answers = answers
        self._patience_s = patience_s

    def note(self, name: str, status: ProcessStatus) -> None:
        """Let every process of the run know the status of one."""
        self._folder.mkdir(exist_ok=True)
        write_atomically(self._folder / f"{name}.json", msgspec.json.encode(status))

    @property
    def deaths(self) -> int:
        """How often any of them died."""
        return sum(status.deaths for status in self._known().values())

    def settled(self) -> int:
        """Wait until none is away, and return how often any of them died."""
        deadline = time.monotonic() + self._patience_s
        while self._away() and time.monotonic() < deadline:
            time.sleep(POLL_S)
        return self.deaths

    def revived(self) -> int:
        """Like `settled`, but also notices a process that is dying at this moment."""
        deadline = time.monotonic() + NOTICED_WITHIN_S
        while not self._away() and not self._all_answer() and time.monotonic() < deadline:
            time.sleep(POLL_S)
        return self.settled()

    @contextmanager
    def turn(self, *, alone: bool = False) -> Iterator[None]:
        """Exclude other workers, so that a process that dies during the block has died of what was done in it.

        Without ``alone``, only blocks with ``alone`` are excluded.
        """
        with (self._folder.parent / "turn").open("wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
            yield

    def _away(self) -> bool:
        return any(status.state == "away" for status in self._known().values())

    def _all_answer(self) -> bool:
        left = {name for name, status in self._known().items() if status.state == "left alone"}
        return all(self._answers(url) for name, url in self._ready.items() if name not in left)

    def _known(self) -> dict[str, ProcessStatus]:
        if not self._folder.is_dir():  # as long as nothing has died
            return {}
        return {
            file.stem: msgspec.json.decode(file.read_bytes(), type=ProcessStatus)
            for file in self._folder.glob("*.json")
        }


class Supervisor:
    """Starts processes again for the length of a block."""

    def __init__(self, processes: Sequence[Restartable], state: ProcessState) -> None:
        """Supervise ``processes``; nothing else may start or stop them meanwhile. ``state`` lets the whole run know."""
        self._processes = processes
        self._state = state
        self._deaths: dict[str, list[str]] = {process.name: [] for process in processes}
        self._left_alone: dict[str, str] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="supervisor", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()  # at most as long as a process may take until it is ready

    def reports(self) -> list[str]:
        """Return one sentence for each process that died: how often, and whether it was started again."""
        return [self._report(name, deaths) for name, deaths in self._deaths.items() if deaths]

    def _watch(self) -> None:
        while not self._ended.wait(POLL_S):
            dead = {p.name: p for p in self._processes if p.death()}
            for name in dead:
                self._note(name, ProcessStatus(len(self._deaths[name]) + 1, "away"))
            if dead and not self._ended.wait(AWAY_S):
                for process in dead.values():
                    self._restart(process)

    def _restart(self, process: Restartable) -> None:
        deaths = self._deaths[process.name]
        deaths.append(process.death() or "")
        process.kill()  # children of it may hold its port; and one that is left alone has no death any more
        try:
            if len(deaths) <= MAX_RESTARTS:
                process.start()
            else:
                self._left_alone[process.name] = "then it was not restarted, and later checks could not run"
        except (ProcessError, OSError) as exc:
            self._left_alone[process.name] = f"it could not be restarted: {exc}"
        state: Literal["running", "left alone"] = "left alone" if process.name in self._left_alone else "running"
        self._note(process.name, ProcessStatus(len(deaths), state))

    def _note(self, name: str, status: ProcessStatus) -> None:
        try:
            self._state.note(name, status)
        except OSError as exc:  # such as a full disk; the run cannot be READY after a death anyway
            self._left_alone[name] = f"other processes of the run could not learn of it: {exc.strerror}"

    def _report(self, name: str, deaths: list[str]) -> str:
        often = "once" if len(deaths) == 1 else f"{len(deaths)} times"
        what = self._left_alone.get(name, "it was restarted" + " each time" * (len(deaths) > 1))
        return f"[process.{name}] ended by itself {often}; {what}. The first time: {deaths[0]}"
