"""What is generated depends on description and seed alone, and one module drives the generator."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis.database import InMemoryExampleDatabase

import harness
from harness.openapi import generation
from harness.openapi.generation import INVALID, VALID, Ungenerable
from harness.openapi.operation import Operation
from harness.openapi.spec_document import Spec

PACKAGE = Path(harness.__file__).parent
DATABASE = Path("fuzzing/defect_store.py")
"""Keeps defects in Hypothesis' example database, and generates nothing."""
SCHEMA = {
    "type": "object",
    "required": ["name", "size"],
    "properties": {"name": {"type": "string"}, "size": {"type": "integer"}},
}


def operation(content: dict[str, Any]) -> Operation:
    described = {"requestBody": {"required": True, "content": content}, "responses": {"200": {"description": "d"}}}
    document = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {"/a": {"post": described}}}
    return Spec(document, "spec").operation("POST /a")


@pytest.fixture
def odd_profile() -> Iterator[None]:
    """A profile as a project of the user's may load it."""
    before = settings.get_current_profile_name()
    database = InMemoryExampleDatabase()
    settings.register_profile(
        "odd", derandomize=False, database=database, max_examples=1, phases=[Phase.explicit], deadline=1
    )
    settings.load_profile("odd")
    yield
    settings.load_profile(before)


def made(mode: Any = VALID, seed: int = 1) -> list[Any]:
    return generation.bodies(operation({"application/json": {"schema": SCHEMA}}).raw, mode, examples=20, seed=seed)


def test_one_seed_gives_the_same_bodies_and_another_seed_others() -> None:
    """A run can be repeated exactly."""
    assert made() == made()
    assert made() != made(seed=2)
    assert made() != made(INVALID)


@pytest.mark.usefixtures("odd_profile")
def test_the_settings_of_the_users_project_change_nothing() -> None:
    """A profile that generates nothing, or little, is not asked."""
    assert len(made()) > 10
    assert generation.simplest(SCHEMA) == {"name": "", "size": 0}


def test_bodies_are_json_and_differ() -> None:
    """What could not be sent as JSON is left out, and so is a body that was there before."""
    same = generation.bodies(
        operation({"application/json": {"schema": {"enum": [1, 2]}}}).raw, VALID, examples=50, seed=1
    )
    form = {"type": "object", "required": ["f"], "properties": {"f": {"type": "string", "format": "binary"}}}
    binary = generation.bodies(operation({"multipart/form-data": {"schema": form}}).raw, VALID, examples=5, seed=1)

    assert sorted(same) == [1, 2]
    assert all(not isinstance(body, bytes) for body in binary)


def test_nothing_to_generate_is_one_sentence() -> None:
    """What keeps a value from being made is told as the description's, without a traceback."""
    with pytest.raises(Ungenerable, match=r"^[^\n]+$"):
        generation.simplest({"not": {}})
    assert (
        generation.bodies(operation({"application/json": {"schema": {"not": {}}}}).raw, VALID, examples=5, seed=1) == []
    )


def imports(path: Path) -> set[str]:
    """Return the packages that a module imports, at its top or late."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").partition(".")[0])
    return found


def test_one_module_drives_hypothesis() -> None:
    """Seeds, phases, deadlines, databases, health checks and verbosity are set in one place."""
    drives = {path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py") if "hypothesis" in imports(path)}

    assert drives == {Path("openapi/generation.py"), DATABASE}
