"""Events made from a document: valid and invalid as its schemas say, delivered, and judged by the answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from harness.contract.events import EventSchemas
from harness.contract.generated_events import GeneratedEvent, generate_events, judge_invalid, judge_valid
from harness.contract.spec import Spec
from harness.model import Delivery, Outcome

DONE = {
    "type": "object",
    "required": ["id", "type", "data"],
    "properties": {
        "id": {"type": "string", "minLength": 1},
        "type": {"const": "run.done"},
        "data": {"type": "object", "required": ["run"], "properties": {"run": {"type": "integer"}}},
    },
}
DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "x", "version": "1"},
    "paths": {},
    "webhooks": {
        "run.done": {
            "post": {
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Done"}}}}
            }
        },
        "silent": {"post": {"responses": {}}},
    },
    "components": {"schemas": {"Done": DONE}},
}
SPEC = Spec(DOCUMENT, "x.yaml")


def answer(status: int | None) -> Callable[[GeneratedEvent], Delivery]:
    return lambda _: Delivery(event="", event_id="", url="", status=status, seconds=0, error="ReadError")


@pytest.mark.parametrize("key", ["webhooks", "x-webhooks"])
@pytest.mark.parametrize("valid", [True, False])
def test_events_are_as_valid_as_they_say(key: str, valid: bool) -> None:  # noqa: FBT001
    """What is generated as valid conforms to the webhook's schema, what is invalid does not; a seed repeats it."""
    spec = Spec({**{k: v for k, v in DOCUMENT.items() if k != "webhooks"}, key: DOCUMENT["webhooks"]}, "x.yaml")
    made = generate_events(spec, random_seed=7, valid=valid)
    schemas = EventSchemas(spec)

    assert made
    assert {e.webhook for e in made} == {"run.done"}
    assert all(schemas.fits("run.done", e.document) is valid for e in made)
    assert made == generate_events(spec, random_seed=7, valid=valid)


def test_each_field_of_an_event_is_taken_away_once() -> None:
    """Whatever chance makes, there is an event without each of its required fields, and one with null there."""
    made = [e.document for e in generate_events(SPEC, random_seed=7, valid=False)]

    for key in DONE["required"]:
        assert [d for d in made if isinstance(d, dict) and key not in d and len(d) >= 2]
        assert [d for d in made if isinstance(d, dict) and key in d and d[key] is None]
    assert [d for d in made if isinstance(d, dict) and d.get("data") == {}]


def test_an_event_gets_a_fresh_id_where_it_can_have_one() -> None:
    """The id stands where the receiver looks for it; an event without a text for it keeps what it has."""
    plain = GeneratedEvent(webhook="run.done", document={"id": "x", "meta": {"id": "y"}}, valid=True)
    odd = GeneratedEvent(webhook="run.done", document={"id": 7}, valid=False)
    several = GeneratedEvent(webhook="pull-request-opened", document={"action": "opened"}, valid=True)

    assert json.loads(plain.event(id_key="id", type_header="", new_id="n").body)["id"] == "n"
    assert json.loads(plain.event(id_key="meta.id", type_header="", new_id="n").body)["meta"] == {"id": "n"}
    assert odd.event(id_key="id", type_header="", new_id="n").body == b'{"id": 7}'
    assert ("x-type", "pull_request") in several.event(id_key="", type_header="x-type", new_id="n").headers


@pytest.mark.parametrize(
    "status, valid, outcome",
    [
        (200, True, Outcome.PASS),
        (422, True, Outcome.FAIL),
        (None, True, Outcome.FAIL),
        (200, False, Outcome.PASS),
        (400, False, Outcome.PASS),
        (500, False, Outcome.FAIL),
        (302, False, Outcome.PASS),
        (None, False, Outcome.FAIL),
    ],
)
def test_the_answer_decides(status: int | None, valid: bool, outcome: Outcome) -> None:  # noqa: FBT001
    """A valid event must be acknowledged; an invalid one must get an answer, and none of 5xx."""
    events = generate_events(SPEC, random_seed=7, valid=valid)
    (found,) = (judge_valid if valid else judge_invalid)(events, answer(status))

    assert found.outcome is outcome
    if outcome is Outcome.FAIL:
        assert "generated events of run.done are" in found.summary
        assert "run.done" in found.observed or not valid
        assert found.observed.startswith(f"HTTP {status}" if status else "no answer: ReadError")


def test_without_webhooks_there_is_nothing_to_judge() -> None:
    """A document that describes no webhook makes the checks not applicable, never passed."""
    (found,) = judge_valid([], answer(200))

    assert found.outcome is Outcome.NOT_APPLICABLE
