"""Drills, each against a receiver that is right and one that is wrong in just that."""

from __future__ import annotations

import collections
import contextlib
import json
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from harness.http.wire import Wire
from harness.model import Event, Finding, Outcome
from harness.model.config import DeadLetters, Duration, EffectSource, EventOrder, Receiver
from harness.model.finding import stable_id
from harness.readiness.checklist import shipped
from harness.readiness.one_cause import joined
from harness.webhooks import effects as effects_module
from harness.webhooks.drills import CRASHES, DRILLS, DrillContext, load, play
from harness.webhooks.drills.load import percentile
from tests.unit.webhooks.conftest import EVENT, Effects, Request, Serve, Under, event_id, reply


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(effects_module, "QUIET_S", 0.2)
    monkeypatch.setattr(load, "BURST_SETTLES_S", 0.3)


class Counted(Effects):
    """An effect probe with the time to settle."""

    def settled(self, event_id: str, *, within_s: float) -> int:
        """Return what happened by the end of a short while."""
        time.sleep(0.2 * bool(within_s))
        return self.effects(event_id)


def about_object(event: dict[str, Any]) -> str:
    return str(event.get("data", {}).get("object", {}).get("id", ""))


class Integration:
    """A receiver that verifies and acts once on each id; every way to be wrong is a switch."""

    def __init__(self, *wrong: str) -> None:
        self.wrong = wrong
        self.effects = Counted()
        self.seen: set[str] = set()
        self.signatures: set[str] = set()
        self.dead: dict[str, dict[str, Any]] = {}
        self.answered = 0
        self.known: set[str] = set()
        self._turn = threading.Lock()

    def __call__(self, request: Request, connection: socket.socket) -> bytes:
        if not self._accepts(request):
            return reply(400)
        if {"drops", "busy"} & set(self.wrong):
            with self._turn:
                self.answered += 1
            if self.answered % 10 == 0:
                return reply(200 if "drops" in self.wrong else 503)
        if b"poison" in request.body and "swallows" not in self.wrong:
            self._give_up(request)
        elif "stops when nobody waits" in self.wrong:
            self._act_for(connection, event_id(request))
        else:
            self._act(request)
        return reply(200)

    def _accepts(self, request: Request) -> bool:
        """Whether it takes a delivery for genuine; what it changes for one that it refuses is a mistake."""
        signature, name = request.headers["x-product-signature"], event_id(request)
        if request.genuine or "verifies nothing" in self.wrong:
            self.signatures.add(signature)
            return True
        if "remembers signatures" in self.wrong and signature in self.signatures:
            return True
        if "remembers forgeries" in self.wrong:
            self.seen.add(name)
        if "forgets forged ids" in self.wrong:
            self.seen.discard(name)
        if "keeps forgeries" in self.wrong:
            self.dead[name] = {}
        return False

    def _give_up(self, request: Request) -> None:
        body = b"" if "forgets" in self.wrong else request.body
        reason = "" if "no reason" in self.wrong else "it is poison"
        attempts = 0 if "miscounts" in self.wrong else 3
        if "half done" in self.wrong:
            self.effects.ids.append(event_id(request))
        if "clears" in self.wrong and self.dead.pop(event_id(request), {}):
            return
        self.dead[event_id(request)] = {"status": "dead", "reason": reason, "attempts": attempts, "body": body.decode()}

    def _act(self, request: Request) -> None:
        name = event_id(request)
        if "reads ids from the query" in self.wrong and "?id=" in request.line:
            name = request.line.partition("?id=")[2].partition(" ")[0]
        if "slow" in self.wrong:
            time.sleep(0.2)
        with self._turn:
            if self._is_known(request):
                return
            if name not in self.seen or "twice" in self.wrong:
                self.effects.ids.append(name)
            self.seen.add(name)

    def _act_for(self, connection: socket.socket, name: str) -> None:
        """Act once, unless the sender has hung up meanwhile."""
        if name in self.seen:
            return
        self.seen.add(name)
        time.sleep(0.1)
        connection.settimeout(0.01)
        with contextlib.suppress(TimeoutError):
            if not connection.recv(1):
                return
        self.effects.ids.append(name)

    def _is_known(self, request: Request) -> bool:
        """Whether it takes the event for a duplicate, by its body or by what it says of its object."""
        content = {**json.loads(request.body), "id": ""}
        said = {"same content": json.dumps(content, sort_keys=True), "same object": about_object(content)}
        if "same body" in self.wrong and request.body.decode() not in self.known:
            self.seen.discard(event_id(request))
            self.known.add(request.body.decode())
        known = [text for way, text in said.items() if way in self.wrong]
        found = any(text in self.known for text in known)
        self.known.update(known)
        return found


