"""What identifies an event is the id that is signed."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.http.client import Network
from harness.http.wire import Wire
from harness.model import Event, Outcome
from harness.model.config import EffectSource, Receiver
from harness.webhooks.case_runner import ReceiverUnderTest
from harness.webhooks.drills import DRILLS, DrillContext, play
from harness.webhooks.effect_counts import Counting
from harness.webhooks.events import EventFormat
from harness.webhooks.schemes import scheme_named
from tests.unit.webhooks.conftest import Effects, Request, Serve, reply

SCHEME = scheme_named("standard-webhooks")
SECRET = SCHEME.new_secret()
EVENT = Event(
    name="paid", type="paid", id="msg_1", headers=(("webhook-id", "msg_1"),), body=b'{"type": "paid", "data": {}}'
)
Ids = Callable[[list[str]], str]


class Reader:
    """A receiver that chooses among several ids, one to verify with and one to know the event by."""

    def __init__(self, verified: Ids, known: Ids) -> None:
        self.effects = Effects()
        self._verified, self._known = verified, known

    def __call__(self, request: Request, _connection: socket.socket) -> bytes:
        ids = request.headers.get_all("webhook-id") or [""]
        stamp = request.headers["webhook-timestamp"]
        right = SCHEME.signature(
            request.body, secret=SECRET, timestamp=int(stamp), event_id=self._verified(ids), url=""
        )
        if right not in request.headers["webhook-signature"]:
            return reply(400)
        if not self.effects.effects(self._known(ids)):
            self.effects.ids.append(self._known(ids))
        return reply(200)


def first(ids: list[str]) -> str:
    return ids[0]


def last(ids: list[str]) -> str:
    return ids[-1]


@pytest.mark.parametrize(
    "verified, known, outcome",
    [
        (first, first, Outcome.PASS),
        (last, last, Outcome.PASS),
        (", ".join, first, Outcome.PASS),
        (first, last, Outcome.FAIL),
        (last, first, Outcome.FAIL),
    ],
)
def test_an_id_that_was_not_signed_has_no_effect(
    verified: Ids, known: Ids, outcome: Outcome, serve: Serve, tmp_path: Path
) -> None:
    """Whichever id a receiver chooses, it knows the event by the one that it verifies."""
    reader = Reader(verified, known)
    url = serve(reader)
    receiver = ReceiverUnderTest(
        Wire(url, check=Network([url]).check, timeout_s=20),
        format=EventFormat(scheme=SCHEME),
        secret=lambda: SECRET,
        probe=reader.effects,  # type: ignore[arg-type]  # as much of a probe as is asked
        settle_s=0.1,
    )
    receiver._counting = Counting()
    config = Receiver(url=url, effects=EffectSource(url="http://x"))
    context = DrillContext(
        receiver=receiver, config=config, event=EVENT, read=lambda _: EVENT, root=tmp_path, environment={}
    )
    finding = play(next(d for d in DRILLS if d.id == "ids-stated-twice"), context, reproduce="")

    assert (finding.outcome, finding.item) == (outcome, "webhooks.signatures"), finding.observed
