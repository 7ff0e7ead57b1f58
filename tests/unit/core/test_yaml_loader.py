from __future__ import annotations

import random
from typing import Any

import pytest
import yaml

from harness.cassettes.store.vcr_names import CassetteLoader
from harness.core.yaml import CoreLoader, YamlDepthError, compose_yaml, read_yaml
from harness.core.yaml_loader import bounded

TEXTS = {
    "anchors": "a: &a {x: [1, 2]}\nb: *a\nc: [*a, *a]\nd: &d text\ne: *d",
    "circles": "a: &a\n  self: *a\n  list: &b [*b, *a]",
    "merges": "a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}\nc: {<<: [*a, {z: {n: 1}}], w: 1}",
    "keys": "1: a\n1.5: b\nyes: c\n~: d\n'1': e\n2001-01-01: f\n=: g\n? !!str 7\n: h",
    "keys that come again": "a: 1\nb: {c: {d: 1, d: 2}, c: 3}\na: 4",
    "scalars": "[1, 1_000, 0o17, 1e3, yes, 'yes', ~, '', , 12:30:45, 2001-01-01, 0x1F, .inf, '1', !!str 1]",
    "tags": "a: !!binary aGVsbG8=\nb: !!set {x, y}\nc: !!omap [k: 1]\nd: !!pairs [k: 1, k: 2]\ne: !!seq [!!map {a: 1}]",
    "texts": 'a: |\n  one\n   two\nb: >-\n  folded\n  text\n\n  more\nc: "\\u00fc\\n"\nd: plain text\n  of two lines',
    "deep": "[" * 300 + "{a: &x [1], b: *x}" + "]" * 300,
    "nothing": "# a comment alone",
}
WRONG = [
    "a: !!str [x]",
    "? [a]\n: 1",
    "? {a: 1}\n: 1",
    "a: !!map [x]",
    "a: !!seq {x: 1}",
    "a: *b",
    "!!python/name:os.x ''",
]
LOADERS = (yaml.CSafeLoader, CassetteLoader, CoreLoader)


def loaded(text: str, loader: Any) -> Any:
    """Return what a loader reads, and whether each pair of its collections is one object."""
    try:
        value = yaml.load(text, loader)
    except (yaml.YAMLError, ValueError) as exc:
        return type(exc)
    return shape(value, {})


def shape(value: Any, known: dict[int, int]) -> Any:
    """Return a value as texts, with each collection named by the order in which it is met."""
    if not isinstance(value, dict | list):
        return f"{type(value).__name__} {value!r}"
    if id(value) in known:
        return known[id(value)]
    known[id(value)] = len(known)
    if isinstance(value, list):
        return [shape(item, known) for item in value]
    return [(shape(name, known), shape(item, known)) for name, item in value.items()]


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize("text", [*TEXTS.values(), *WRONG], ids=[*TEXTS, *(text.replace("\n", " ") for text in WRONG)])
def test_values_are_those_of_the_loader(text: str, loader: Any) -> None:
    """Whatever a text has, the bounded loader builds the same values as its own, shares the same, refuses the same."""
    assert loaded(text, bounded(loader, 500)) == loaded(text, loader)


@pytest.mark.parametrize("loader", LOADERS)
def test_values_of_random_texts(loader: Any) -> None:
    """Two hundred documents drawn by a seed, with aliases, are read alike."""
    draw = random.Random(7)
    for _ in range(200):
        anchors: list[str] = []
        text = _drawn(draw, anchors, 4)
        assert loaded(text, bounded(loader, 500)) == loaded(text, loader), text


def _drawn(draw: random.Random, anchors: list[str], depth: int) -> str:
    """Return a flow text; its anchors are added to ``anchors`` once they can be referred to."""
    kind = draw.choice(("scalar", "list", "object", "alias") if depth else ("scalar", "alias"))
    if kind == "alias" and anchors:
        return f"*{draw.choice(anchors)} "
    if kind in ("scalar", "alias"):
        return draw.choice(("1", "no", "'no'", "~", "1.5", "plain text", '"q\\n"', "2001-01-01", "!!str 5", "0o7"))
    name = f"n{len(anchors)}x{draw.randrange(10**6)}"
    items = [_drawn(draw, anchors, depth - 1) for _ in range(draw.randrange(4))]
    if kind == "object":
        items = [f"{draw.choice(('a', 'b', '1', 'no', '~'))}: {item}" for item in items]
    anchors.append(name)
    return f"&{name} " + ("[{}]" if kind == "list" else "{{{}}}").format(", ".join(items))


@pytest.mark.parametrize("read", [read_yaml, compose_yaml])
@pytest.mark.parametrize("text", ["[[\n[[1]]]]", "a:\n  b:\n    c:\n      d: 1", "- - - - 1"])
def test_depth_is_counted_while_a_text_is_read(read: Any, text: str) -> None:
    """Four levels are read where four are allowed, and refused with their line where three are."""
    read(text.encode(), max_depth=4)
    with pytest.raises(YamlDepthError, match="it nests deeper than 3 levels") as caught:
        read(text.encode(), max_depth=3)
    assert caught.value.line == {"[": 2, "a": 4, "-": 1}[text[0]]


def test_brackets_in_texts_are_no_levels() -> None:
    """Texts of several lines that are full of brackets are read as any other."""
    text = "a: '" + "[ {\n  " * 3_000 + "'\nb: |\n" + "  [[[ \"'\n" * 3_000
    assert read_yaml(text.encode(), max_depth=3) == yaml.safe_load(text)