@pytest.fixture
def stage(serve: Serve, under: Under, tmp_path: Path) -> Callable[[Integration], DrillContext]:
    def build(integration: Integration) -> DrillContext:
        url = serve(integration)
        poison = Event(name="poison", type="x", id="evt_p", body=b'{"id": "evt_p", "type": "poison"}')
        redrive = (sys.executable, "-c", "raise SystemExit(0)")
        letters = DeadLetters(url="http://x", when={"status": "dead"}, within=Duration(0.3), redrive=redrive)
        config = Receiver(
            url=url,
            ack_within=Duration(0.15 if "slow" in integration.wrong else 30),
            effects=EffectSource(url="http://x"),
            dead_letters=letters,
            unprocessable="poison.json",
        )

        def letter(name: str) -> Mapping[str, Any] | None:
            return integration.dead.get(name)

        return DrillContext(
            receiver=under(url, probe=integration.effects),
            config=config,
            event=EVENT,
            read=lambda _path: poison,
            dead_letter_of=letter,
            root=tmp_path,
            environment={},
        )

    return build


def played(drill_id: str, on: DrillContext) -> Finding:
    drill = next(d for d in (*DRILLS, *CRASHES) if d.id == drill_id)
    return play(drill, on, reproduce="")


RIGHT = (
    "processed",
    "duplicates",
    "duplicates-rewritten",
    "exact-replay",
    "duplicates-at-once",
    "same-content-other-id",
    "genuine-after-forged",
    "whole-after-cut",
    "duplicates-after-forged",
    "duplicates-unread",
    "signature-again",
    "ids-stated-twice",
    "burst",
)
LETTERS = (
    "dead-letter",
    "dead-letter-reason",
    "dead-letter-attempts",
    "dead-letter-body",
    "dead-letter-without-effect",
    "dead-letter-delivered-again",
    "dead-letter-of-forgery",
)


@pytest.mark.parametrize("drill_id", [*RIGHT, *LETTERS])
def test_a_right_receiver_passes(drill_id: str, stage: Callable[[Integration], DrillContext]) -> None:
    """Acting once on every id, and keeping what cannot be processed, is all that is asked."""
    finding = played(drill_id, stage(Integration()))

    assert finding.outcome is Outcome.PASS, finding.observed


@pytest.mark.parametrize(
    "drill_id, wrong, seen",
    [
        ("duplicates", "twice", "3 acknowledged, 3 effects"),
        ("duplicates-rewritten", "same body", "2 acknowledged, 3 effects"),
        ("same-content-other-id", "same content", "0 effects; the same with one more member had an effect"),
        ("exact-replay", "twice", "3 acknowledged, 3 effects"),
        ("duplicates-at-once", "twice", "20 acknowledged, 20 effects"),
        ("genuine-after-forged", "remembers forgeries", "forged: HTTP 400; then genuine: HTTP 200, 0 effects"),
        ("duplicates-after-forged", "forgets forged ids", "forged in between: HTTP 400; 2 acknowledged, 2 effects"),
        ("duplicates-unread", "stops when nobody waits", "then again: HTTP 200, 0 effects"),
        ("signature-again", "remembers signatures", "another event under its signature: HTTP 200, 1 effect"),
        ("ids-stated-twice", "reads ids from the query", "in the query: HTTP 200; 1 effect under an id that was not"),
        ("burst", "drops", " of 201 acknowledged events had no effect within 0.3 s"),
        ("burst", "busy", "refused with 503 but without Retry-After"),
        ("ack-latency", "slow", "the limit is 150 ms"),
        (
            "dead-letter",
            "swallows",
            "acknowledged, but no dead letter within 0.3 s; the dead letter query returns nothing",
        ),
        ("dead-letter-reason", "no reason", "the reason is ''"),
        ("dead-letter-attempts", "miscounts", "the number of attempts is 0"),
        ("dead-letter-body", "forgets", "is stored as 0 bytes"),
        ("dead-letter-without-effect", "half done", " is a dead letter, and has 1 effect"),
        ("dead-letter-delivered-again", "clears", "HTTP 200, 0 effects; the dead letter query returns nothing"),
        ("dead-letter-of-forgery", "keeps forgeries", "HTTP 400; stored: {"),
    ],
)
def test_a_wrong_receiver_fails(
    drill_id: str, wrong: str, seen: str, stage: Callable[[Integration], DrillContext]
) -> None:
    """Each mistake is seen by its drill, which tells what came of it and how to mend it."""
    finding = played(drill_id, stage(Integration(wrong)))

    assert finding.outcome is Outcome.FAIL
    assert seen in finding.observed
    assert finding.fix


