"""Two causes of a crash are two findings, and one cause is one, however many inputs, operations and checks show it."""

from __future__ import annotations

import datetime as dt
from itertools import count
from typing import TYPE_CHECKING, Any

import msgspec

from harness.model import Finding, Item, ItemResult, Level, Outcome, Waiver
from harness.readiness.judged_item import evaluate_item
from harness.readiness.one_cause import cause_id
from tests.unit.conftest import document

if TYPE_CHECKING:
    from tests.unit.conftest import Attacker, Call, Reply, Serve

TODAY = dt.date(2026, 11, 28)
ITEM = Item(id="contract.fuzz", level=Level.MUST, text="t", remediation="r")
NUMBER = {"type": "integer", "minimum": 1, "maximum": 50}
LISTING: dict[str, Any] = {
    "parameters": [
        {"name": name, "in": place, "schema": NUMBER}
        for name, place in (("limit", "query"), ("offset", "query"), ("X-Trace", "header"))
    ],
    "responses": {"200": {"description": "fine"}, "400": {"description": "wrong"}},
}
WRITING: dict[str, Any] = {
    "requestBody": {"content": {"application/json": {"schema": {"type": "object"}}}},
    "responses": {"200": {"description": "fine"}, "400": {"description": "wrong"}},
}


def crashes(attacker: Attacker, serve: Serve, answer: Any, operations: int = 1, of: Any = LISTING) -> list[Finding]:
    method = "post" if of is WRITING else "get"
    described = document({f"/things{n}": {method: of} for n in range(operations)})
    fuzzer = attacker.fuzzer(described, serve(answer))
    found = [f for n in range(operations) for f in fuzzer.fuzz(f"{method.upper()} /things{n}")]
    return [f for f in found if f.outcome is Outcome.FAIL and "Server error" in f.summary]


def judged(findings: list[Finding], *waived: str) -> ItemResult:
    waivers = [Waiver(item=ITEM.id, finding=each, reason="known", owner="Ann", expires=TODAY) for each in waived]
    return evaluate_item(ITEM, findings, missing=(), waivers=waivers, today=TODAY)


def three_causes(call: Call) -> Reply:
    """Crash for three reasons, each in many inputs."""
    query = call.path.partition("?")[2]
    if call.method != "GET":
        return 405, {"allow": "GET"}, None
    if call.headers.get("x-trace", "7") not in map(str, range(51)):
        return 500, {}, {"detail": f"ValueError: invalid header {call.headers['x-trace']!r}"}
    if "limit=50" in query:
        return 500, {}, {"detail": "KeyError: last page"}
    return (500, {}, {"detail": "IndexError: nothing there"}) if "offset=50" in query else (200, {}, None)


def test_three_causes_at_one_operation_are_three_findings(attacker: Attacker, serve: Serve) -> None:
    """An injected header does not hide what the code does wrong; a waiver of the old id covers all of them."""
    found = crashes(attacker, serve, three_causes)

    assert len(found) == 3
    assert len({f.id for f in found}) == 3
    [before] = {f.aliases[0] for f in found}
    assert judged(found).outcome is Outcome.FAIL
    assert len(judged(found, found[0].id).findings) == 3
    assert judged(found, found[0].id).outcome is Outcome.FAIL
    for waived in ([before], [f.id for f in found], [cause_id(f) for f in found]):
        result = judged(found, *waived)
        assert result.outcome is Outcome.WAIVED
        assert "stale" not in result.summary


def test_one_cause_at_many_operations_is_one_finding(attacker: Attacker, serve: Serve) -> None:
    """Whatever of the input the answer repeats."""

    def answer(call: Call) -> Reply:
        text = f"cannot connect to database while serving {call.path.partition('?')[0]} at {dt.datetime.now(dt.UTC)}"
        return 500, {}, {"detail": text}

    found = crashes(attacker, serve, answer, operations=10)

    assert len(found) == 10
    assert [f.operations for f in judged(found).findings] == [tuple(f"GET /things{n}" for n in range(10))]


def test_an_answer_that_says_nothing_is_one_cause(attacker: Attacker, serve: Serve) -> None:
    """It has the id that it always had, and no alias."""
    found = crashes(attacker, serve, lambda _: (500, {}, {"error": "Internal Server Error"}), of=WRITING)

    assert [(f.cause, f.aliases) for f in found] == [("Server error 500 of POST /things0", ())]


def test_answers_that_differ_each_time_are_one_cause(attacker: Attacker, serve: Serve) -> None:
    """What no rule can normalise does not make a finding of each answer."""
    words = count()

    def answer(_: Call) -> Reply:
        word = "".join(chr(ord("a") + int(digit)) for digit in str(next(words)))
        return 500, {}, {"detail": f"failed near {word}"}

    [found] = crashes(attacker, serve, answer)
    assert found.cause == "Server error 500 of GET /things0"


def test_a_crash_that_an_earlier_version_stored_is_tried_under_its_new_id(attacker: Attacker, serve: Serve) -> None:
    """When it occurs again, it gets the id of its own cause, and the former id is dropped."""
    [found] = crashes(attacker, serve, lambda _: (500, {}, {"detail": "KeyError: name"}))
    stored = attacker.found.get(found.id)
    assert stored is not None
    old = msgspec.structs.replace(stored, crash="", aliases=(), shared_cause="")
    attacker.found.drop(stored)
    attacker.found.keep(old)
    [again] = crashes(attacker, serve, lambda _: (500, {}, {"detail": "KeyError: name"}))

    assert (again.id, again.cause) == (found.id, "Server error 500: KeyError: name")
    assert attacker.found.get(old.id) is None
