"""JSON of others may nest without end: code that expects unreadable JSON expects that too."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import harness

READERS = {"json.loads", "json.decode", "msgspec.json.decode", "answer.json", "response.json", "read_json_or_yaml"}
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