@pytest.mark.parametrize("drill_id", ["signature-again", "dead-letter-of-forgery"])
def test_a_receiver_that_verifies_nothing_fails_no_drill_of_forgeries(
    drill_id: str, stage: Callable[[Integration], DrillContext]
) -> None:
    """What every forgery shows is one finding of the cases, and none of each drill that forges."""
    finding = played(drill_id, stage(Integration("verifies nothing")))

    assert finding.outcome is Outcome.NOT_APPLICABLE
    judged = "a forgery by itself is processed too, which other checks judge: HTTP 200, 1 effect"
    assert finding.observed == judged


def test_drills_of_a_dead_letter_that_is_missing_have_one_cause(stage: Callable[[Integration], DrillContext]) -> None:
    """A receiver that keeps none is one finding in the report, with the drills that would look at it."""
    on = stage(Integration("swallows"))
    missing = [played(drill_id, on) for drill_id in LETTERS[:-1]]

    assert {f.cause for f in missing} == {"The receiver keeps no dead letter of an event that it cannot process"}
    grouped = joined(missing)
    assert [[m.check for m in f.members] for f in grouped] == [list(LETTERS[:-1])]
    assert "deliveries: dead-letter, dead-letter-reason" in grouped[0].summary


def test_acting_once_on_each_object_is_no_deduplication(stage: Callable[[Integration], DrillContext]) -> None:
    """An integration whose effect depends on the object alone may ignore a second event about it."""
    on = stage(Integration("same object"))
    body = b'{"id": "evt_0", "type": "x", "data": {"object": {"id": "pi_3MtwBwLkdIwHu7ix28a3tqPa"}}}'
    on.event = msgspec.structs.replace(EVENT, body=body)
    finding = played("same-content-other-id", on)

    assert finding.outcome is Outcome.NOT_APPLICABLE
    assert finding.observed.endswith("0 effects, nor with one more member: the effect depends on the object")


def test_a_body_that_can_be_written_in_one_way_alone_is_not_rewritten(
    stage: Callable[[Integration], DrillContext],
) -> None:
    """A body in another format keeps its bytes, and the drill says so."""
    on = stage(Integration())
    on.event = msgspec.structs.replace(EVENT, body=b'{"id":"evt_0"}')
    finding = played("duplicates-rewritten", on)

    assert (finding.outcome, finding.observed) == (
        Outcome.NOT_APPLICABLE,
        "no other body means the same event as run.started",
    )


def test_drills_that_show_repeated_effects_have_one_cause(stage: Callable[[Integration], DrillContext]) -> None:
    """A receiver that notes no id is one finding in the report; each drill has the id that it has alone."""
    on = stage(Integration("twice"))
    again = [played(drill_id, on) for drill_id in ("duplicates", "exact-replay", "duplicates-rewritten")]
    forged = played("genuine-after-forged", on)

    assert {f.cause for f in again} == {"The receiver processes an event again when it is delivered again"}
    assert [f.id for f in again] == [stable_id(f.check, f"webhooks.idempotent/{f.check}", "") for f in again]
    assert (forged.outcome, forged.cause) == (Outcome.PASS, "")
    grouped = joined(again)
    assert [len(f.members) for f in grouped] == [3]


@pytest.mark.parametrize("drill_id", ["duplicates", "genuine-after-forged", "burst"])
@pytest.mark.parametrize("number", ["4711", "1.5e15", "18446744073709551615"])
def test_an_id_may_be_a_number(number: str, drill_id: str, stage: Callable[[Integration], DrillContext]) -> None:
    """A receiver that acts once on each is right, however JSON writes it, and one that acts again is found."""
    body = f'{{"id": {number}, "type": "run.started", "data": {{"id": {number}}}}}'.encode()
    found = {}
    for wrong in ("", "twice"):
        on = stage(Integration(wrong))
        on.event = msgspec.structs.replace(EVENT, id=str(json.loads(number)), body=body)
        found[wrong] = played(drill_id, on).outcome

    assert found[""] is Outcome.PASS
    assert found["twice"] is (Outcome.FAIL if drill_id == "duplicates" else Outcome.PASS)


class Ordered(Integration):
    """Knows the state of each object: by the latest event, or by the last that came."""

    def __init__(self, *wrong: str) -> None:
        super().__init__(*wrong)
        self.states: dict[str, int] = {}

    def __call__(self, request: Request, connection: socket.socket) -> bytes:
        answer = super().__call__(request, connection)
        event = json.loads(request.body)
        name = str(event.get("order", ""))
        last = 0 if "last wins" in self.wrong else self.states.get(name, 0)
        self.states[name] = max(last, event.get("step", 0))
        return answer


