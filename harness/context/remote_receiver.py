"""A receiver that the harness does not start: stopped and started again by the commands of ``[receiver]``."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx

from harness.core.cutting import cut_before
from harness.errors import ConfigurationError, NetworkError, ProcessError
from harness.process.managed import start_group, stop_group

if TYPE_CHECKING:
    from harness.context.run_context import RunContext
    from harness.model.config import Configuration, Receiver

PRINTED_CHARS = 2000
COMMAND_S = 60.0
"""Time for each of the two commands, in seconds."""
DOWN_WITHIN_S = 10.0
"""Time after ``stop`` in which the receiver must cease to answer, in seconds."""
UP_WITHIN_S = 120.0
"""Time after ``start`` in which it must answer again, in seconds."""
POLL_S = 0.1
_NOBODY = (502, 503, 504)
"""Statuses of a gateway behind which nothing runs."""


def is_remote(run_context: RunContext) -> bool:
    """Whether ``[receiver] stop`` and ``start`` are set, and no process of harness.toml serves the receiver."""
    receiver = run_context.config.receiver
    return receiver is not None and bool(receiver.stop) and process_of_receiver(run_context.config) is None


def process_of_receiver(config: Configuration) -> str | None:
    """Return the name of the ``[process]`` that serves ``[receiver]``; None where harness.toml has none."""
    served = urlsplit(config.receiver.url).netloc if config.receiver else ""
    named = config.process.items()
    return next((name for name, p in named if p.ready_url and urlsplit(p.ready_url).netloc == served), None)


class RemoteReceiver:
    """The receiver that every check of the run uses, so nothing else may deliver while it is stopped."""

    def __init__(self, run_context: RunContext, receiver: Receiver) -> None:
        """Raises `ConfigurationError` on a worker of pytest-xdist, as the others go on delivering."""
        if "PYTEST_XDIST_WORKER" in os.environ:
            raise ConfigurationError(
                "[receiver] stop would take the receiver away from the checks of other workers, so these drills run "
                "in one process alone. Run them without -n."
            )
        self._context = run_context
        self._receiver = receiver

    def restart(self) -> None:
        """Stop the receiver and start it again, whatever happens between; raises `ProcessError`.

        An interrupt (SIGINT, SIGTERM) waits until it has been started.
        """
        with _interrupts_deferred():
            try:
                self._run("stop", self._receiver.stop)
                self._require(up=False, within_s=DOWN_WITHIN_S)
            finally:
                self._start()

    def _start(self) -> None:
        try:
            self._run("start", self._receiver.start)
            self._require(up=True, within_s=UP_WITHIN_S)
        except ProcessError as exc:
            down = (
                f"The receiver was stopped and is still down. Start it by hand, in {self._context.target.root}: "
                f"{shlex.join(self._receiver.start)}\n{exc}"
            )
            self._context.processes.restarts.insert(0, down)  # which no run with this one reports as READY
            raise ProcessError(down) from None

    def _run(self, key: str, words: Sequence[str]) -> None:
        """Run a command, whose output goes to a file, so that what it starts in the background holds nothing up."""
        with tempfile.TemporaryFile() as output:
            try:
                process = start_group(
                    words,
                    cwd=self._context.target.root,
                    env=self._context.environment({}),
                    output=output.fileno(),
                    outlives=True,
                )
            except OSError as exc:
                raise ProcessError(
                    f"harness.toml: [receiver] {key}: {words[0]!r} cannot be run: {exc.strerror}. "
                    "Install it, or give its path."
                ) from None
            try:
                status: int | None = process.wait(COMMAND_S)
            except subprocess.TimeoutExpired:
                stop_group(process)
                status = None
            output.seek(0)
            printed = self._context.vault.redact(output.read().decode(errors="replace")).strip()
        if status != 0:
            how = f"did not end within {COMMAND_S:g} s" if status is None else f"ended with status {status}"
            raise ProcessError(
                f"harness.toml: [receiver] {key}: `{shlex.join(words)}` {how}. "
                f"It printed: {cut_before(printed, PRINTED_CHARS) or 'nothing'}"
            )

    def _require(self, *, up: bool, within_s: float) -> None:
        """Wait until the receiver answers, or does so no more; raises `ProcessError`."""
        deadline = time.monotonic() + within_s
        while self._answers() != up:
            if time.monotonic() >= deadline:
                key, does = ("start", "does not answer") if up else ("stop", "still answers")
                hint = "Look at its log." if up else "Name a command that ends every instance of the receiver."
                raise ProcessError(
                    f"harness.toml: [receiver] {key}: {self._receiver.url} {does} {within_s:g} s after it. {hint}"
                )
            time.sleep(POLL_S)

    def _answers(self) -> bool:
        """Whether anything but a gateway answers a GET at the receiver's URL, with whatever status."""
        try:
            return self._context.client.get(self._receiver.url).status_code not in _NOBODY
        except (httpx.HTTPError, NetworkError, OSError):
            return False


@contextmanager
def _interrupts_deferred() -> Iterator[None]:
    """Let SIGINT and SIGTERM wait for the end of the block; only the main thread receives them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    arrived: list[int] = []
    numbers: tuple[int, ...] = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, lambda caught, _frame: arrived.append(caught)) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for number in dict.fromkeys(arrived):
            signal.raise_signal(number)
