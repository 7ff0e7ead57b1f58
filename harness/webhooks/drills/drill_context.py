"""What drills play on: a receiver, its effects and dead letters, and where the harness runs it, its process."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import msgspec

from harness.errors import ProbeError, ProcessError
from harness.model import Delivery, Event
from harness.model.config import DeadLetters, Receiver
from harness.process.managed import ManagedProcess
from harness.webhooks.case_runner import ReceiverUnderTest
from harness.webhooks.drills.shared import SharedDeliveries
from harness.webhooks.effects import EffectProbe
from harness.webhooks.probes import COMMAND_S, Ask, filled


class DrillContext(msgspec.Struct, kw_only=True):
    """All that a drill may use."""

    receiver: ReceiverUnderTest
    config: Receiver
    event: Event
    """The event that is delivered, in a form the receiver takes."""
    read: Callable[[str], Event]
    """Reads an event fixture by its path in harness.toml."""
    dead_letter_of: Ask | None = None
    """Asks for what is known of an event that may have become a dead letter."""
    state_of: Ask | None = None
    """Asks for the state of an object, as ``[receiver.order]`` says."""
    root: Path
    environment: Mapping[str, str]
    """For commands of harness.toml."""
    previous_secret: Callable[[], str] = str
    """Reveals the secret before this one; for drills that need ``receiver.signature.previous``."""
    process: ManagedProcess | None = None
    """The receiver's, where the harness runs it for drills alone."""
    secret_names: tuple[str, ...] = ()
    """Variables in which that process is given the signing secret."""
    previous_names: tuple[str, ...] = ()
    """Variables in which it is given the secret before this one."""
    shared: SharedDeliveries = msgspec.field(default_factory=SharedDeliveries)
    """What several drills look at together."""

    @property
    def probe(self) -> EffectProbe:
        """The effect probe; drills that use it need ``receiver.effects``."""
        assert self.receiver.probe is not None
        return self.receiver.probe

    @property
    def dead_letters(self) -> DeadLetters:
        """How dead letters are found; drills that use it need ``receiver.dead_letters``."""
        assert self.config.dead_letters is not None
        return self.config.dead_letters

    def fresh(self) -> Event:
        """Return the event under an id no receiver has seen."""
        return self.receiver.fresh(self.event)

    @property
    def can_be_asked(self) -> bool:
        """Whether its events have ids, by which the integration can be asked about them."""
        return bool(self.fresh().id)

    def deliver(self, event: Event, times: int = 1) -> list[Delivery]:
        """Deliver one event honestly, several times one after another."""
        return [self.receiver.deliver(event) for _ in range(times)]

    def deliver_at_once(self, events: Sequence[Event], *, concurrency: int) -> list[Delivery]:
        """Deliver events honestly, ``concurrency`` at a time."""
        with ThreadPoolExecutor(concurrency, thread_name_prefix="drill") as pool:
            return list(pool.map(self.receiver.deliver, events))

    def restart(self) -> None:
        """Kill the receiver's process (SIGKILL) and start it again; raises `ProcessError`."""
        assert self.process is not None
        self.process.kill()
        self.process.start()

    @contextmanager
    def started_with(self, changes: Mapping[str, str]) -> Iterator[bool]:
        """Start the receiver's process with a changed environment for the block, and say whether it did start.

        Raises `ProcessError` when it does not start as before afterwards.
        """
        assert self.process is not None
        self.process.stop()
        before = self.process.env
        self.process.env = {**before, **changes}
        try:
            yield self._starts(self.process)
        finally:
            self.process.stop()
            self.process.env = before
            self.process.start()

    @staticmethod
    def _starts(process: ManagedProcess) -> bool:
        try:
            process.start()
        except ProcessError:
            return False
        return True

    def run(self, words: tuple[str, ...], event_id: str, where: str) -> None:
        """Run a command of harness.toml about one event; raises `ProbeError` when it does not end with 0."""
        command = filled(words, event_id)
        try:
            done = subprocess.run(
                command, cwd=self.root, env=self.environment, capture_output=True, timeout=COMMAND_S, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as exc:
            raise ProbeError(
                f"{where}: {command[0]!r} could not be run: {type(exc).__name__}. Try it by hand."
            ) from None
        if done.returncode:
            last = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["nothing"]
            raise ProbeError(f"{where}: {command[0]!r} exited with status {done.returncode}: {last[0][:200]}")
