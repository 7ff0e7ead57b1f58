from __future__ import annotations

from typing import Any

import pytest

from harness.core.pointers import (
    as_fragment,
    at_key,
    at_pointer,
    key_steps,
    leaves,
    pointer_of,
    resolve,
    steps_of,
    text_at_key,
    with_key,
)

RFC = {"foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "e^f": 3, "g|h": 4, "i\\j": 5, 'k"l': 6, " ": 7, "m~n": 8}


@pytest.mark.parametrize(
    "pointer, fragment, value",
    [
        ("", "#", RFC),
        ("/foo", "#/foo", ["bar", "baz"]),
        ("/foo/0", "#/foo/0", "bar"),
        ("/", "#/", 0),
        ("/a~1b", "#/a~1b", 1),
        ("/c%d", "#/c%25d", 2),
        ("/e^f", "#/e%5Ef", 3),
        ("/g|h", "#/g%7Ch", 4),
        ("/i\\j", "#/i%5Cj", 5),
        ('/k"l', "#/k%22l", 6),
        ("/ ", "#/%20", 7),
        ("/m~0n", "#/m~0n", 8),
    ],
)
def test_pointers_of_the_rfc(pointer: str, fragment: str, value: Any) -> None:
    """Every example of RFC 6901, sections 5 and 6, names what it names there, in both spellings."""
    assert resolve(RFC, pointer) == value
    assert resolve(RFC, fragment) == value
    assert as_fragment(pointer) == fragment
    assert pointer_of(*steps_of(fragment)) == pointer


@pytest.mark.parametrize("pointer", ["/nope", "/foo/2", "/foo/01", "/foo/-", "/foo/²", "/foo/0/x", "other.yaml#/foo"])
def test_a_pointer_to_nothing(pointer: str) -> None:
    """Where nothing stands, one function raises and the other returns None, whatever the step looks like."""
    with pytest.raises(LookupError):
        resolve(RFC, pointer)
    assert at_pointer(RFC, pointer) is None


@pytest.mark.parametrize(
    "document, dotted, value",
    [
        ({"data": {"id": "a"}}, "data.id", "a"),
        ([{"eventId": 7}, {"eventId": 8}], "0.eventId", 7),
        ([{"eventId": 7}, {"eventId": 8}], "1.eventId", 8),
        ({"event.id": "flat", "event": {"id": "nested"}}, "event.id", "flat"),
        ({"a": {"b.c": "partly"}}, "a.b.c", "partly"),
        ({"a.b": {"x": 1}, "a": {"b": {"c": "other way"}}}, "a.b.c", "other way"),
        ({"0": {"id": "a key"}}, "0.id", "a key"),
        ({"items": [[{"id": "deep"}]]}, "items.0.0.id", "deep"),
    ],
)
def test_dotted_keys(document: Any, dotted: str, value: Any) -> None:
    """A dotted key reaches into objects and lists, and a key that holds the dots itself goes first."""
    assert at_key(document, dotted) == value
    assert text_at_key(document, dotted) == str(value)
    assert at_key(with_key(document, dotted, "new"), dotted) == "new"


@pytest.mark.parametrize(
    "document, dotted",
    [({"a": 1}, "b"), ({"a": 1}, ""), ([1], "1"), ([1], "-1"), ("text", "0"), (None, "a"), ({}, ".")],
)
def test_a_dotted_key_to_nothing(document: Any, dotted: str) -> None:
    """Where nothing stands at a dotted key, looking returns nothing, and writing raises."""
    assert at_key(document, dotted) is None
    assert text_at_key(document, dotted) == ""
    with pytest.raises(LookupError):
        key_steps(document, dotted)
    with pytest.raises(LookupError):
        with_key(document, dotted, "new")


def test_only_texts_and_whole_numbers_are_text() -> None:
    """True, null, fractions and objects are nobody's id."""
    document: dict[str, Any] = {"yes": True, "none": None, "half": 0.5, "object": {}, "zero": 0}
    assert [text_at_key(document, key) for key in document] == ["", "", "", "", "0"]


def test_writing_leaves_the_original_alone() -> None:
    """A value is written into a copy: the document that was given stays as it was."""
    document: dict[str, Any] = {"items": [{"id": "a"}, {"id": "b"}]}
    changed = with_key(document, "items.1.id", "c")
    assert changed == {"items": [{"id": "a"}, {"id": "c"}]}
    assert document == {"items": [{"id": "a"}, {"id": "b"}]}


def test_leaves_come_in_the_order_of_the_document() -> None:
    """Each value that is neither object nor list, with its keys and indexes; empty objects and lists have none."""
    document = {"a": [1, {"b": None}, []], "c": {}, "d": "x"}

    assert list(leaves(document)) == [(("a", "0"), 1), (("a", "1", "b"), None), (("d",), "x")]
    assert list(leaves("x")) == [((), "x")]


def test_leaves_are_found_at_any_depth() -> None:
    """A document that Python could parse may nest deeper than its functions may call each other."""
    document: Any = "x"
    for _ in range(3000):
        document = {"a": [document]}

    assert list(leaves(document)) == [(("a", "0") * 3000, "x")]
