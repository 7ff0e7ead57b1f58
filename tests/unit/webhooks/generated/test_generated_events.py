"""Events made from a document: valid and invalid as its schemas say, for each of its webhooks."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from harness.openapi.event_schemas import EventSchemas
from harness.openapi.spec_document import Spec
from harness.webhooks.events import EventFormat
from harness.webhooks.generated import generated_events
from harness.webhooks.generated.generated_events import GeneratedEvent, generate_events
from harness.webhooks.schemes import scheme_named

HMAC = EventFormat(scheme=scheme_named("hmac"))

DONE: dict[str, Any] = {
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


@pytest.mark.parametrize("key", ["webhooks", "x-webhooks"])
def test_events_are_as_valid_as_they_say(key: str) -> None:
    """What is generated as valid conforms to the webhook's schema, what is invalid does not; a seed repeats it."""
    spec = Spec({**{k: v for k, v in DOCUMENT.items() if k != "webhooks"}, key: DOCUMENT["webhooks"]}, "x.yaml")
    made = generate_events(spec, random_seed=7, event_format=HMAC)
    schemas = EventSchemas(spec)

    assert made.bounds == ""
    for events, valid in ((made.valid, True), (made.invalid, False)):
        assert {e.webhook for e in events} == {"run.done"}
        assert all(e.valid is schemas.fits("run.done", e.document) is valid for e in events)
    assert made == generate_events(spec, random_seed=7, event_format=HMAC)


def test_each_field_of_an_event_is_taken_away_once() -> None:
    """Whatever chance makes, there is an event without each of its required fields, and one with null there."""
    made = [e.document for e in generate_events(SPEC, random_seed=7, event_format=HMAC).invalid]

    for key in DONE["required"]:
        assert [d for d in made if isinstance(d, dict) and key not in d and len(d) >= 2]
        assert [d for d in made if isinstance(d, dict) and key in d and d[key] is None]
    assert [d for d in made if isinstance(d, dict) and d.get("data") == {}]


def test_an_event_gets_a_fresh_id_where_it_can_have_one() -> None:
    """The id stands where the receiver looks for it; an event without a text for it keeps what it has."""
    plain = GeneratedEvent(webhook="run.done", document={"id": "x", "meta": {"id": "y"}}, valid=True)
    odd = GeneratedEvent(webhook="run.done", document={"id": True}, valid=False)
    number = GeneratedEvent(webhook="run.done", document={"id": 7}, valid=True)
    several = GeneratedEvent(webhook="pull-request-opened", document={"action": "opened"}, valid=True)

    meta = EventFormat(scheme=scheme_named("hmac"), id_key="meta.id")
    github = EventFormat(scheme=scheme_named("github"))

    assert json.loads(plain.event(HMAC, "n").body)["id"] == "n"
    assert json.loads(plain.event(meta, "n").body)["meta"] == {"id": "n"}
    assert odd.event(HMAC, "n").body == b'{"id": true}'
    assert [e.event(HMAC, "n").id for e in (plain, odd)] == ["n", ""]
    assert isinstance(json.loads(number.event(HMAC, "n").body)["id"], int)
    assert odd.event(github, "n").id == "n", "the header of a scheme can always hold it"
    assert ("x-github-event", "pull_request") in several.event(github, "n").headers


def test_an_event_whose_id_is_what_is_wrong_keeps_it() -> None:
    """A fresh id would mend it; likewise a valid event whose schema allows no id of ours keeps the one it has."""
    ids: dict[str, Any] = {"wrong": {"minLength": 30}, "right": {"minLength": 1}, "long": {"maxLength": 30}}
    hooks = {}
    for name, bound in ids.items():
        schema: dict[str, Any] = {**DONE, "properties": {**DONE["properties"], "id": {"type": "string", **bound}}}
        hooks[name] = {"post": {"requestBody": {"content": {"application/json": {"schema": schema}}}}}
    spec = Spec({**DOCUMENT, "webhooks": hooks}, "x")
    made, schemas = generate_events(spec, random_seed=7, event_format=HMAC), EventSchemas(spec)

    assert {e.webhook for e in made.valid if e.keeps_id} == {"wrong"}
    for each in (*made.valid, *made.invalid):
        sent = json.loads(each.event(HMAC, "evt_0badf00d_7_7").body)
        assert schemas.fits(each.webhook, sent) is each.valid


def many(number: int) -> Spec:
    return Spec({**DOCUMENT, "webhooks": {f"run.{n}": DOCUMENT["webhooks"]["run.done"] for n in range(number)}}, "x")


def test_many_webhooks_each_get_a_fair_share(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one document may cost is shared by all of its webhooks, and told."""
    monkeypatch.setattr(generated_events, "BODIES", 40)
    monkeypatch.setattr(generated_events, "SPOILT_IN_ALL", 30)
    made = generate_events(many(10), random_seed=7, event_format=HMAC)

    assert {e.webhook for e in made.valid} == {e.webhook for e in made.invalid} == {f"run.{n}" for n in range(10)}
    assert made.bounds == "at most 1 valid and 6 invalid events for each webhook"
    assert max(Counter(e.webhook for e in made.invalid).values()) == 6


def test_what_is_beyond_the_bound_is_told_and_spread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not the first webhooks of a document are tried, but some from all of it."""
    monkeypatch.setattr(generated_events, "MAX_WEBHOOKS", 3)
    made = generate_events(many(9), random_seed=7, event_format=HMAC)

    assert {e.webhook for e in made.valid} == {"run.0", "run.3", "run.6"}
    assert made.bounds == "only 3 of 9 webhooks, spread over the document"


def test_a_webhook_that_nothing_can_be_made_for_is_told() -> None:
    """A schema that allows nothing has no valid event, and that is no silence."""
    nothing = {"post": {"requestBody": {"content": {"application/json": {"schema": {"allOf": [False]}}}}}}
    spec = Spec({**DOCUMENT, "webhooks": {**DOCUMENT["webhooks"], "never": nothing}}, "x")

    assert (
        generate_events(spec, random_seed=7, event_format=HMAC).bounds
        == "no valid event could be generated for 1 of 2 webhooks (never)"
    )
