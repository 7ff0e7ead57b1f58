"""What holds for the repository as a whole."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

import harness
from harness.cli.main import COMMANDS
from harness.core.pointers import leaves, pointer_of
from harness.readiness.checklist import shipped
from tests.conftest import supported_pythons
from tests.vague_words import vague_words

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "harness").rglob("*.py"))
# Items that no code of the harness judges yet; the gate says `not_run` of them. A new check takes its line away here.
UNCHECKED = {
    "observability.alerts",
    "observability.dashboards",
}
BY_THE_USER = {"workflow.core"}
"""Judged by the user's own scenarios."""
MAX_LINES = 300
"""Of a module."""
MAX_FUNCTION_LINES = 40
SANDBOX = ROOT / "harness" / "sandbox"
REPEATED_CLASSES = {
    "Run": "of the harness, and privately the deliveries of one call of the load sender",
    "Share": "of generated requests, and privately that of one webhook in the generated events",
    "Worker": "of the sandbox's inbox, and privately one of the load sender",
}
"""Names that mean two things, and why they may; those that differ in a leading underscore alone count as one."""
NOT_IMPORTED = {
    "psycopg": "the driver by which SQLAlchemy reaches PostgreSQL, named in the URL",
    "readiness-harness": "the extra `all` names the other extras",
}
"""Declared dependencies that no import statement names, and why they are there."""
IN_IDS = "part of a finding's id, by which it may be waived"
ALLOWED = {
    "are not all answered or told to wait": IN_IDS,
    ", which the answer lacks": IN_IDS,
    "says another status": IN_IDS,
    "an id that is none": IN_IDS,
}
"""Phrases with a vague word, and why they stay."""
CODE = re.compile(r"```.*?```|``[^`]*``|`[^`]*`|\]\([^)]*\)|https?://\S+|<[^>]*>", re.DOTALL)
"""The parts of a docstring, message or page that are not prose."""
AMERICAN = re.compile(
    r"\b(?:(?:un)?authoriz(?:es?|ed|ing)|behaviors?|canceled|colors?|favor\w*|honor\w*|labeled|modeled|normaliz\w*|organiz\w*"
    r"|recogniz\w*|serializ\w*|summariz\w*|minimiz\w*|randomiz\w*|initializ\w*)\b"
)
"""American spellings of words that the project uses."""


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
    """Every test of the suite names the items that it verifies; with `each`, its rows name them."""
    ids = shipped().ids
    for file, node in each_test("harness/suite"):
        marks = [d for d in node.decorator_list if "verifies" in (code := ast.unparse(d)) or code.startswith("each(")]
        assert marks, f"{file}:{node.lineno} {node.name} names no checklist item"
        words = (arg.value for mark in marks for arg in ast.walk(mark) if isinstance(arg, ast.Constant))
        unknown = {word for word in words if isinstance(word, str) and "." in word} - ids
        assert not unknown, f"{file}:{node.lineno} names {unknown}"


def test_every_item_has_a_check() -> None:
    """Each item stands in the code of a check, so that none is `not_run` for ever without anybody noticing."""
    code = "\n".join(file.read_text(encoding="utf-8") for file in SOURCES)
    unchecked = {item.id for item in shipped() if f'"{item.id}"' not in code}

    assert unchecked <= UNCHECKED | BY_THE_USER


def test_every_folder_of_tests_has_a_tier() -> None:
    """`make test` runs every folder except matrix and soak, which have targets of their own."""
    pytest_section = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["pytest"]
    folders = {file.relative_to(ROOT).parts[1] for file in (ROOT / "tests").rglob("test_*.py")}
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")

    assert {f"tests/{name}" for name in folders - {"matrix", "soak"}} == set(pytest_section["testpaths"])
    assert all(f"-m pytest tests/{name} " in makefile for name in ("matrix", "soak", "unit"))


@cache
def trees() -> dict[Path, ast.Module]:
    """Return every module of the package, parsed."""
    return {file: ast.parse(file.read_text(encoding="utf-8")) for file in SOURCES}


def classes() -> dict[str, list[str]]:
    """Return where each class of the package is, by its name without underscores in front."""
    found: dict[str, list[str]] = defaultdict(list)
    for file, tree in trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                found[node.name.lstrip("_")].append(f"{file.relative_to(ROOT)}:{node.lineno}")
    return found


def test_a_class_name_has_one_meaning() -> None:
    """Two classes of one name would have to be told apart by their modules."""
    repeated = {name: places for name, places in classes().items() if len(places) > 1}

    assert {name: places for name, places in repeated.items() if name not in REPEATED_CLASSES} == {}


