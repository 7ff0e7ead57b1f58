"""What holds for the repository as a whole."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import harness
from harness.readiness.checklist import shipped

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "harness").rglob("*.py"))
# Items that no code of the harness judges yet; the gate says `not_run` of them. A new check takes its line away here.
UNCHECKED = {
    "observability.alerts",
    "observability.dashboards",
}
BY_THE_USER = {"workflow.core"}
"""Judged by the user's own scenarios."""


def each_test(folder: str) -> Iterator[tuple[str, ast.FunctionDef]]:
    """Yield file and function of every test below ``folder``."""
    for file in sorted((ROOT / folder).rglob("test_*.py")):
        if any(part.startswith(".") or part == "node_modules" for part in file.relative_to(ROOT).parts):
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                yield str(file.relative_to(ROOT)), node


def test_the_public_names_are_sorted_and_importable() -> None:
    """`harness.__all__` is the whole public surface, in order, and each name is there."""
    assert harness.__all__ == sorted(harness.__all__)
    assert all(getattr(harness, name).__name__ == name for name in harness.__all__)
    assert set(harness.__all__) <= set(dir(harness))


def test_an_unknown_name_is_an_attribute_error() -> None:
    """The lazy package answers like any other."""
    with pytest.raises(AttributeError, match="module 'harness' has no attribute 'Findings'"):
        _ = harness.Findings


@pytest.mark.parametrize("folder", ["tests", "harness/suite"])
def test_every_test_says_in_one_sentence_what_it_holds(folder: str) -> None:
    """The docstring of each test begins with one sentence."""
    silent = [
        f"{file}:{node.lineno} {node.name}"
        for file, node in each_test(folder)
        if not (ast.get_docstring(node) or "").partition("\n\n")[0].endswith(".")
    ]

    assert silent == []


def test_every_shipped_test_names_its_items() -> None:
    """A test of the suite that speaks to no item could not be told from a broken run."""
    ids = shipped().ids
    for file, node in each_test("harness/suite"):
        marks = [d for d in node.decorator_list if "verifies" in ast.unparse(d)]
        assert marks, f"{file}:{node.lineno} {node.name} names no checklist item"
        words = (arg.value for mark in marks for arg in ast.walk(mark) if isinstance(arg, ast.Constant))
        unknown = {word for word in words if isinstance(word, str) and "." in word} - ids
        assert not unknown, f"{file}:{node.lineno} names {unknown}"


def test_every_item_has_a_check() -> None:
    """Each item stands in the code of a check, so that none is `not_run` for ever without anybody noticing."""
    code = "\n".join(file.read_text(encoding="utf-8") for file in SOURCES)
    unchecked = {item.id for item in shipped() if f'"{item.id}"' not in code}

    assert unchecked <= UNCHECKED | BY_THE_USER
