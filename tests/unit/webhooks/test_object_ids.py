"""The object of an event, and another of the same kind."""

from __future__ import annotations

import json
import re

import pytest

from harness.model import Event
from harness.webhooks.object_ids import about_another_object, object_keys


def _event(body: object, event_id: str = "evt_1", headers: tuple[tuple[str, str], ...] = ()) -> Event:
    return Event(name="paid", type="x", id=event_id, body=json.dumps(body).encode(), headers=headers)


def test_every_place_of_the_id_changes_together() -> None:
    """Text and headers that contain the id name the new object; the rest stays, byte for byte."""
    old = "pi_3MtwBwLkdIwHu7ix28a3tqPa"
    body = {"id": "evt_1", "data": {"object": {"id": old, "url": f"/v1/{old}/x", "secret": f"{old}_secret_1"}}}
    event = _event({**body, "other": f"{old}9"}, headers=(("x-object", old),))

    new = about_another_object(event, "data.object.id")

    made = json.loads(new.body)["data"]["object"]["id"]
    assert made != old
    assert new.body == re.sub(old.encode() + b"(?!9)", made.encode(), event.body)
    assert new.headers == (("x-object", made),)


def test_the_number_of_an_object_stays_a_number() -> None:
    """The body of a shop names its order by a number, and again in a text."""
    event = _event({"id": 820982911946154508, "gid": "gid://shop/Order/820982911946154508"}, "b54557e4")

    made = json.loads(about_another_object(event, "id").body)

    assert made["id"] != 820982911946154508
    assert made["gid"] == f"gid://shop/Order/{made['id']}"


@pytest.mark.parametrize(
    "body, made",
    [
        (b'{"id": "ord\\u005f12345678", "url": "/o/ord_12345678"}', b'{"id": "n_1", "url": "/o/n_1"}'),
        (b'{"id": "\\u006frd_12345678", "n": 1.0}', b'{"id": "n_1", "n": 1.0}'),
        (b"kind=x&id=ord%5F12345678&note=~", b"kind=x&id=n_1&note=~"),
    ],
)
def test_an_escaped_id_changes_at_its_key(body: bytes, made: bytes) -> None:
    """However the sender writes the id, the event is about another object; every other byte stays."""
    form = (("content-type", "application/x-www-form-urlencoded"),)
    event = Event(name="x", type="x", id="e", body=body, headers=() if body.startswith(b"{") else form)

    assert about_another_object(event, "id", "n_1").body == made


def test_only_ids_that_can_be_replaced_are_keys() -> None:
    """The event's own id, a short one and one that is no id are left out; the configured key comes first."""
    body = {
        "id": "evt_12345678",
        "data": {"id": "ch_1", "object": {"id": "ch_12345678"}, "run": {"id": "run_12345678"}},
    }

    assert object_keys(_event(body, "evt_12345678")) == ("data.object.id", "data.run.id")
    assert object_keys(_event(body, "evt_12345678"), "data.run.id") == ("data.run.id", "data.object.id")
    assert object_keys(_event({"id": "evt_1", "data": {"id": True, "object": {"id": "Ünïcode id"}}})) == ()


def test_a_short_id_is_replaced_where_it_is_the_whole_text() -> None:
    """Elsewhere the same characters are another number or word."""
    event = _event({"run": {"id": "7"}, "amount": 7, "note": "7 of 7", "again": "7"})

    found = json.loads(about_another_object(event, "run.id", "8").body)

    assert found == {"run": {"id": "8"}, "amount": 7, "note": "7 of 7", "again": "8"}