def test_a_module_name_has_one_meaning() -> None:
    """A module is found by its name alone.

    Those of commands and of sections of harness.toml bear the names of these; the sandbox is a program of its own.
    """
    places: dict[str, list[Path]] = defaultdict(list)
    for file in SOURCES:
        of_command = file.parent == ROOT / "harness" / "cli" and file.stem in COMMANDS
        of_section = file.parent == ROOT / "harness" / "model" / "config"
        if not (of_command or of_section or file.is_relative_to(SANDBOX)):
            places[file.stem].append(file.relative_to(ROOT))
    del places["__init__"]

    assert {stem: found for stem, found in places.items() if len(found) > 1} == {}


def test_no_module_and_no_function_is_too_long() -> None:
    """What grows beyond a few screens is several things."""
    lengths = {file: file.read_text(encoding="utf-8").count("\n") for file in SOURCES}
    modules = {str(file.relative_to(ROOT)): n for file, n in lengths.items() if n > MAX_LINES}
    functions = {
        f"{file.relative_to(ROOT)}:{node.name}"
        for file, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno >= MAX_FUNCTION_LINES
    }

    assert (modules, functions) == ({}, set())


def imported() -> dict[str, set[str]]:
    """Return what the package imports of others, at start or late, with the distributions that bring it."""
    names = set()
    for tree in trees().values():
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module.partition(".")[0])
    by_package = packages_distributions()
    third_party = names - set(sys.stdlib_module_names) - {"harness"}
    return {name: {normal(distribution) for distribution in by_package.get(name, ())} for name in third_party}


def declared() -> set[str]:
    """Return the distributions that pyproject.toml declares, extras included."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = (requirement for extra in project["optional-dependencies"].values() for requirement in extra)
    return {normal(requirement) for requirement in (*project["dependencies"], *extras)}


def normal(requirement: str) -> str:
    """Return the name of a requirement as PEP 503 normalises it."""
    return re.sub(r"[-_.]+", "-", re.split(r"[^\w.-]", requirement)[0]).lower()


def test_every_import_is_declared() -> None:
    """What is imported is a dependency of ours, not one that another happens to bring along."""
    assert {name for name, brought_by in imported().items() if not brought_by & declared()} == set()


def test_every_dependency_is_imported() -> None:
    """What is declared is used, or has a reason."""
    assert declared() - set().union(*imported().values()) - set(NOT_IMPORTED) == set()


def test_the_same_pythons_are_named_everywhere() -> None:
    """The classifiers have no gap, and every other place names the first version or the whole range."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    versions = supported_pythons()
    first, last = (int(version.removeprefix("3.")) for version in (versions[0], versions[-1]))

    assert versions == [f"3.{minor}" for minor in range(first, last + 1)]
    assert project["project"]["requires-python"] == f">={versions[0]}"
    assert project["tool"]["ruff"]["target-version"] == f"py3{first}"
    assert project["tool"]["mypy"]["python_version"] == versions[0]
    assert f"--python-version {versions[0]} " in (ROOT / "Makefile").read_text(encoding="utf-8")
    for page in ("README.md", "CONTRIBUTING.md", "docs/quick-start.md"):
        asked = re.findall(r"Python (3\.\d+(?: to 3\.\d+)?)", (ROOT / page).read_text(encoding="utf-8"))
        assert set(asked) == {f"{versions[0]} to {versions[-1]}"}, page


def texts() -> Iterator[tuple[str, str]]:
    """Yield every docstring and message of the package and its place; names and keys, without a blank, are left out."""
    for file, tree in trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
                yield f"{file.relative_to(ROOT)}:{node.lineno}", node.value
    for file in sorted((ROOT / "harness").rglob("*.toml")):
        for steps, value in leaves(tomllib.loads(file.read_text(encoding="utf-8"))):
            if isinstance(value, str) and " " in value:
                yield f"{file.relative_to(ROOT)}:{pointer_of(*steps)}", value


def test_texts_use_the_words_of_the_field() -> None:
    """No docstring or message of the package has a vague word in place of the plain one."""
    found = [
        f"{place}: {word}; write: {instead}"
        for place, text in texts()
        for word, instead in vague_words(CODE.sub("", text))
        if not any(phrase in text and word in phrase for phrase in ALLOWED)
    ]

    assert found == []


def test_allowed_phrases_exist() -> None:
    """Each allowed phrase still occurs in a text; one that does not is to be removed from the list."""
    everything = "\n".join(text for _, text in texts())

    assert [phrase for phrase in ALLOWED if phrase not in everything] == []


def test_the_spelling_is_british() -> None:
    """Messages, docstrings and documents use no American spelling; code and addresses are exempt."""
    pages = [ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
    prose = [*texts(), *((str(page.relative_to(ROOT)), page.read_text(encoding="utf-8")) for page in pages)]
    american = [f"{place}: {word}" for place, text in prose for word in AMERICAN.findall(CODE.sub("", text))]

    assert american == []
