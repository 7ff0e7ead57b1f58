"""Crashes whose answers have no text are distinguished by the part of the request that they depend on."""

from __future__ import annotations

import json
from itertools import count
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from harness.contract.caller import broken
from harness.contract.hostile_bodies import HOSTILE_REFUSED
from harness.fuzzing.crash_places import CrashPlaces
from harness.fuzzing.defects import StoredRequest
from harness.fuzzing.reproduction import replay
from harness.fuzzing.request_parts import parts_of, without
from harness.model import Finding, Item, Level, Outcome, Waiver
from harness.model.cause import crash_of, of_group
from harness.openapi.spec_document import Spec
from harness.readiness.judged_item import evaluate_item
from tests.unit.conftest import document
from tests.unit.fuzzing.test_crashes import TODAY

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.conftest import Attacker, Call, Reply, Serve

ITEM = Item(id="contract.fuzz", level=Level.MUST, text="t", remediation="r")
LABEL = "POST /things"
NUMBER = {"type": "integer", "minimum": 1, "maximum": 50}
THING = {"type": "object", "properties": {"name": {"type": "string"}}}
DOCUMENT = document(
    {
        "/things": {
            "post": {
                "parameters": [
                    {"name": "limit", "in": "query", "schema": NUMBER},
                    {"name": "X-Trace", "in": "header", "schema": NUMBER},
                    {"name": "X-Tenant", "in": "header", "required": True, "schema": {"type": "string"}},
                ],
                "requestBody": {"required": True, "content": {"application/json": {"schema": THING}}},
                "responses": {"200": {"description": "fine"}, "400": {"description": "wrong"}},
            }
        }
    }
)
CRASH: Reply = (500, {}, {"error": "Internal Server Error"})
FINE: Reply = (200, {}, None)


def is_wrong_header(call: Call) -> bool:
    return call.headers.get("x-trace", "7") not in map(str, range(51))


def is_wrong_query(call: Call) -> bool:
    return "limit=50" in call.path or "limit=1&" in f"{call.path}&"


def is_wrong_body(call: Call) -> bool:
    try:
        body = json.loads(call.body)
    except ValueError:
        return False
    return not isinstance(body, dict) or not isinstance(body.get("name", ""), str)


CAUSES: dict[str, Callable[[Call], bool]] = {
    "header X-Trace": is_wrong_header,
    "query limit": is_wrong_query,
    "body": is_wrong_body,
}


def crashing(*places: str) -> Callable[[Call], Reply]:
    """Return a provider that crashes, with no text in its answer, where one of these parts is wrong."""

    def answer(call: Call) -> Reply:
        if call.method != "POST":
            return 405, {"allow": "POST"}, None
        return CRASH if any(CAUSES[place](call) for place in places) else FINE

    return answer


def crashes(attacker: Attacker, url: str, **budget: Any) -> list[Finding]:
    found = attacker.fuzzer(DOCUMENT, url, **budget).fuzz(LABEL)
    return [f for f in found if f.outcome is Outcome.FAIL and "Server error" in f.summary]


@pytest.mark.parametrize("place", CAUSES)
def test_one_cause_in_any_part_is_one_finding(attacker: Attacker, serve: Serve, place: str) -> None:
    """However many inputs show it, it is named after the part, and its old id covers it."""
    [found] = crashes(attacker, serve(crashing(place)))

    assert found.cause == f"Server error 500 of {LABEL}, in {place}"
    defect = attacker.found.named(found.aliases[0])
    assert defect is not None
    assert (defect.id, defect.of_all) == (found.id, found.aliases[0])


@pytest.mark.parametrize("left_out", [*CAUSES, ""])
def test_causes_in_several_parts_are_as_many_findings(attacker: Attacker, serve: Serve, left_out: str) -> None:
    """An injected header does not hide what the code does with a body; a waiver of the old id covers all."""
    places = [place for place in CAUSES if place != left_out]
    found = crashes(attacker, serve(crashing(*places)))

    assert {f.cause for f in found} == {f"Server error 500 of {LABEL}, in {place}" for place in places}
    assert len({f.id for f in found}) == len(found) == len(places)
    [old] = {f.aliases[0] for f in found}
    waived = Waiver(item=ITEM.id, finding=old, reason="known", owner="Ann", expires=TODAY)
    assert evaluate_item(ITEM, found, missing=(), waivers=[waived], today=TODAY).outcome is Outcome.WAIVED
    assert len(evaluate_item(ITEM, found, missing=(), waivers=(), today=TODAY).findings) == len(places)


