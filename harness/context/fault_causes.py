"""What causes each fault, so that its signals can be watched: deliveries, runs of the client, a kill, or a command."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from harness.context.client_parts import NEEDS as CLIENT_NEEDS
from harness.context.client_parts import client_of
from harness.context.receiver_parts import events_of, process_of, receiver_of
from harness.errors import ConfigurationError, EventError, ProbeError, ProcessError
from harness.process.managed import start_group, stop_group
from harness.resilience.faults import RESET, SILENCE, Fault, respond
from harness.webhooks.cases import case_named
from harness.webhooks.events import representative

if TYPE_CHECKING:
    from harness.context.run_context import RunContext
    from harness.model import Delivery, Event
    from harness.process.managed import ManagedProcess
    from harness.resilience.runner import ClientUnderTest
    from harness.webhooks.case_runner import ReceiverUnderTest

DELIVERS = ("receiver.url", "receiver.events", "receiver.signature")
"""Keys of harness.toml that deliveries of event fixtures need."""
_MANY, _SOME, _FEW = 32, 8, 2
"""Deliveries in one round: refused ones cost the receiver little, others keep it busy."""


class Cause(Protocol):
    """One fault that can be caused, again and again, until it ends."""

    @property
    def needs(self) -> tuple[str, ...]:
        """Keys of harness.toml that it requires."""

    @property
    def most(self) -> int:
        """How many times at most it is caused at once."""

    def begin(self, times: int) -> None:
        """Cause it, up to ``times`` times at once where it can be counted; raises `ProbeError` where it cannot be."""

    def end(self) -> None:
        """End what still lasts; raises `ProcessError`."""


class _Moment:
    """A fault that lasts no longer than the call that causes it."""

    def __init__(self, cause: Callable[[int], None], needs: tuple[str, ...], most: int = 1) -> None:
        self.needs = needs
        self.most = most
        self.begin = cause

    def end(self) -> None:
        """Nothing lasts."""


class _Killed:
    """The receiver's process, killed until the fault ends."""

    needs: tuple[str, ...] = ("process", "receiver.url")
    most = 1

    def __init__(self, run_context: RunContext) -> None:
        self._context = run_context
        self._process: ManagedProcess | None = None

    def begin(self, times: int) -> None:  # noqa: ARG002 - it cannot be killed twice
        if self._process is None:
            try:
                self._process = process_of(self._context)
            except ConfigurationError as exc:
                raise ProbeError(str(exc)) from None
            self._process.kill()

    def end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.start()


class _Command:
    """A command of harness.toml, which causes the fault while it runs, or each time that it runs."""

    needs: tuple[str, ...] = ()
    most = 1

    def __init__(self, run_context: RunContext, alert: str, words: Sequence[str]) -> None:
        self._context = run_context
        self._where = f"harness.toml: [telemetry.alerts] fires.{alert}"
        self._words = words
        self._process: subprocess.Popen[bytes] | None = None

    def begin(self, times: int) -> None:  # noqa: ARG002 - it decides itself how often
        if self._process is not None and self._process.poll() is None:
            return
        if self._process is not None and self._process.returncode:
            raise ProbeError(f"{self._where}: the command exited with status {self._process.returncode}.")
        self.end()
        try:
            self._process = start_group(
                self._words,
                cwd=self._context.target.root,
                env=self._context.environment({}),
                output=subprocess.DEVNULL,
                stdin=subprocess.PIPE,
            )
        except OSError as exc:
            raise ProbeError(
                f"{self._where}: {self._words[0]!r} cannot be run: {exc.strerror}. Install it, or give its path."
            ) from None

    def end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            assert process.stdin is not None
            process.stdin.close()
            stop_group(process)


