"""Runs the user's client once, as a black box."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import msgspec

from harness.core.cutting import cut_before
from harness.errors import ProcessError
from harness.process.groups import signal_group
from harness.process.guardian import guardian
from harness.process.managed import start_group

TAIL_CHARS = 600
_LOOK_S = 0.01
"""Seconds between two looks at whether a client that is to be killed has ended by itself."""


class ClientRun(msgspec.Struct, frozen=True, kw_only=True):
    """How one run of the client ended."""

    exit_status: int | None
    """None when the time-out killed it."""
    seconds: float
    tail: str
    """The end of its output."""
    ended_at: float = 0.0
    """When it ended, in monotonic seconds."""

    @property
    def started_at(self) -> float:
        """When it was started, in monotonic seconds."""
        return self.ended_at - self.seconds

    @property
    def succeeded(self) -> bool:
        """Whether the client reports that the workflow succeeded."""
        return self.exit_status == 0

    @property
    def ended(self) -> str:
        """How it ended, in words."""
        if self.exit_status is None:
            return f"the client was still running after {self.seconds:.0f} s and was killed"
        return f"the client exited with status {self.exit_status} after {self.seconds:.1f} s"


def run_client(
    command: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    timeout_s: float,
    log: Path,
    lock: AbstractContextManager[object] | None = None,
    until: threading.Event | None = None,
) -> ClientRun:
    """Run ``command`` with ``env`` added to the environment, its output appended to ``log``, whole, as it ends.

    ``lock`` is held while it is appended, where several run at once. It is killed after ``timeout_s`` seconds, or as
    soon as ``until`` is set. Raises `ProcessError` when it cannot be started.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=log.parent) as output:
        start = time.monotonic()
        try:
            process = start_group(command, cwd=cwd, env=env, output=output)
        except OSError as exc:
            raise ProcessError(
                f"harness.toml: [client]: {command[0]!r} cannot be run: {exc.strerror}. Install it, or give its path."
            ) from None
        status = _wait(process, timeout_s, until)
        ended_at = time.monotonic()
        with lock or nullcontext(), log.open("ab") as whole:
            output.seek(0)
            shutil.copyfileobj(output, whole)
            size = output.tell()
        output.seek(max(0, size - 4 * TAIL_CHARS))
        tail = cut_before(output.read().decode(errors="replace").strip(), TAIL_CHARS)
    return ClientRun(exit_status=status, seconds=ended_at - start, tail=tail, ended_at=ended_at)


def _wait(process: subprocess.Popen[bytes], timeout_s: float, until: threading.Event | None) -> int | None:
    ends = time.monotonic() + timeout_s
    try:
        while until is not None and process.poll() is None and time.monotonic() < ends:
            if until.wait(_LOOK_S):
                return None
        return process.wait(max(0.0, ends - time.monotonic()))
    except subprocess.TimeoutExpired:
        return None
    finally:
        signal_group(process.pid, signal.SIGKILL)  # also ends children the client left behind
        process.wait()
        guardian.forget(process.pid)