@pytest.mark.parametrize("place", CAUSES)
def test_the_example_of_a_place_is_wrong_there_alone(attacker: Attacker, serve: Serve, place: str) -> None:
    """The smallest request of each finding has no crash without its part."""
    url = serve(crashing(*CAUSES))
    found = crashes(attacker, url)
    defect = next(d for f in found if (d := attacker.found.get(f.id)) is not None and d.place == place)
    operation = Spec(DOCUMENT, "spec").operation(LABEL)
    parts = parts_of(defect.steps[-1], operation, None)

    alone = msgspec.structs.replace(defect, steps=(without(defect.steps[-1], [parts[place]]),))

    assert replay(defect, Spec(DOCUMENT, "spec"), attacker.clients[-1]).occurs
    assert not replay(alone, Spec(DOCUMENT, "spec"), attacker.clients[-1]).occurs


def test_what_crashes_whatever_is_sent_has_no_place(attacker: Attacker, serve: Serve) -> None:
    """It has the id that it always had, and no alias."""
    [found] = crashes(attacker, serve(lambda call: CRASH if call.method == "POST" else (405, {"allow": "POST"}, None)))

    assert (found.cause, found.aliases) == (f"Server error 500 of {LABEL}", ())


@pytest.mark.parametrize("every", [2, 3, 7])
def test_a_crash_that_comes_and_goes_has_no_place(attacker: Attacker, serve: Serve, every: int) -> None:
    """A crash that has nothing to do with the request is attributed to no part of it."""
    calls = count(1)

    def answer(call: Call) -> Reply:
        if call.method != "POST":
            return 405, {"allow": "POST"}, None
        return CRASH if next(calls) % every == 0 else FINE

    found = crashes(attacker, serve(answer))

    assert [f.cause for f in found] == [f"Server error 500 of {LABEL}"]


def test_two_parts_that_must_meet_are_no_place(attacker: Attacker, serve: Serve) -> None:
    """Where leaving out either of two parts ends the crash, neither is named."""

    def answer(call: Call) -> Reply:
        if call.method != "POST":
            return 405, {"allow": "POST"}, None
        return CRASH if "x-trace" in call.headers and "limit" in call.path else FINE

    assert [f.cause for f in crashes(attacker, serve(answer))] == [f"Server error 500 of {LABEL}"]


def test_a_crash_with_a_place_is_replayed_and_tried_first(attacker: Attacker, serve: Serve) -> None:
    """It has the same id in the next run, and is gone once it no longer occurs."""
    broken = True
    both = crashing("body", "header X-Trace")
    url = serve(lambda call: both(call) if broken else crashing()(call))
    first = crashes(attacker, url)

    again = crashes(attacker, url, seconds=0)
    assert {f.id for f in again} == {f.id for f in first}

    broken = False
    assert crashes(attacker, url) == []
    assert not [d for d in attacker.found.all() if d.check == "not_a_server_error"]


def test_few_requests_look_for_places(attacker: Attacker, serve: Serve) -> None:
    """They are a share of those of the operation, and none where its time ran out."""
    fuzzer = attacker.fuzzer(DOCUMENT, serve(crashing(*CAUSES)))
    operation = Spec(DOCUMENT, "spec").operation(LABEL)
    over = CrashPlaces(attacker.clients[-1], requests=120, is_over=lambda: True)
    places = CrashPlaces(attacker.clients[-1], requests=120, is_over=lambda: False)
    fuzzer.fuzz(LABEL)
    [defect] = [d for d in attacker.found.all() if d.place == "body"]
    bare = msgspec.structs.replace(defect, place="", crash="", aliases=())

    assert over.placed(bare, operation) == bare
    assert over.sent == 0
    assert {places.placed(bare, operation).id for _ in range(100)} == {defect.id}
    assert 0 < places.sent <= 30