@pytest.mark.parametrize("order", ["123456789", '"ord_123456789"', '"ord\\u005f123456789"', "9007199254740993"])
@pytest.mark.parametrize("wrong, outcome", [("", Outcome.PASS), ("last wins", Outcome.FAIL)])
def test_the_object_of_two_events_may_have_any_id(
    order: str, wrong: str, outcome: Outcome, stage: Callable[[Integration], DrillContext]
) -> None:
    """A number, text, and text with escapes; the state is asked for by the new id."""
    integration = Ordered(wrong)
    on = stage(integration)
    state = EffectSource(url="http://x")
    on.config = msgspec.structs.replace(
        on.config, order=EventOrder(earlier="1", later="2", object="order", state=state)
    )
    on.read = lambda path: msgspec.structs.replace(
        EVENT, body=f'{{"id": "evt_0", "type": "x", "step": {path}, "order": {order}}}'.encode()
    )
    on.state_of = lambda name: {"step": integration.states[name]} if name in integration.states else None

    finding = played("out-of-order", on)

    assert finding.outcome is outcome, finding.observed
    assert "'step': 2" in finding.observed


@pytest.mark.parametrize("body", ["\ud800", os.fsdecode(b"\xff"), "a\0", ""], ids=["half", "byte", "nul", "empty"])
def test_a_dead_letter_may_hold_any_text(body: str, stage: Callable[[Integration], DrillContext]) -> None:
    """What JSON carries and UTF-8 does not is another body, not an error."""
    integration = Integration()
    on = stage(integration)
    on.dead_letter_of = lambda name: {**integration.dead[name], "body": body} if name in integration.dead else None

    finding = played("dead-letter-body", on)

    assert finding.outcome is Outcome.FAIL
    assert "is stored as" in finding.observed


