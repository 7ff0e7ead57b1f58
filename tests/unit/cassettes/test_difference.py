"""Differences between documents: their paths, their grades, and the rules for what changes with every call."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import pytest

from harness.cassettes.play.difference import Volatile, body_differences, differences, shown


class Pair(NamedTuple):
    """Two JSON documents, and the lines that tell how they differ."""

    recorded: Any
    seen: Any
    lines: tuple[str, ...]


PAIRS = {
    "equal": Pair({"a": [1, None, "x"]}, {"a": [1, None, "x"]}, ()),
    "integer-and-float": Pair({"a": 1}, {"a": 1.0}, ()),
    "value": Pair({"a": {"b": "x"}}, {"a": {"b": "y"}}, ('$.a.b: changed value, recorded "x", seen "y"',)),
    "type": Pair([{"n": 1}], [{"n": "1"}], ('$[0].n: changed type, recorded 1, seen "1"',)),
    "bool-is-no-number": Pair({"a": 1}, {"a": True}, ("$.a: changed type, recorded 1, seen true",)),
    "null": Pair({"a": "x"}, {"a": None}, ('$.a: changed type, recorded "x", seen null',)),
    "added": Pair({}, {"a": 1}, ("$.a: added, seen 1",)),
    "removed": Pair({"a": {"b": 1}}, {}, ('$.a: removed, recorded {"b": 1}',)),
    "shorter-list": Pair([1, 2], [1], ("$[1]: removed, recorded 2",)),
    "longer-list": Pair([], [[]], ("$[0]: added, seen []",)),
    "odd-key": Pair({"a b": 1}, {"a b": 2}, ('$["a b"]: changed value, recorded 1, seen 2',)),
    "long": Pair("x" * 100, "y", (f'$: changed value, recorded "{"x" * 79}… (102 characters), seen "y"',)),
    "many": Pair(
        list(range(20)),
        [None] * 20,
        (*(f"$[{n}]: changed type, recorded {n}, seen null" for n in range(8)), "and 12 more"),
    ),
}


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS.keys())
def test_differences_have_path_grade_and_both_sides(pair: Pair) -> None:
    """Each difference is one line; many are cut, and counted."""
    assert tuple(shown(differences(pair.recorded, pair.seen))) == pair.lines


BODIES = {
    "equal": (b"x", b"x", ()),
    "none-and-empty": (None, b"", ()),
    "json-order": (b'{"a":1,"b":2}', b'{"b": 2, "a": 1}', ()),
    "form": (b"a=1&b=2", b"a=1&b=3&b=4", ('form.b: changed type, recorded "2", seen ["3", "4"]',)),
    "text": (b"hello there", b"hello", ('body: changed value, recorded "hello there", seen "hello"',)),
    "binary": (b"\xff\xfe\xfd", b"\xff", ("body: changed value, recorded 3 bytes, seen 1 bytes",)),
    "no-body": (b"text", None, ('body: removed, recorded "text"',)),
}


@pytest.mark.parametrize("recorded, seen, lines", BODIES.values(), ids=BODIES.keys())
def test_bodies_are_compared_as_what_they_are(recorded: bytes, seen: bytes, lines: tuple[str, ...]) -> None:
    """JSON by its values, forms by their fields, everything else as one piece."""
    assert tuple(shown(body_differences(recorded, seen))) == lines


RECORDED = {"id": "a", "items": [{"id": "b", "at": {"id": 1}}], "at": "x", "x.y": {"id": "c"}}
SEEN = {"id": "A", "items": [{"id": "B", "at": {"id": 2}}], "at": "X", "x.y": {"id": "C"}}
RULES = {
    "$.id": {"$.id"},
    "$.items[*].id": {"$.items[0].id"},
    "$.items[0].id": {"$.items[0].id"},
    "$.items[1].id": set(),
    "$..id": {"$.id", "$.items[0].id", "$.items[0].at.id", '$["x.y"].id'},
    "$.*": {"$.id", "$.at"},
    "$.items..id": {"$.items[0].id", "$.items[0].at.id"},
    "$.i": set(),
}


@pytest.mark.parametrize("rule, covered", RULES.items(), ids=RULES.keys())
def test_a_rule_covers_the_values_at_its_path(rule: str, covered: set[str]) -> None:
    """A JSON path names values by place, at any depth, or in every member of a list."""
    found = list(differences(RECORDED, SEEN))

    assert {d.path for d in found if Volatile([rule]).ignores(d)} == covered


@pytest.mark.parametrize("seen, ignored", [('"b"', True), ("null", True), ("1", False), ("{}", False)])
def test_a_volatile_value_keeps_its_type(seen: str, ignored: bool) -> None:  # noqa: FBT001
    """Another value or null is to be expected of what changes with every call, another type is not."""
    (found,) = differences({"a": "x"}, {"a": json.loads(seen)})

    assert Volatile(["$.a"]).ignores(found) is ignored


def test_a_volatile_value_must_be_there() -> None:
    """That it is gone, or new, is a difference whatever the rules say."""
    assert [Volatile(["$..*"]).ignores(d) for d in differences({"a": 1}, {"b": 1})] == [False, False]


def test_bodies_deeper_than_python_can_follow_differ_as_one_piece() -> None:
    """Bodies nested beyond the limit of any Python are one difference, and do not end the run."""
    deep = b"[" * 900 + b"%d" + b"]" * 900

    assert [d.path for d in body_differences(deep % 1, deep % 2)] == ["body"]
