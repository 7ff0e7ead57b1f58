"""Deliveries that a receiver has at the same time, and what it finds out about one of them."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path

import pytest

from harness.model import Finding, Outcome
from harness.model.config import EffectSource, Receiver
from harness.webhooks.case_runner import ReceiverUnderTest
from harness.webhooks.drills import DRILLS, DrillContext, play
from harness.webhooks.drills.shared import SharedDeliveries
from harness.webhooks.drills.side_by_side import PAIRS
from harness.webhooks.effect_counts import Counting
from tests.unit.webhooks.conftest import EVENT, Effects, Request, Serve, Under, event_id, reply

MEANWHILE_S = 0.05
BUSY = 8
PATIENCE_S = 30
BEFORE_THE_LOAD = 1 + 2 * sum(PAIRS[:-1])


class Verifying:
    """A receiver that keeps what it finds out with the request, or in a variable of its own."""

    def __init__(self, kept: str = "with the request") -> None:
        self.effects = Effects()
        self._kept = kept
        self._genuine = False
        self._event = ""
        self._arrived = self._in_flight = 0
        self._turn = threading.Lock()
        self._busy = threading.Event()

    def __call__(self, request: Request, _connection: socket.socket) -> bytes:
        with self._turn:
            self._arrived += 1
            self._in_flight += 1
            if self._in_flight > BUSY:
                self._busy.set()
            loaded = BEFORE_THE_LOAD < self._arrived <= 1 + 2 * sum(PAIRS)
            genuine = self._genuine = request.genuine
            event = self._event = event_id(request)
        if loaded:
            self._busy.wait(PATIENCE_S)  # a busy machine brings them one by one
        time.sleep(MEANWHILE_S)
        with self._turn:
            if self._kept == "its verdict":
                genuine = self._genuine
            if self._kept == "its event":
                event = self._event
            if self._kept == "nothing under load" and self._in_flight > BUSY:
                genuine = True
            self._in_flight -= 1
            if genuine:
                self.effects.ids.append(event)
        return reply(200 if genuine else 400)


class Trusting(Verifying):
    """A receiver that acknowledges everything, and processes everything, or what is genuine alone."""

    def __call__(self, request: Request, _connection: socket.socket) -> bytes:
        if request.genuine or self._kept != "ignoring":
            self.effects.ids.append(event_id(request))
        return reply(200)


class Recognising(Verifying):
    """A receiver that acknowledges what has a known id, before it verifies anything or after."""

    def __call__(self, request: Request, _connection: socket.socket) -> bytes:
        known = self.effects.effects(event_id(request))
        if not (request.genuine or (known and self._kept == "ids first")):
            broken = 500 if self._kept == "breaking" else 401
            return reply(429 if known and self._kept == "a limit" else broken)
        if not known:
            self.effects.ids.append(event_id(request))
        return reply(200)


class Locking(Verifying):
    """A receiver that refuses everything after so many forgeries."""

    def __init__(self, status: int, after: int) -> None:
        super().__init__()
        self._status, self._after = status, after
        self.refused = 0

    def __call__(self, request: Request, _connection: socket.socket) -> bytes:
        self.refused += not request.genuine
        if self.refused > self._after:
            return reply(self._status)
        if request.genuine:
            self.effects.ids.append(event_id(request))
        return reply(200 if request.genuine else 401)


@pytest.mark.parametrize(
    "status, after, before, outcome, shown",
    [
        (403, 1000, 9, Outcome.PASS, "a genuine delivery after 20 forgeries: HTTP 200"),
        (403, 10, 0, Outcome.FAIL, "a genuine delivery after 20 forgeries: HTTP 403"),
        (403, 5, 9, Outcome.FAIL, "earlier deliveries were acknowledged; a genuine one after forgeries: HTTP 403"),
        (500, 5, 9, Outcome.FAIL, "earlier deliveries were acknowledged; a genuine one after forgeries: HTTP 500"),
        (429, 10, 0, Outcome.ERROR, "HTTP 429: the receiver's rate limit answered"),
    ],
    ids=["never", "meanwhile", "before", "broken", "limit"],
)
def test_forgeries_lock_nobody_out(
    status: int, after: int, before: int, outcome: Outcome, shown: str, serve: Serve, under: Under, tmp_path: Path
) -> None:
    """Whether forgeries come before the drill or in it, the genuine delivery that follows is acknowledged."""
    receiver = Locking(status, after)
    tested = under(serve(receiver), probe=receiver.effects)
    tested.usable(EVENT)
    for _ in range(before):
        tested.send(EVENT, tested.forged(EVENT))
        tested.alive = False
    finding = played("locked-out", tested, tmp_path, prepared=True)

    assert (finding.outcome, finding.item) == (outcome, "webhooks.robust"), finding.observed
    assert finding.observed.startswith(shown)


def played(drill_id: str, tested: ReceiverUnderTest, root: Path, *, prepared: bool = False) -> Finding:
    tested._counting = Counting()
    context = DrillContext(
        shared=SharedDeliveries(prepared=prepared),
        receiver=tested,
        config=Receiver(url=tested.wire.url, effects=EffectSource(url="http://x")),
        event=EVENT,
        read=lambda _path: EVENT,
        root=root,
        environment={},
    )
    return play(next(d for d in DRILLS if d.id == drill_id), context, reproduce="")


@pytest.mark.parametrize(
    "receiver, outcome, shown",
    [
        (Recognising(), Outcome.PASS, "a forgery with the id of a processed event: HTTP 401"),
        (Recognising("breaking"), Outcome.PASS, "a forgery with the id of a processed event: HTTP 500"),
        (Recognising("ids first"), Outcome.FAIL, "a forgery with the id of a processed event: HTTP 200"),
        (Recognising("a limit"), Outcome.ERROR, "HTTP 429: the receiver's rate limit answered"),
        (Trusting("ignoring"), Outcome.NOT_APPLICABLE, "a forgery with an id of its own is acknowledged too"),
    ],
    ids=["right", "breaking", "ids-first", "limit", "ignoring"],
)
def test_a_known_id_vouches_for_no_delivery(
    receiver: Verifying, outcome: Outcome, shown: str, serve: Serve, under: Under, tmp_path: Path
) -> None:
    """A forgery is verified although the event with its id is known."""
    finding = played("forged-of-known-event", under(serve(receiver), probe=receiver.effects), tmp_path)

    assert (finding.outcome, finding.item) == (outcome, "webhooks.signatures"), finding.observed
    assert finding.observed.startswith(shown)


@pytest.mark.parametrize(
    "receiver, outcome, shown",
    [
        (Verifying(), Outcome.PASS, "0 of 26 forgeries acknowledged, 0 effects of them; 0 of 26 genuine deliveries re"),
        (Verifying("its verdict"), Outcome.FAIL, " forgeries acknowledged"),
        (Verifying("its event"), Outcome.FAIL, "0 of 26 forgeries acknowledged, "),
        (Verifying("nothing under load"), Outcome.FAIL, " of 26 forgeries acknowledged"),
        (
            Trusting(),
            Outcome.NOT_APPLICABLE,
            "a forgery by itself is processed too, which other checks judge: HTTP 200",
        ),
        (Trusting("ignoring"), Outcome.PASS, "26 of 26 forgeries acknowledged, 0 effects of them; 0 of 26 genuine"),
    ],
    ids=["own", "shared-verdict", "shared-event", "under-load", "trusting", "ignoring"],
)
def test_a_delivery_decides_nothing_about_others(
    receiver: Verifying, outcome: Outcome, shown: str, serve: Serve, under: Under, tmp_path: Path
) -> None:
    """A forgery stays one beside genuine deliveries, and a genuine delivery is none beside forgeries."""
    finding = played("forged-beside-genuine", under(serve(receiver), probe=receiver.effects), tmp_path)

    assert (finding.outcome, finding.item) == (outcome, "webhooks.signatures"), finding.observed
    assert shown in finding.observed
