"""JSON of others may nest without end: code that expects unreadable JSON expects that too."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import harness
from harness.core.foreign_json import TooManyValuesError, has_too_many_values, read_json

READERS = {
    "json.loads",
    "read_json",
    "json.decode",
    "msgspec.json.decode",
    "answer.json",
    "response.json",
    "read_json_or_yaml",
}
ROOT = Path(harness.__file__).parent


def unprepared(tree: ast.AST) -> Iterator[int]:
    """Yield the lines of the attempts to read JSON that expect faults of its form, and none of its depth."""
    for attempt in ast.walk(tree):
        if not isinstance(attempt, ast.Try):
            continue
        inside = [node for statement in attempt.body for node in ast.walk(statement)]
        reads = any(isinstance(node, ast.Call) and ast.unparse(node.func) in READERS for node in inside)
        expected = {
            name
            for h in attempt.handlers
            for name in ast.unparse(h.type or ast.Name("Exception")).strip("()").split(", ")
        }
        if (
            reads
            and expected & {"ValueError", "msgspec.DecodeError"}
            and not expected & {"RecursionError", "Exception"}
        ):
            yield attempt.lineno


def test_no_json_of_others_ends_in_a_traceback() -> None:
    """100,000 brackets raise RecursionError, which is no ValueError."""
    places = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in sorted(ROOT.rglob("*.py"))
        for line in unprepared(ast.parse(path.read_text()))
    ]

    assert not places


@pytest.mark.parametrize(
    "text",
    ["[" + "[]," * 300_000 + "1]", "[" + "1," * 2_000_000 + "1]", '{"a":{}' + ',"a":{}' * 300_000 + "}"],
    ids=["lists", "numbers", "objects"],
)
def test_json_of_too_many_values_is_not_read(text: str) -> None:
    """A few megabytes could take a gigabyte; texts and bytes are counted alike."""
    for each in (text, text.encode()):
        assert has_too_many_values(each)
        with pytest.raises(TooManyValuesError, match=r"more than 300,000 objects and lists, or 2,000,000 values"):
            read_json(each)


def test_json_of_many_values_is_read() -> None:
    """So is a large page, and one text that is all commas."""
    page = [{"id": number, "lines": [1, 2, 3]} for number in range(50_000)]

    assert read_json(json.dumps(page)) == page
    assert read_json(json.dumps("," * 1_000_000)) == "," * 1_000_000
