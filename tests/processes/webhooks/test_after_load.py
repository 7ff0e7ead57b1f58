"""What is judged after a burst: without further deliveries, once nothing of it waits, by a receiver that is there."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness.model import Delivery, Event, Outcome
from harness.model.config import DeadLetters, Duration, EffectSource, Receiver
from harness.webhooks import effects as effects_module
from harness.webhooks.drills import DRILLS, DrillContext, dead_letters, duplicates, load, play, processed
from harness.webhooks.drills.shared import Burst
from harness.webhooks.effects import EffectProbe
from tests.processes.webhooks.test_drills import Integration
from tests.unit.webhooks.conftest import EVENT, Request, Serve, Under

FIRST = (*processed.DRILLS, *dead_letters.DRILLS, *load.DRILLS)
THEN = (*dead_letters.LATER, *duplicates.DRILLS, *load.LATER)


class Counting(Integration):
    """Counts what is delivered to it."""

    deliveries = 0

    def __call__(self, request: Request, connection: socket.socket) -> bytes:
        self.deliveries += 1
        return super().__call__(request, connection)


Stage = Callable[[Integration], DrillContext]


@pytest.fixture
def stage(serve: Serve, under: Under, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """Put an integration under test, with short waits."""
    monkeypatch.setattr(effects_module, "QUIET_S", 0.1)
    monkeypatch.setattr(dead_letters, "_REDRIVEN_S", 0.1)

    def build(integration: Integration) -> DrillContext:
        url = serve(integration)
        poison = Event(name="poison", type="x", id="evt_p", body=b'{"id": "evt_p", "type": "poison"}')
        letters = DeadLetters(url="http://x", within=Duration(0.3), redrive=("true",))
        config = Receiver(
            url=url,
            ack_within=Duration(30),
            effects=EffectSource(url="http://x"),
            dead_letters=letters,
            unprocessable="poison.json",
        )
        return DrillContext(
            receiver=under(url, probe=integration.effects),
            config=config,
            event=EVENT,
            read=lambda _path: poison,
            dead_letter_of=integration.dead.get,
            root=tmp_path,
            environment={},
        )

    return build


def test_what_is_judged_after_a_burst_was_delivered_before(stage: Stage) -> None:
    """A rate limit that the burst has used up is in nobody's way; only the slow events come later."""
    integration = Counting()
    on = stage(integration)
    order = [drill.id for drill in DRILLS]
    assert max(order.index(drill.id) for drill in FIRST) < min(order.index(drill.id) for drill in THEN)

    for drill in FIRST:
        assert play(drill, on, reproduce="").outcome is Outcome.PASS
    deliveries = integration.deliveries
    found = [play(drill, on, reproduce="") for drill in THEN]

    assert integration.deliveries == deliveries
    assert {finding.outcome for finding in found if finding.case != "dead-letter-redriven"} == {Outcome.PASS}


@pytest.mark.parametrize("late, quiet_first", [("", True), ("evt_last", True), ("evt_3", False), ("refused", False)])
def test_late_effects_are_waited_for_from_the_moment_that_nothing_waits(late: str, *, quiet_first: bool) -> None:
    """The event after a burst shows that; where others are not processed by then, the last of them does."""
    asked: list[tuple[str, float]] = []

    def ask(event_id: str) -> dict[str, Any] | None:
        time.sleep(0.01)
        asked.append((event_id, time.monotonic()))
        return {"effects": 1} if event_id != late or [name for name, _ in asked].count(late) > 2 else None

    def event(event_id: str) -> Event:
        return Event(name="e", type="e", id=event_id, body=b"")

    events = [event(f"evt_{number}") for number in range(20)]
    fine = Delivery(event="e", event_id="", url="", status=200, seconds=0)
    burst = Burst(events=events, answers=[fine] * 20, before=event("evt_before"), first=fine, again=fine)
    burst.last = None if late == "refused" else event("evt_last")

    lost = load._lost(SimpleNamespace(probe=EffectProbe(ask, count="effects")), burst)  # type: ignore[arg-type]

    assert lost == []
    assert (burst.waited_until < asked[-1][1]) == quiet_first
    assert all(at < burst.waited_until for at in [at for name, at in asked if name == late][:3])


class Away:
    """The state of a process that has ended, and is started again when somebody waits for that."""

    deaths = 1

    def __init__(self, start: Callable[[], None]) -> None:
        self._start = start

    def revived(self) -> int:
        """Start it."""
        self._start()
        return self.deaths


def test_a_drill_waits_for_a_process_that_is_started_again(stage: Stage) -> None:
    """A receiver that a burst has ended is no reason not to judge what follows."""
    integration = Integration()
    on = stage(integration)
    before = on.receiver.wire

    def start() -> None:
        on.receiver.wire = before

    on.receiver._processes = Away(start)  # type: ignore[assignment]  # as much of it as is asked
    on.receiver.wire = before.at("http://127.0.0.1:9/", timeout_s=before.timeout_s)

    assert play(processed.PROCESSED, on, reproduce="").outcome is Outcome.PASS
