"""An event that is delivered again happens now, by the times of its envelope."""

from __future__ import annotations

import json
import re

import pytest

from harness.http.message import Headers
from harness.webhooks.events import EventFormat
from harness.webhooks.schemes import scheme_named

NOW = 1_800_000_000.125
JSON: Headers = (("content-type", "application/json"),)


def moved(body: bytes, scheme: str = "hmac", headers: Headers = JSON, **given: str) -> tuple[bytes, Headers]:
    events = EventFormat(scheme=scheme_named(scheme), **given)
    fresh = events.fresh(events.received(headers, body), "n", at=NOW)
    return fresh.body, fresh.headers


@pytest.mark.parametrize(
    "field, after",
    [
        ('"createdAt":"2026-11-02T09:00:05.000Z"', r'"createdAt":"2027-01-15T08:00:00\.125Z"'),
        ('"time": "2026-11-02T09:00:05Z"', r'"time": "2027-01-15T08:00:00Z"'),
        ('"time": "2026-11-02 09:00:05.123456"', r'"time": "2027-01-15 08:00:00\.125000"'),
        ('"time": "2026-11-02T10:00:05.1234567+01:00"', r'"time": "2027-01-15T09:00:00\.125000\d\+01:00"'),
        ('"time": "2026-11-02T10:00:05-0500"', r'"time": "2027-01-15T03:00:00-0500"'),
        ('"created" : 1680644467', r'"created" : 1800000000'),
        ('"occurred_at": 1680644467123', r'"occurred_at": 1800000000125'),
        ('"event_ts": "1680644467"', r'"event_ts": "1800000000"'),
    ],
)
def test_a_time_keeps_its_form(field: str, after: str) -> None:
    """Unit, fraction, separator and zone stay; every other byte too."""
    body, _ = moved(f'{{ "type": "t", {field}, "n": 1.0 }}\n'.encode())

    assert re.fullmatch(rf'\{{ "type": "t", {after}, "n": 1\.0 \}}\n', body.decode())


def test_the_times_of_the_object_stay() -> None:
    """They are facts about an object that is the same as before, and so is what only looks like a time."""
    document = {
        "id": "evt_1",
        "created": 1680644467,
        "expires_at": 1680648067,
        "birthday": "1990-01-01",
        "never": "9999-12-31T23:59:59Z",
        "account": 1680644467,
        "data": {"created": 1680644000, "at": "2026-11-02T09:00:05Z"},
    }
    body, _ = moved(json.dumps(document).encode())

    assert json.loads(body) == {**document, "id": "n", "created": 1800000000, "expires_at": 1800003600}


def test_times_of_lists_nested_envelopes_and_headers_move_together() -> None:
    """Each event of a list, the level of the id, and headers that the provider dates."""
    listed, _ = moved(b'[{"eventId": 100, "occurredAt": 1680644467123}]', "hubspot")
    nested, _ = moved(b'{"meta": {"id": "a", "at": "2026-11-02T09:00:05Z"}}', id_key="meta.id")
    headers: Headers = (("x-shopify-triggered-at", "2023-03-29T18:00:27.877041743Z"), ("x-shopify-webhook-id", "w"))
    _, dated = moved(b"{}", "shopify", headers)

    assert json.loads(listed)[0]["occurredAt"] == 1800000000125
    assert json.loads(nested) == {"meta": {"id": "n", "at": "2027-01-15T08:00:00Z"}}
    assert re.fullmatch(r"2027-01-15T08:00:00\.125000\d{3}Z", dict(dated)["x-shopify-triggered-at"])


@pytest.mark.parametrize("body", [b"[]", b'{"time": "yesterday"}', b'{"time": "2026-13-40T99:00:00Z"}', b'{"time": 7}'])
def test_a_body_without_a_time_stays(body: bytes) -> None:
    """Nothing is made up."""
    assert moved(body)[0] == body


def test_a_form_stays() -> None:
    """Its fields are not dated."""
    body = b"event_id=a&time=2026-11-02T09%3A00%3A05Z"

    assert moved(body, "slack", (("content-type", "application/x-www-form-urlencoded"),))[0] == body.replace(
        b"=a&", b"=n&"
    )
