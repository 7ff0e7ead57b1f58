"""Texts with half of a surrogate pair, wherever they are in a struct, are written out and nothing else changes."""

from __future__ import annotations

import json

import msgspec
import pytest

from harness.core.encodable import encodable, encodable_struct, json_bytes, readable_json


class Nested(msgspec.Struct, frozen=True):
    """A struct with texts in every kind of container."""

    text: str = ""
    by_name: dict[str, float] = {}
    names: frozenset[str] = frozenset()
    inner: tuple[tuple[str, Nested | None], ...] = ()


@pytest.mark.parametrize(
    "text, written",
    [
        ("", ""),
        ("Zoé \N{ROCKET} \x00\x1b", "Zoé \N{ROCKET} \x00\x1b"),
        ("a\ud800b", "a\\ud800b"),
        (b"\xff\xe9.py".decode(errors="surrogateescape"), "\\udcff\\udce9.py"),
        ("\ud83d\ude80", "\\ud83d\\ude80"),
    ],
    ids=["empty", "whole", "high", "undecoded", "two-halves"],
)
def test_half_of_a_pair_is_written_out(text: str, written: str) -> None:
    """It becomes the code that Python shows, and the text can be written to any file."""
    assert encodable(text) == written


@pytest.mark.parametrize(
    "struct",
    [
        Nested(text="\udc80"),
        Nested(by_name={"\ud800": 1.5, "b": 2.0}),
        Nested(names=frozenset({"\udfff"})),
        Nested(inner=(("\ud800", None), ("b", Nested(text="\udcff", by_name={"c": 1.0})))),
        Nested(text="a\0", by_name={"é": 1.0}),
    ],
    ids=["text", "key", "set", "inner", "whole"],
)
def test_a_struct_can_be_sent_and_read_again(struct: Nested) -> None:
    """JSON has no other form for it; a struct without such texts stays the same object."""
    written = encodable_struct(struct)

    assert msgspec.json.decode(json_bytes(struct), type=Nested) == written
    assert repr(written).replace("\\\\", "\\") == repr(struct)
    assert (written is struct) is (struct.text == "a\0")


@pytest.mark.parametrize(
    "document, written",
    [
        ({"é": "\N{ROCKET}"}, '{"é": "\N{ROCKET}"}'),
        (["\ud800", {"\udfff": "a\0"}], '["\\ud800", {"\\udfff": "a\\u0000"}]'),
        ("\\ud800", '"\\\\ud800"'),
    ],
    ids=["letters", "halves", "no-escape"],
)
def test_a_document_is_readable_json_in_utf_8(document: object, written: str) -> None:
    """Letters stay letters, and half of a pair is an escape, as it was in the JSON that it came from."""
    assert readable_json(document) == written.encode()
    assert json.loads(readable_json(document, indent=2)) == document
