"""Events against the document's webhooks, by whatever name they go."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.model import Event
from harness.openapi.event_schemas import EventSchemas
from harness.openapi.spec_document import Spec


def webhook(schema: dict[str, Any]) -> dict[str, Any]:
    return {"post": {"requestBody": {"content": {"application/json": {"schema": schema}}}}}


def schemas(key: str = "webhooks") -> EventSchemas:
    document = {
        "openapi": "3.1.0",
        "info": {"title": "x", "version": "1"},
        "paths": {},
        key: {
            "run.done": webhook({"$ref": "#/components/schemas/Done"}),
            "pull-request-opened": webhook({"required": ["number"]}),
        },
        "components": {"schemas": {"Done": {"type": "object", "required": ["id"]}}},
    }
    return EventSchemas(Spec(document, "x.yaml"))


def violations(event_type: str, body: object, key: str = "webhooks") -> list[str]:
    event = Event(name="x", type=event_type, id="", body=json.dumps(body).encode())
    return schemas(key).violations(event)


@pytest.mark.parametrize("key", ["webhooks", "x-webhooks"])
def test_an_event_is_held_against_the_webhook_of_its_type(key: str) -> None:
    """The schema is found through its reference, in either place that documents use."""
    assert violations("run.done", {"id": 1}, key) == []
    assert violations("run.done", {}, key) == ['/: "id" is a required property']


@pytest.mark.parametrize(
    "event_type, media, body, reason",
    [
        ("run.done", "text/xml", b"<a/>", "the body is neither JSON nor a form"),
        ("run.done", "application/octet-stream", b"\xff\x00", "the body is neither JSON nor a form"),
        ("run.done", "application/x-www-form-urlencoded", b"id=1", "the body is a form, whose fields are all text"),
        ("", "application/json", b"{}", "the event names no type, by which the spec's schema could be found"),
        ("", "application/x-www-form-urlencoded", b"payload=%7B%7D", "the event names no type"),
        ("run.done", "application/json", b"{", ""),
        ("run.done", "application/x-www-form-urlencoded", b"payload=%7B%7D", ""),
        ("run.lost", "application/json", b"{}", ""),
        ("run.done", "text/plain", b"{}", ""),
    ],
)
def test_what_no_schema_describes_is_not_held_against_one(
    event_type: str, media: str, body: bytes, reason: str
) -> None:
    """JSON is judged under any name, and within a form; broken JSON, or JSON of an unknown type, is still wrong."""
    event = Event(name="x", type=event_type, id="", body=body, headers=(("content-type", media),))

    assert schemas().unjudged(event).startswith(reason)
    assert bool(schemas().unjudged(event)) is bool(reason)
    assert reason or schemas().violations(event)


def test_type_and_action_together_name_a_webhook() -> None:
    """GitHub's `pull_request` with the action `opened` is the webhook `pull-request-opened`."""
    assert violations("pull_request", {"action": "opened", "number": 1}) == []
    assert violations("pull_request", {"action": "opened"}) == ['/: "number" is a required property']


def test_a_type_that_is_not_described_is_one_violation() -> None:
    """The message names what the document does describe; a body that is no JSON is told too."""
    assert violations("run.lost", {}) == [
        "the spec's webhooks describe no 'run.lost' (they describe: pull-request-opened, run.done)"
    ]
    assert schemas().violations(Event(name="e", type="", id="", body=b"{")) == ["the body is not JSON"]
