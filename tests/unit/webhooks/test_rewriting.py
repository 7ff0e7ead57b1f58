"""Bodies written in another way, or made to say something else."""

from __future__ import annotations

import json

import pytest

from harness.http.message import Headers
from harness.model import Event
from harness.webhooks.rewriting import LENGTHENED, VARIATIONS, reordered

FORM: Headers = (("content-type", "application/x-www-form-urlencoded"),)


def event(body: bytes, headers: Headers = ()) -> Event:
    return Event(name="paid", type="x", id="evt_0", body=body, headers=headers)


@pytest.mark.parametrize("body", [b'{"id": "evt_0", "n": 18446744073709551616, "m": {}}', b'[{"id": "1", "n": 1.5}]'])
def test_reordered_json_means_the_same(body: bytes) -> None:
    """Only order and white space differ, whatever the numbers."""
    other = reordered(event(body))

    assert other is not None
    assert other.body != body
    assert json.loads(other.body) == json.loads(body)


def test_fields_of_a_form_are_reordered() -> None:
    """Their bytes stay as they are."""
    other = reordered(event(b"a=1&b=%20", FORM))

    assert other is not None
    assert other.body == b"b=%20&a=1"


@pytest.mark.parametrize("body, headers", [(b"<paid/>", (("content-type", "text/xml"),)), (b'{"id":1}', ())])
def test_a_body_without_another_form_has_none(body: bytes, headers: Headers) -> None:
    """XML, and JSON that cannot be written in another order."""
    assert reordered(event(body, headers)) is None


def test_variations_say_something_new_each_time_and_keep_the_rest() -> None:
    """A member outside, members inside, words: each alone, and another one at every call."""
    body = {"id": "evt_0", "data": {"name": "Two words", "at": "2026-11-02 09:00", "tags": {}}}
    made = [vary(event(json.dumps(body).encode())) for vary in VARIATIONS for _ in range(2)]
    documents = [json.loads(each.body) for each in made if each]

    assert len({str(document) for document in documents}) == 6
    assert {document["id"] for document in documents} == {"evt_0"}
    assert "extra" in documents[0]
    assert "extra" in documents[2]["data"]
    assert documents[4]["data"]["name"].startswith("Two words ")
    assert documents[4]["data"]["at"] == "2026-11-02 09:00"


def test_a_form_gets_one_more_field() -> None:
    """Its other fields stay as they are."""
    assert [vary(event(b"a=1", FORM)) is not None for vary in LENGTHENED] == [True, False]
