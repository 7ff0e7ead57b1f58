"""Drills of what a receiver knows an event by, how long it remembers it, and what it can be held up by."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from harness.model import Event, Finding, Level, Outcome
from harness.model.config import DeadLetters, Duration, EffectSource, Receiver
from harness.webhooks.drills import CRASHES, DRILLS, DrillContext, load, other_ids, play
from harness.webhooks.effect_counts import Counting
from tests.unit.webhooks.conftest import EVENT, Effects, Listen, Request, Serve, Under, event_id, read_request, reply

MIXED = msgspec.structs.replace(
    EVENT, id="evt_1MtHbELkdIwHu7", body=b'{"id":"evt_1MtHbELkdIwHu7","type":"run.started"}'
)
POISON = Event(name="poison", type="x", id="evt_p", body=b'{"id": "evt_p", "type": "poison"}')


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (load, other_ids):
        monkeypatch.setattr(module, "QUIET_S", 0.1)
    monkeypatch.setattr(load, "BURST_SETTLES_S", 0.3)


def stamp_of(request: Request) -> int:
    return int((request.headers["x-product-signature"] or "").partition(",")[0].removeprefix("t="))


KEYS: dict[str, Callable[[Request], str]] = {
    "the id": event_id,
    "the id without its end": lambda request: event_id(request)[:-1],
    "the end of the id": lambda request: event_id(request)[-8:],
    "the id in small letters": lambda request: event_id(request).lower(),
    "id and time of signing": lambda request: f"{event_id(request)} {stamp_of(request)}",
}


class Remembering:
    """A receiver that acts once for each key, as long as it remembers that."""

    def __init__(self, key: str = "the id", *, most: int = 10_000, one_letter: bool = False) -> None:
        self.effects = Effects()
        self.letters: dict[str, dict[str, Any]] = {}
        self._key = KEYS[key]
        self._known: list[str] = []
        self._most = most
        self._one_letter = one_letter
        self._turn = threading.Lock()

    def __call__(self, request: Request, _connection: socket.socket) -> bytes:
        if not request.genuine:
            return reply(400)
        with self._turn:
            if b"poison" in request.body:
                self.letters = {} if self._one_letter else self.letters
                self.letters[event_id(request)] = {"reason": "poison", "attempts": 1, "body": request.body.decode()}
            elif self._key(request) not in self._known[-self._most :]:
                self._known.append(self._key(request))
                self.effects.ids.append(event_id(request))
        return reply(200)


Stage = Callable[[Remembering], DrillContext]


@pytest.fixture
def stage(serve: Serve, under: Under, tmp_path: Path) -> Stage:
    def build(receiver: Remembering) -> DrillContext:
        url = serve(receiver)
        tested = under(url, probe=receiver.effects)
        tested._counting = Counting()
        return DrillContext(
            receiver=tested,
            config=Receiver(
                url=url,
                effects=EffectSource(url="http://x"),
                unprocessable="poison.json",
                dead_letters=DeadLetters(url="http://x", within=Duration(0.3)),
            ),
            event=MIXED,
            read=lambda _path: POISON,
            dead_letter_of=lambda name: receiver.letters.get(name),  # noqa: PLW0108 - another dictionary later
            root=tmp_path,
            environment={},
        )

    return build


def played(drill_id: str, on: DrillContext) -> Finding:
    return play(next(d for d in (*DRILLS, *CRASHES) if d.id == drill_id), on, reproduce="")


@pytest.mark.parametrize(
    "drill_id", ["similar-ids", "duplicates", "duplicates-after-others", "dead-letter-of-each", "beside-unfinished"]
)
def test_a_receiver_that_knows_whole_ids_for_long_passes(drill_id: str, stage: Stage) -> None:
    """One effect for each id, however often and late it comes, and one dead letter for each that fails."""
    finding = played(drill_id, stage(Remembering()))

    assert finding.outcome is Outcome.PASS, finding.observed


@pytest.mark.parametrize(
    "key, lost",
    [
        ("the id without its end", "the last character"),
        ("the end of the id", "the first character that varies"),
        ("the id in small letters", "the case of a letter"),
    ],
)
def test_ids_that_are_not_compared_whole_make_two_events_one(key: str, lost: str, stage: Stage) -> None:
    """The finding names in what the ids of the lost event differ."""
    finding = played("similar-ids", stage(Remembering(key)))

    assert (finding.outcome, finding.level) == (Outcome.FAIL, Level.MUST)
    assert finding.observed.endswith(f": {lost} without an effect")


def test_a_delivery_that_is_signed_later_is_the_same_event(stage: Stage) -> None:
    """A sender that tries again signs anew, with another time."""
    finding = played("duplicates", stage(Remembering("id and time of signing")))

    assert finding.outcome is Outcome.FAIL
    assert finding.observed == "3 acknowledged, 3 effects"


def test_ids_that_are_forgotten_make_one_event_two(stage: Stage) -> None:
    """A memory of fewer events than a burst has does not last until a sender tries again."""
    finding = played("duplicates-after-others", stage(Remembering(most=100)))

    assert finding.outcome is Outcome.FAIL
    assert finding.observed == "delivered before and after 200 other events: 2 effects"
    assert finding.cause == "The receiver processes an event again when it is delivered again"


def test_a_dead_letter_that_replaces_another_is_found(stage: Stage) -> None:
    """The finding tells which one is gone."""
    finding = played("dead-letter-of-each", stage(Remembering(one_letter=True)))

    assert finding.outcome is Outcome.FAIL
    assert finding.observed.startswith("of two dead letters, the first one is not there and the second one is there")


def test_a_sender_that_stops_holds_up_a_receiver_that_serves_one_at_a_time(
    listen: Listen, under: Under, stage: Stage
) -> None:
    """Half a request, which needs no signature, is enough; the finding tells how long the other one waited."""
    turn = threading.Lock()

    def one_at_a_time(connection: socket.socket) -> None:
        with turn:
            if read_request(connection):
                connection.sendall(reply(200))

    on = stage(Remembering())
    on.receiver = under(listen(one_at_a_time), timeout_s=0.5)
    on.receiver._counting = Counting()
    finding = played("beside-unfinished", on)

    assert (finding.outcome, finding.level) == (Outcome.FAIL, Level.SHOULD)
    assert re.fullmatch(r"no answer: no whole answer within 0\.5 s after \d+\.\d s", finding.observed)


class Zoned:
    """A process that may read timestamps in its local time."""

    def __init__(self, *, local: bool, tolerance_s: int = 300) -> None:
        self.env: dict[str, str | None] = {}
        self.effects = Effects()
        self._local = local
        self._tolerance_s = tolerance_s

    def start(self) -> None:
        """Start, with whatever environment there is."""

    stop = start

    def __call__(self, request: Request, _connection: socket.socket) -> bytes:
        offset = 19_800 if self._local and self.env.get("TZ") == "Asia/Kolkata" else 0
        if not request.genuine or abs(time.time() - offset - stamp_of(request)) > self._tolerance_s:
            return reply(400)
        self.effects.ids.append(event_id(request))
        return reply(200)


@pytest.mark.parametrize("local, outcome", [(False, Outcome.PASS), (True, Outcome.FAIL)])
def test_the_time_zone_of_a_receiver_does_not_matter(
    *, local: bool, outcome: Outcome, serve: Serve, under: Under, stage: Stage
) -> None:
    """It is started in another one, and afterwards in its own again."""
    zoned = Zoned(local=local)
    on = stage(Remembering())
    on.receiver = under(serve(zoned), probe=zoned.effects)
    on.receiver._counting = Counting()
    on.process = zoned  # type: ignore[assignment]  # as much as drills use
    finding = played("other-time-zone", on)

    assert (finding.outcome, finding.level) == (outcome, Level.MUST)
    assert finding.observed.startswith("started with TZ=Asia/Kolkata; signed too long ago: HTTP 400, now: HTTP ")
    assert zoned.env == {}


def test_a_receiver_that_takes_old_deliveries_anyway_shows_nothing_about_time_zones(
    serve: Serve, under: Under, stage: Stage
) -> None:
    """That it takes them is one finding of the cases; it is not started in another zone."""
    zoned = Zoned(local=False, tolerance_s=100_000)
    on = stage(Remembering())
    on.receiver = under(serve(zoned), probe=zoned.effects)
    on.receiver._counting = Counting()
    finding = played("other-time-zone", on)

    assert finding.outcome is Outcome.NOT_APPLICABLE
    judged = "one as old is processed in its own zone too, which other checks judge: HTTP 200, 1 effect"
    assert finding.observed == judged