def test_a_dead_letter_that_is_not_taken_up_again_fails(
    stage: Callable[[Integration], DrillContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command that exits 0 and does nothing is found out."""
    from harness.webhooks.drills import dead_letters

    monkeypatch.setattr(dead_letters, "_REDRIVEN_S", 0.2)
    finding = played("dead-letter-redriven", stage(Integration()))

    assert finding.outcome is Outcome.FAIL
    assert "was not retried after the redrive command" in finding.observed


@pytest.mark.parametrize(
    "after, effects, seen",
    [
        (None, 0, "lost: it has no effect, and the dead letter query returns nothing"),
        (
            {"status": "new", "attempts": 0},
            0,
            "lost: it has no effect, and the dead letter query returns {'status': 'new'",
        ),
        (None, 1, ""),
        ({"status": "dead", "attempts": 4}, 0, ""),
    ],
    ids=["deleted", "never-ends", "done", "dead-again"],
)
def test_a_retry_ends_with_the_effect_or_with_a_dead_letter(
    after: dict[str, Any] | None,
    effects: int,
    seen: str,
    stage: Callable[[Integration], DrillContext],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its sender saw it acknowledged and sends it no more: what is then in neither place is lost."""
    from harness.webhooks.drills import dead_letters

    integration = Integration()

    def redrive(_context: DrillContext, _words: object, name: str, _key: str) -> None:
        integration.dead.pop(name)
        integration.dead.update({name: after} if after else {})
        integration.effects.ids.extend([name] * effects)

    monkeypatch.setattr(dead_letters, "_REDRIVEN_S", 0.2)
    monkeypatch.setattr(DrillContext, "run", redrive)
    finding = played("dead-letter-redriven", stage(integration))

    assert finding.outcome is (Outcome.FAIL if seen else Outcome.PASS), finding.observed
    assert seen in finding.observed


def test_a_command_that_fails_is_an_error(stage: Callable[[Integration], DrillContext]) -> None:
    """What cannot be done is neither right nor wrong, and the message names the key and the command's last words."""
    on = stage(Integration())
    words = (sys.executable, "-c", "import sys; sys.exit('no such letter')")
    letters = msgspec.structs.replace(on.dead_letters, redrive=words)
    on.config = msgspec.structs.replace(on.config, dead_letters=letters)

    finding = played("dead-letter-redriven", on)

    assert finding.outcome is Outcome.ERROR
    assert finding.observed.startswith("[receiver.dead_letters] redrive: ")
    assert finding.observed.endswith("exited with status 1: no such letter (event fixture poison.json)")


def test_a_receiver_that_takes_nothing_is_an_error(serve: Serve, stage: Callable[[Integration], DrillContext]) -> None:
    """Without honest deliveries no drill means anything."""
    on = stage(Integration())
    on.receiver.wire = Wire(serve(lambda *_: reply(500)), check=lambda *_: None, timeout_s=1)

    finding = played("duplicates", on)

    assert finding.outcome is Outcome.ERROR
    assert "cannot be judged: a genuine delivery got HTTP 500" in finding.observed


def test_a_probe_that_shows_nothing_is_an_error(stage: Callable[[Integration], DrillContext]) -> None:
    """No effect of a duplicate is no proof where nothing has any."""
    on = stage(Integration())
    on.receiver.probe = Counted()  # type: ignore[assignment]  # as much of a probe as is asked

    finding = played("processed", on)

    assert finding.outcome is Outcome.ERROR
    assert finding.observed == (
        "cannot be judged: a genuine delivery was acknowledged and has no effect within 0.1 s: the receiver does "
        "nothing with it, or [receiver] effects does not show it"
    )
    other = played("duplicates", on)
    assert other.outcome is Outcome.NOT_RUN
    assert other.observed.startswith("effects are not known, as webhooks.idempotent/processed finds: a genuine")


def test_a_failed_drill_names_its_fixture(stage: Callable[[Integration], DrillContext]) -> None:
    """A drill that delivers a fixture of its own names that one."""
    on = stage(Integration("swallows"))
    on.event = msgspec.structs.replace(EVENT, file="webhooks/run.started.json")

    assert played("dead-letter", on).observed.endswith(" (event fixture poison.json)")
    on.receiver.probe = Counted()  # type: ignore[assignment]  # as much of a probe as is asked
    on.receiver._counting = None
    assert played("processed", on).observed.endswith(" (event fixture webhooks/run.started.json)")


def test_percentiles_are_by_nearest_rank() -> None:
    """The 99th of a hundred values is the second largest."""
    values = [float(n) for n in range(1, 101)]

    assert (percentile(values, 0.5), percentile(values, 0.99), percentile([3.0], 0.99)) == (50.0, 99.0, 3.0)


def test_ids_are_there_once_and_items_exist() -> None:
    """A drill is found by its id alone, speaks to an item of the checklist, and names keys of harness.toml."""
    drills = (*DRILLS, *CRASHES)

    assert max(collections.Counter(d.id for d in drills).values()) == 1
    assert {d.item for d in drills} <= shipped().ids
    assert all(need.startswith("receiver.") for d in drills for need in d.needs)


class Upserting(Counted):
    """The rows of an integration that keeps one row for each object, with the last event about it."""

    def __init__(self) -> None:
        super().__init__()
        self.last: dict[str, str] = {}

    def effects(self, event_id: str) -> int:
        """Return how many rows have the event."""
        return list(self.last.values()).count(event_id)


@pytest.mark.parametrize("drill_id", RIGHT)
def test_effects_kept_by_object_are_judged_rightly(
    drill_id: str, stage: Callable[[Integration], DrillContext], serve: Serve
) -> None:
    """An integration that writes each event to the row of its object loses nothing."""
    on, rows = stage(Integration()), Upserting()

    def handle(request: Request, _connection: socket.socket) -> bytes:
        if not request.genuine:
            return reply(400)
        body = json.loads(request.body)
        rows.last[about_object(body)] = body["id"]
        return reply(200)

    on.receiver.wire = Wire(serve(handle), check=lambda *_: None, timeout_s=30)
    on.receiver.probe = rows  # type: ignore[assignment]  # as much of a probe as is asked
    about = b'{"id": "evt_0", "type": "paid", "data": {"object": {"id": "pi_3MtwBwLkdIwHu7ix28a3tqPa"}}}'
    on.event = msgspec.structs.replace(EVENT, body=about)

    finding = played(drill_id, on)

    assert finding.outcome is Outcome.PASS, finding.observed


def test_a_probe_that_counts_other_events_is_reported_before_it_is_used(
    stage: Callable[[Integration], DrillContext],
) -> None:
    """Its numbers would read as an event that was processed several times."""
    on = stage(Integration())

    on.receiver.probe.effects = lambda _id: 7  # type: ignore[method-assign, union-attr]  # whatever the event

    finding, other = played("processed", on), played("duplicates", on)

    assert (finding.outcome, other.outcome) == (Outcome.ERROR, Outcome.NOT_RUN)
    assert finding.observed.startswith("cannot be judged: [receiver] effects reports 7 effects for an event that was")
    assert other.observed.startswith("effects are not known, as webhooks.idempotent/processed finds: [receiver]")
