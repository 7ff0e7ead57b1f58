"""The object of an event, and another of the same kind."""

from __future__ import annotations

import json
import re

import pytest

from harness.model import Event
from harness.webhooks.object_ids import about_another_object, like, object_keys


def _event(body: object, event_id: str = "evt_1", headers: tuple[tuple[str, str], ...] = ()) -> Event:
    return Event(name="paid", type="x", id=event_id, body=json.dumps(body).encode(), headers=headers)


@pytest.mark.parametrize(
    "old, form",
    [
        ("pi_3MtwBwLkdIwHu7ix28a3tqPa", r"pi_3MtwBwLkdIwH[a-z][0-9][a-z]{2}[0-9]{2}[a-z][0-9][a-z]{2}[A-Z][a-z]"),
        ("cs_test_a1b2c3d4e5", r"cs_test_(?:[a-f][0-9]){5}"),
        ("0b3c9a52-1d7e-4f60-9a53-3c1f0e2d4b5a", r"0b3c9a52-1d7e-4f60-9a53-[0-9a-f]{12}"),
        ("01ARZ3NDEKTSV4RRFFQ69G5FAV", r"01ARZ3NDEKTSV4[A-HJKMNP-TV-Z0-9]{12}"),
        ("820982911946154508", r"820982[0-9]{12}"),
        ("1234567", r"1[0-9]{6}"),
    ],
)
def test_a_new_id_has_the_form_of_the_old(old: str, form: str) -> None:
    """Prefix, length and kinds of characters stay, so that no receiver or schema refuses it."""
    made = {like(old) for _ in range(20)}

    assert len(made) > 10
    assert all(re.fullmatch(form, new) and len(new) == len(old) for new in made)


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


def test_only_ids_that_can_be_replaced_are_keys() -> None:
    """The event's own id, a short one and one that is no id are left out; the configured key comes first."""
    body = {
        "id": "evt_12345678",
        "data": {"id": "ch_1", "object": {"id": "ch_12345678"}, "run": {"id": "run_12345678"}},
    }

    assert object_keys(_event(body, "evt_12345678")) == ("data.object.id", "data.run.id")
    assert object_keys(_event(body, "evt_12345678"), "data.run.id") == ("data.run.id", "data.object.id")
    assert object_keys(_event({"id": "evt_1", "data": {"id": True, "object": {"id": "Ünïcode id"}}})) == ()
