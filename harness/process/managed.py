"""The target's processes: started, awaited, watched, logged, and stopped with all their children."""

from __future__ import annotations

import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from harness.core.cutting import cut_before
from harness.errors import ProcessError
from harness.process import cancellation
from harness.process.environment import whole_environment
from harness.process.groups import await_end, signal_group
from harness.process.guardian import MARK, NOBODY, guardian
from harness.process.startable import is_program, taken_port

if TYPE_CHECKING:
    import psutil

    from harness.process.ready import ReadyCheck

STOP_WITHIN_S = 5.0
POLL_S = 0.03
TAIL_LINES, TAIL_CHARS = 12, 8192


class ManagedProcess:
    """One process of the target, in its own process group."""

    def __init__(
        self,
        name: str,
        *,
        command: Sequence[str],
        ready: ReadyCheck,
        ready_within_s: float,
        cwd: Path,
        env: Mapping[str, str | None],
        log: Path,
        redact: Callable[[str], str] = str,
    ) -> None:
        """Describe the process; `start` starts it.

        ``redact`` cleans the output that an error message quotes.
        """
        self.name = name
        self.command = tuple(command)
        self.ready = ready
        self.ready_within_s = ready_within_s
        self.cwd = cwd
        self.env: Mapping[str, str | None] = dict(env)
        self.log = log
        self._redact = redact
        self._printed_before = 0
        self._started_at = 0.0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Its process id, which is also that of its group; only while it runs."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start the process and wait until it is ready; raises `ProcessError` and leaves nothing running."""
        self._require_free_port()
        self.require_program("command", self.command[0] if self.command else "")
        if self.ready.program:
            self.require_program("ready", self.ready.program)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as output:
            self._printed_before, self._started_at = output.tell(), time.monotonic()
            self._process = start_group(self.command, cwd=self.cwd, env=self.env, output=output)
        try:
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Ask the process group to end, then kill it; does nothing when it is not running."""
        process, self._process = self._process, None
        if process is not None:
            stop_group(process)

    def kill(self) -> None:
        """End the process group at once, without a chance to clean up (SIGKILL)."""
        process, self._process = self._process, None
        if process is not None:
            # To find its descendants takes time, in which it would finish what it has at hand.
            signal_group(process.pid, signal.SIGSTOP)
            _end_group(process, _descendants(process.pid))

    def death(self) -> str | None:
        """Return how the process ended, when it ended by itself, with its last output; None while it runs."""
        if self._process is None or self._process.poll() is None:
            return None
        return f"[process.{self.name}] {how_it_ended(self._process.returncode)}.{self.tail()}"

    def silence(self, *, within_s: float = STOP_WITHIN_S) -> str | None:
        """Return how the process ended by itself, or that it no longer answers; None as soon as it answers.

        Stricter than `death`: one that was killed a moment ago may not have ended yet, so only an answer at its URL,
        where it has one, shows that it lives. Waits for the one or the other, at most ``within_s`` seconds.
        """
        deadline = time.monotonic() + within_s
        while self._process is not None and not self.ready.met(self):
            if death := self.death():
                return death
            if time.monotonic() >= deadline:
                asked = (
                    f"no longer answers {self.ready.url}" if self.ready.url else f"is not ready: {self.ready.missed}"
                )
                return f"[process.{self.name}] {asked}.{self.tail()}"
            time.sleep(POLL_S)
        return None

    def output(self) -> str:
        """Return what it has printed since it was last started."""
        with self.log.open("rb") as file:
            file.seek(self._printed_before)
            return file.read().decode(errors="replace")

    def age_s(self) -> float:
        """Return the seconds since it was last started."""
        return time.monotonic() - self._started_at

    def tail(self) -> str:
        """Return the last lines of the output, redacted, for an error message."""
        if not self.log.is_file():
            return ""
        lines = cut_before(self.log.read_text(errors="replace"), TAIL_CHARS).splitlines()[-TAIL_LINES:]
        quoted = "\n".join(f"    {line}" for line in lines)
        return self._redact(f" Its last output, from {self.log}:\n{quoted}") if lines else " It printed nothing."

    def _wait_until_ready(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + self.ready_within_s
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                ended = how_it_ended(self._process.returncode)
                raise ProcessError(
                    f"harness.toml: [process.{self.name}] command {ended} before {self.ready.event}. "
                    f"Run it by hand to see why: {shlex.join(self.command)}{self.tail()}"
                )
            if self.ready.met(self):
                return
            time.sleep(POLL_S)
        raise ProcessError(
            f"harness.toml: [process.{self.name}] ready: {self.ready.missed} within "
            f"{self.ready_within_s:g} s. {self.ready.hint}, or give it more time with ready_within.{self.tail()}"
        )

    def _require_free_port(self) -> None:
        if self.ready.url is None:
            return
        if port := taken_port(self.ready.url):
            raise ProcessError(
                f"harness.toml: [process.{self.name}] ready: port {port} is in use, so another program would be "
                f"checked instead. Stop what listens there, or let the harness choose: {{port:{self.name}}}."
            )

    def require_program(self, key: str, program: str) -> None:
        """Raise `ProcessError` where the program that ``key`` of the section names cannot be run."""
        if not is_program(program, cwd=self.cwd, path=self.env.get("PATH")):
            raise ProcessError(
                f"harness.toml: [process.{self.name}] {key}: {program or 'nothing'!r} is not a program that can be "
                "run there. Install it, or give its path."
            )


def start_group(
    command: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str | None],
    output: BinaryIO | int,
    stdin: int = subprocess.DEVNULL,
    outlives: bool = False,
) -> subprocess.Popen[bytes]:
    """Start a command in a process group of its own, with ``env`` added to the environment; raises OSError.

    A variable whose value is None is not set.

    In work that can be cancelled, the group ends with it, and with this process, however that ends, unless it
    ``outlives`` it. ``output`` and ``stdin`` may be constants of `subprocess`.
    """
    if not outlives:
        guardian.begin()
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env=whole_environment({**env, MARK: NOBODY} if outlives else env),
        stdin=stdin,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    cancellation.adopt(process)
    if not outlives:
        guardian.watch(process.pid)
    return process


def stop_group(process: subprocess.Popen[bytes]) -> None:
    """Ask a group that `start_group` started to end, then kill what is left of it, and wait until all are gone."""
    descendants = _descendants(process.pid)
    signal_group(process.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP_WITHIN_S)
    _end_group(process, descendants)


def _descendants(pid: int) -> list[psutil.Process]:
    """Return all descendants of a process; a dead process has none."""
    import psutil  # takes a while to import, and is needed at the end of a run alone

    try:
        return list(psutil.Process(pid).children(recursive=True))
    except psutil.Error:
        return []


def _end_group(process: subprocess.Popen[bytes], descendants: Sequence[psutil.Process]) -> None:
    """Kill what is left of the group, and of ``descendants`` that left it, and wait until all are gone."""
    import psutil

    signal_group(process.pid, signal.SIGKILL)
    for descendant in descendants:
        with suppress(psutil.Error):
            descendant.kill()  # unless its id has gone to another process since
    process.wait()
    await_end(process.pid, [d.pid for d in descendants], until=time.monotonic() + STOP_WITHIN_S, poll_s=POLL_S)
    guardian.forget(process.pid)


def how_it_ended(returncode: int) -> str:
    """Return how a process ended, as the end of a sentence; below 0 it is the number of a signal."""
    if returncode >= 0:
        return f"exited with status {returncode}"
    return f"was killed by {signal.Signals(-returncode).name}"
