"""What drills run against: a receiver, its effects and dead letters, and its process if the harness runs it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import msgspec

from harness.core.cutting import cut
from harness.errors import ProbeError, ProcessError
from harness.model import Delivery, Event
from harness.model.config import DeadLetters, Receiver
from harness.process.managed import ManagedProcess
from harness.webhooks.case_runner import ReceiverUnderTest
from harness.webhooks.drills.shared import SharedDeliveries
from harness.webhooks.effects import EffectProbe
from harness.webhooks.probes import COMMAND_S, Ask, filled


class DrillContext(msgspec.Struct, kw_only=True):
    """Everything that a drill may use."""

    receiver: ReceiverUnderTest
    config: Receiver
    event: Event
    """The event to deliver, in a form that the receiver accepts."""
    read: Callable[[str], Event]
    """Reads an event fixture by its path in harness.toml."""
    dead_letter_of: Ask | None = None
    """Asks for the dead letter of an event."""
    state_of: Ask | None = None
    """Asks for the state of an object, as described in ``[receiver.order]``."""
    root: Path
    environment: Mapping[str, str]
    """For commands of harness.toml."""
    previous_secret: Callable[[], str] = str
    """Reveals the previous secret; for drills that need ``receiver.signature.previous``."""
    process: ManagedProcess | None = None
    """The receiver's process, where the harness runs a copy for drills alone."""
    restart_remote: Callable[[], None] | None = None
    """Stops a receiver that the harness does not start, and starts it again in its own environment."""
    secret_names: tuple[str, ...] = ()
    """Environment variables that hold the signing secret for that process."""
    previous_names: tuple[str, ...] = ()
    """Environment variables that hold the previous secret."""
    shared: SharedDeliveries = msgspec.field(default_factory=SharedDeliveries)
    """Deliveries that several drills share."""

    @property
    def probe(self) -> EffectProbe:
        """The effect probe; drills that use it need ``receiver.effects``."""
        assert self.receiver.probe is not None
        return self.receiver.probe

    @property
    def dead_letters(self) -> DeadLetters:
        """How to find dead letters; drills that use it need ``receiver.dead_letters``."""
        assert self.config.dead_letters is not None
        return self.config.dead_letters

    def fresh(self) -> Event:
        """Return the event under an id that is new to the receiver, and about a new object where needed."""
        return self.receiver.subject(self.event)

    @property
    def can_be_asked(self) -> bool:
        """Whether its events have ids by which the integration can be asked about them."""
        return bool(self.fresh().id)

    def deliver(self, event: Event, times: int = 1) -> list[Delivery]:
        """Deliver one genuine event several times, one after another."""
        return [self.receiver.deliver(event) for _ in range(times)]

    def without_effect(self, event: Event) -> str:
        """Deliver an event, and wait for its effect; return why there is none, else an empty text."""
        answer, settle_s = self.receiver.deliver(event), self.receiver.settle_s
        if answer.acknowledged and self.probe.wait(event.id, within_s=settle_s):
            return ""
        return f"cannot be judged: a genuine delivery got {answer.seen}, and no effect within {settle_s:g} s"

    def deliver_at_once(self, events: Sequence[Event], *, concurrency: int) -> list[Delivery]:
        """Deliver genuine events, ``concurrency`` at a time."""
        with ThreadPoolExecutor(concurrency, thread_name_prefix="drill") as pool:
            return list(pool.map(self.receiver.deliver, events))

    def restart(self) -> None:
        """Kill the receiver's process (SIGKILL) and start it again; raises `ProcessError`."""
        if self.restart_remote is not None:
            self.restart_remote()
            return
        assert self.process is not None
        self.process.kill()
        self.process.start()

    @contextmanager
    def started_with(self, *environments: Mapping[str, str | None]) -> Iterator[Iterator[bool]]:
        """Restart the receiver's process with changed environments, one after another, for the block.

        Yield an iterator over whether it started with each. A variable that is changed to None is not set at all.
        Raises `ProcessError` when it does not start in its old environment afterwards.
        """
        assert self.process is not None
        before = self.process.env
        try:
            yield (self._starts(self.process, {**before, **changes}) for changes in environments)
        finally:
            self._stopped(self.process, before).start()

    @classmethod
    def _starts(cls, process: ManagedProcess, env: Mapping[str, str | None]) -> bool:
        try:
            cls._stopped(process, env).start()
        except ProcessError:
            return False
        return True

    @staticmethod
    def _stopped(process: ManagedProcess, env: Mapping[str, str | None]) -> ManagedProcess:
        process.stop()
        process.env = env
        return process

    def run(self, words: tuple[str, ...], event_id: str, where: str) -> None:
        """Run a command of harness.toml about one event; raises `ProbeError` when it does not end with 0."""
        command = filled(words, event_id)
        try:
            done = subprocess.run(
                command, cwd=self.root, env=self.environment, capture_output=True, timeout=COMMAND_S, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as exc:
            raise ProbeError(
                f"{where}: {command[0]!r} could not be run: {type(exc).__name__}. Run it by hand to see why."
            ) from None
        if done.returncode:
            last = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["nothing"]
            raise ProbeError(f"{where}: {command[0]!r} exited with status {done.returncode}: {cut(last[0], 200)}")