def test_what_may_not_be_sent_is_not_sent_to_look_for_a_place(attacker: Attacker, serve: Serve) -> None:
    """The guard is asked before each request, and a request with a wrong credential that crashed is not sent again."""

    class Refusing:
        labels = ()
        spares_credentials = False

        def refusal(self, *_: object, **__: object) -> str:
            return "not selected"

        def observe(self, _: object) -> None:
            """Learn nothing."""

    asked: list[Call] = []
    provider = crashing("body")

    def answer(call: Call) -> Reply:
        asked.append(call)
        return provider(call)

    url = serve(answer)
    crashes(attacker, url)
    client, operation = attacker.clients[-1], Spec(DOCUMENT, "spec").operation(LABEL)
    [defect] = [d for d in attacker.found.all() if d.place == "body"]
    bare = msgspec.structs.replace(defect, place="", crash="", aliases=())
    [step] = bare.steps
    unauthenticated = msgspec.structs.replace(bare, steps=(msgspec.structs.replace(step, secret=()),))
    places = CrashPlaces(client, requests=120, is_over=lambda: False)
    asked.clear()

    assert places.placed(unauthenticated, operation) == unauthenticated
    client.guard = Refusing()
    assert places.placed(bare, operation) == bare
    assert asked == []


def test_parts_are_what_the_document_does_not_require() -> None:
    """Undeclared names, which differ in every run, are one part; the credential and what is required are none."""
    step = StoredRequest(
        method="POST",
        path="/things?limit=1&a%5Bb%5D=2&c=3",
        headers=(("x-trace", "1"), ("x-tenant", "t"), ("x-made-up", "2"), ("cookie", "a=b")),
        body=b"{}",
        secret=("authorization",),
    )
    parts = parts_of(step, Spec(DOCUMENT, "spec").operation(LABEL), None)

    assert sorted(parts) == [
        "an undeclared header",
        "an undeclared member of the query",
        "body",
        "cookies",
        "header X-Trace",
        "query limit",
    ]
    least = without(step, parts.values())
    assert (least.path, least.headers, least.body) == ("/things", (("x-tenant", "t"),), None)


def test_checks_that_change_one_part_of_a_call_name_it_in_the_same_words() -> None:
    """What a hostile body shows joins the finding of generated requests, and its former ids cover it."""
    cause = "answers 500 to a hostile body"
    of_all = crash_of(500, LABEL)
    before = broken(LABEL, HOSTILE_REFUSED, cause, "500", shared=of_all)
    found = broken(LABEL, HOSTILE_REFUSED, cause, "500", shared=crash_of(500, LABEL, "body"))

    assert found.cause == f"Server error 500 of {LABEL}, in body"
    assert found.id != before.id
    assert {before.id, of_group(HOSTILE_REFUSED.item, of_all), *before.aliases} <= {*found.aliases}


def test_a_crash_that_an_earlier_version_stored_gets_its_place(attacker: Attacker, serve: Serve) -> None:
    """It is one finding with its new id, and its old entry is dropped."""
    url = serve(crashing("body"))
    [first] = crashes(attacker, url)
    now = attacker.found.get(first.id)
    assert now is not None
    attacker.found.drop(now)
    attacker.found.keep(msgspec.structs.replace(now, place="", crash="", aliases=(), shared_cause=""))

    assert [f.id for f in crashes(attacker, url)] == [first.id]
    assert [d.id for d in attacker.found.all() if d.check == now.check] == [first.id]


def test_no_body_and_a_wrong_body_are_one_place(attacker: Attacker, serve: Serve) -> None:
    """Also where the document does not require the body that the code needs."""
    operation = {**DOCUMENT["paths"]["/things"]["post"]}
    operation["requestBody"] = {**operation["requestBody"], "required": False}
    described = document({"/things": {"post": operation}})

    def answer(call: Call) -> Reply:
        if call.method != "POST":
            return 405, {"allow": "POST"}, None
        return CRASH if call.body in (b"", b"null") else FINE

    found = attacker.fuzzer(described, serve(answer)).fuzz(LABEL)
    assert [f.cause for f in found if "Server error" in f.summary] == [f"Server error 500 of {LABEL}, in body"]
