"""The guardian: a small process that ends what this one has started, should this one be killed.

It waits in a session of its own, which no signal of the terminal reaches, for the end of a pipe that nobody but this
process holds. What is to end is known by its process group, and where the system has /proc by a mark in its
environment, which also what leaves its group inherits.
"""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

from harness.errors import ProcessError

MARK = "HARNESS_ENDS_WITH"
"""Variable of the environment that names the guardians of a process, the innermost last."""
NOBODY = "nobody"
"""Value of that variable for what is to go on when the harness ends."""
_SCRIPT = Path(__file__).with_name("guardian_process.py")
_NEEDED = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
"""Variables without which some Pythons do not start."""
_ATTEMPTS = 2


class Guardian:
    """The guardian of this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._starting: subprocess.Popen[bytes] | None = None
        self._pipe = -1
        self._name = os.urandom(8).hex()
        self._watched: set[int] = set()
        atexit.register(self._dismiss)
        os.register_at_fork(after_in_child=self._forked)

    def begin(self) -> None:
        """Start it, unless it runs; raises `ProcessError`."""
        with self._lock:
            self._begin()

    def watch(self, leader: int) -> None:
        """Let it end a process group, or a process that leads none, once this process has ended.

        Raises `ProcessError` where it does not run.
        """
        with self._lock:
            self._begin()
            self._watched.add(leader)
            self._tell(b"+%d\n" % leader)

    def forget(self, leader: int) -> None:
        """Let it know that nothing is left of a group."""
        with self._lock:
            if leader in self._watched:
                self._watched.remove(leader)
                self._tell(b"-%d\n" % leader)

    def mark(self) -> dict[str, str]:
        """Return the variables of the environment by which it knows what this process starts; none before it runs."""
        if self._pipe < 0:
            return {}
        outer = os.environ.get(MARK, "").removesuffix(self._name).removesuffix(":")
        return {MARK: f"{outer}:{self._name}" if outer else self._name}

    def begin_for_all(self) -> None:
        """Start it, and let everything end with this process that it starts from now on, also what others start."""
        self.begin()
        os.environ.update(self.mark())

    def _begin(self) -> None:
        if self._pipe >= 0:
            return
        environment = {name: os.environ[name] for name in _NEEDED if name in os.environ}
        command = [sys.executable, "-I", "-S", str(_SCRIPT), self._name, tempfile.gettempdir()]
        try:
            readable, writable = os.pipe()
            try:
                self._starting = subprocess.Popen(
                    command,
                    cwd="/",
                    env={**environment, "HARNESS_GUARDIAN": "1"},
                    stdin=readable,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,
                )
            except OSError:
                os.close(writable)
                raise
            finally:
                os.close(readable)
        except OSError as exc:
            raise ProcessError(
                f"The process that ends yours if the harness is killed cannot be started: {exc.strerror}. "
                "Raise the limits of processes and open files (ulimit -u, ulimit -n)."
            ) from None
        self._pipe = writable

    def _tell(self, line: bytes) -> None:
        """Write to it; one that was killed is started again, and reads all again."""
        for _ in range(_ATTEMPTS):
            if self._starting is not None:
                self._starting.wait()  # it goes on in a process that is no child of this one
                self._starting = None
            with suppress(BrokenPipeError):
                os.write(self._pipe, line)
                return
            self._leave()
            self._begin()
            line = b"".join(b"+%d\n" % leader for leader in sorted(self._watched))

    def _leave(self) -> None:
        """Let it end, and what is left with it."""
        if self._pipe >= 0:
            os.close(self._pipe)
        self._pipe = -1

    def _dismiss(self) -> None:
        """Let it know that this process ends in good order."""
        if self._pipe >= 0:
            with suppress(OSError):
                self._tell(b"bye\n")
        self._leave()

    def _forked(self) -> None:
        """Leave it to the parent, in a process that was forked and goes on with this program."""
        self._leave()
        self._lock, self._starting, self._watched = threading.Lock(), None, set()
        self._name = os.urandom(8).hex()


guardian = Guardian()
"""The one of this process; it runs from the first start of a process on."""
