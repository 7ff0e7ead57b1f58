"""Events that are delivered long after they happened, as those of a receiver that was away."""

from __future__ import annotations

import datetime as dt
import json
import socket
from pathlib import Path

import pytest

from harness.model import Event, Outcome
from harness.model.config import EffectSource, Receiver
from harness.webhooks.drills import DRILLS, DrillContext, play
from harness.webhooks.effect_counts import Counting
from tests.unit.webhooks.conftest import Effects, Request, Serve, Under, event_id, reply

EVENT = Event(
    name="paid",
    type="paid",
    id="evt_0123456789abcdef",
    body=b'{"id":"evt_0123456789abcdef","type":"paid","createdAt":"2026-11-02T09:00:00Z",'
    b'"data":{"invoice":{"id":"inv_0123456789abcdef"}}}',
)
_OLD_S = 300


class Aware:
    """A receiver that knows when events happened, and of which objects."""

    def __init__(self, wrong: str = "") -> None:
        self.effects = Effects()
        self._wrong = wrong
        self._latest = 0.0

    def __call__(self, request: Request, _connection: socket.socket) -> bytes:
        event = json.loads(request.body)
        if self._wrong == "knows its objects" and event["data"]["invoice"]["id"] != "inv_0123456789abcdef":
            return reply(200)
        happened = dt.datetime.fromisoformat(event["createdAt"]).timestamp()
        if self._wrong == "refuses what is old" and dt.datetime.now(dt.UTC).timestamp() - happened > _OLD_S:
            return reply(400)
        if self._wrong == "drops what is older" and happened < self._latest - _OLD_S:
            return reply(200)
        self._latest = max(self._latest, happened)
        self.effects.ids.append(event_id(request))
        return reply(200)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.webhooks.drills.out_of_order.QUIET_S", 0.1)


@pytest.mark.parametrize(
    "wrong, event, outcome, shown",
    [
        ("", EVENT, Outcome.PASS, "HTTP 200, 1 effect; one that is dated now was processed"),
        ("refuses what is old", EVENT, Outcome.FAIL, "HTTP 400, 0 effects; one that is dated now was processed"),
        ("drops what is older", EVENT, Outcome.FAIL, "HTTP 200, 0 effects; one that is dated now was processed"),
        (
            "knows its objects",
            EVENT,
            Outcome.NOT_APPLICABLE,
            "the receiver processes no event about an object that it does not know: cannot be judged",
        ),
        (
            "",
            Event(name="bare", type="x", id="evt_0", body=b'{"id":"evt_0","createdAt":"2026-11-02T09:00:00Z"}'),
            Outcome.NOT_APPLICABLE,
            "bare does not state an id of its object that can be replaced",
        ),
        (
            "",
            Event(name="timeless", type="x", id="evt_0", body=b'{"id":"evt_0","o":{"id":"obj_0123456789abcdef"}}'),
            Outcome.NOT_APPLICABLE,
            "timeless does not state when it happened",
        ),
    ],
    ids=["right", "refuses", "drops", "objects", "bare", "timeless"],
)
def test_an_event_is_processed_long_after_it_happened(
    wrong: str, event: Event, outcome: Outcome, shown: str, serve: Serve, under: Under, tmp_path: Path
) -> None:
    """What was signed now is new, whenever it happened."""
    aware = Aware(wrong)
    url = serve(aware)
    tested = under(url, probe=aware.effects)
    tested._counting = Counting()
    config = Receiver(url=url, effects=EffectSource(url="http://x"))
    on = DrillContext(
        receiver=tested, config=config, event=event, read=lambda _path: event, root=tmp_path, environment={}
    )
    on.shared.prepared = True
    tested.usable = lambda event: (event, "")  # type: ignore[method-assign]
    if wrong == "drops what is older":
        tested.deliver(on.fresh())

    finding = play(next(d for d in DRILLS if d.id == "happened-earlier"), on, reproduce="")

    assert (finding.outcome, finding.item) == (outcome, "webhooks.idempotent"), finding.observed
    assert finding.observed.startswith(shown)