class FaultCauses:
    """The faults that one target can be given; its parts are made when the first fault needs them."""

    def __init__(self, run_context: RunContext) -> None:
        """``run_context`` is of the target that is harmed: a copy, where the harness can start one."""
        self._context = run_context
        self.named: dict[str, Cause] = {
            "forged": self._delivery(lambda: self._refused("wrong-secret"), _MANY),
            "stale": self._delivery(lambda: self._refused("stale"), _MANY),
            "duplicate": self._delivery(self._duplicate, _SOME),
            "poison": self._delivery(lambda: self._fixture("unprocessable"), _SOME, "receiver.unprocessable"),
            "slow": self._delivery(lambda: self._fixture("slow"), _FEW, "receiver.slow"),
            "crash": _Killed(run_context),
            "429": self._calls((respond(429),)),
            "5xx": self._calls((respond(503), respond(503))),
            "time-limit": self._calls((SILENCE,)),
            "broken-connection": self._calls((RESET,)),
            "key-refused": self._calls((respond(401),), then=respond(401)),
        }

    def command(self, alert: str, words: Sequence[str]) -> Cause:
        """Return the fault that a command of harness.toml causes for an alert."""
        return _Command(self._context, alert, words)

    def missing(self, cause: Cause) -> tuple[str, ...]:
        """Return the keys that harness.toml would need for a fault."""
        return self._context.target.missing(cause.needs)

    def good_traffic(self) -> None:
        """Deliver every event once, and run the client without a fault; raises `ProbeError` where either fails."""
        if not self._context.target.missing(DELIVERS):
            for event in self._events:
                _require_acknowledged(self.receiver.deliver(self.receiver.fresh(event)))
        if not self._context.target.missing(CLIENT_NEEDS):
            _, run = self.client.run()
            if not run.succeeded:
                raise ProbeError(f"the client's workflow fails without a fault: {run.ended}: {run.tail}")

    def good_delivery(self) -> None:
        """Deliver one event, so that good traffic goes on; raises `ProbeError`."""
        if not self._context.target.missing(DELIVERS):
            _require_acknowledged(self.receiver.deliver(self._fresh()))

    @cached_property
    def receiver(self) -> ReceiverUnderTest:
        """The receiver of the target."""
        return receiver_of(self._context)

    @cached_property
    def client(self) -> ClientUnderTest:
        """The client of the target."""
        return client_of(self._context)

    @cached_property
    def _events(self) -> list[Event]:
        return events_of(self._context, self.receiver.format)

    def _delivery(self, once: Callable[[], None], most: int, *needs: str) -> Cause:
        def cause(times: int) -> None:
            try:
                for _ in range(times):
                    once()
            except EventError as exc:
                raise ProbeError(str(exc)) from None

        return _Moment(cause, (*DELIVERS, *needs), most)

    def _calls(self, faults: Sequence[Fault], *, then: Fault | None = None) -> Cause:
        def cause(_times: int) -> None:
            try:
                server, run = self.client.run(faults, then=then)
            except ProcessError as exc:
                raise ProbeError(str(exc)) from None
            if not server.attempts:
                raise ProbeError(f"the client never called the fault server; {run.ended}: {run.tail}")

        return _Moment(cause, CLIENT_NEEDS)

    def _fresh(self) -> Event:
        return self.receiver.fresh(representative(self._events))

    def _refused(self, case_id: str) -> None:
        """Deliver as a row of the receiver's cases describes, which must be refused."""
        case = case_named(case_id)
        assert case is not None
        if reason := case.not_applicable_to(self.receiver.scheme):
            raise ProbeError(reason)
        event = self._fresh()
        answer = self.receiver.send(event, case.build(self.receiver.material(event)))
        if not answer.status or not 400 <= answer.status < 500:
            raise ProbeError(f"the receiver answered {answer.seen}")

    def _duplicate(self) -> None:
        event = self._fresh()
        for _ in range(2):
            _require_acknowledged(self.receiver.deliver(event))

    def _fixture(self, key: str) -> None:
        """Deliver the event at ``[receiver] KEY``."""
        assert self._context.config.receiver is not None
        path = self._context.target.root / str(getattr(self._context.config.receiver, key))
        event = self.receiver.format.read(path)
        _require_acknowledged(self.receiver.deliver(self.receiver.fresh(event)))


def _require_acknowledged(delivery: Delivery) -> None:
    if not delivery.acknowledged:
        raise ProbeError(f"a genuine delivery was not acknowledged: {delivery.seen}")
