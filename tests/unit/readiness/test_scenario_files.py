"""What the files of scenarios define is compared with what was collected."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.readiness.scenario_files import missing_tests

NOTHING = {
    "a helper": ("helpers.py", "import pytest\ndef make(): pass"),
    "fixtures": ("fixtures.py", "import pytest\n@pytest.fixture\ndef test_client(): pass"),
    "a conftest": ("conftest.py", "def test_x(): pass"),
    "a hidden folder": (".cache/test_x.py", "def test_x(): pass"),
    "an installed package": ("node_modules/test_x.py", "def test_x(): pass"),
    "no Python": ("data.py", "def test_x(:"),
    "a class that is switched off": ("base.py", "class TestBase:\n    __test__ = False\n    def test_x(self): pass"),
}
TESTS = {
    "by its name": ("test_x.py", "from elsewhere import *"),
    "by its function": ("x.py", "async def test_x(): pass"),
    "by its mark": ("x.py", "@pytest.mark.verifies('own.a')\ndef refunds(): pass"),
    "by its class": ("x.py", "class TestX:\n    def test_x(self): pass"),
    "by unittest": ("x.py", "import unittest\nclass X(unittest.TestCase):\n    def test_x(self): pass"),
    "in a folder that pytest passes over": ("dist/venv/x_test.py", "def test_x(): pass"),
}


def missing(root: Path, name: str, text: str, collected: set[str] | None = None) -> list[str]:
    """Return what is missing of one file."""
    file = root / "scenarios" / name
    file.parent.mkdir(parents=True)
    file.write_text(text)
    return list(missing_tests([root / "scenarios"], {} if collected is None else {file: collected}, root=root))


@pytest.mark.parametrize("name, text", NOTHING.values(), ids=NOTHING.keys())
def test_what_is_no_test_is_not_missing(tmp_path: Path, name: str, text: str) -> None:
    """Helpers, fixtures and what others installed need not be collected."""
    assert missing(tmp_path, name, text) == []


@pytest.mark.parametrize("name, text", TESTS.values(), ids=TESTS.keys())
def test_a_file_of_tests_that_gave_none_is_named(tmp_path: Path, name: str, text: str) -> None:
    """The sentence names the file in the target's folder, and what may be the cause."""
    [sentence] = missing(tmp_path, name, text)

    assert sentence.startswith(f"scenarios/{name} gave no test, so what it checks is not known. Let pytest collect it")


def test_a_function_that_was_not_collected_is_named(tmp_path: Path) -> None:
    """Each function of a file that gave others is compared too."""
    [sentence] = missing(tmp_path, "test_x.py", "def test_a(): pass\ndef test_b(): pass", {"test_a"})

    assert sentence.startswith("scenarios/test_x.py: test_b gave no test.")


CONDITIONS = {
    "if": "if False:\n    def test_b(): pass",
    "else": "if True: pass\nelse:\n    def test_b(): pass",
    "except": "try: pass\nexcept ImportError:\n    def test_b(): pass",
    "match": "match 1:\n    case 2:\n        def test_b(): pass",
    "in a class": "class TestB:\n    if False:\n        def test_b(self): pass",
}


@pytest.mark.parametrize("text", CONDITIONS.values(), ids=CONDITIONS.keys())
def test_a_function_under_a_condition_is_named(tmp_path: Path, text: str) -> None:
    """A condition around a test hides it from everyone; a skip would be reported."""
    [sentence] = missing(tmp_path, "test_x.py", "def test_a(): pass\n" + text, {"test_a"})

    assert "test_b gave no test" in sentence
    assert "pytest.mark.skipif instead of a condition" in sentence


TWICE = {
    "functions": ("test_a", "def test_a(): assert False\ndef test_a(): pass"),
    "methods": ("test_a", "class TestX:\n    async def test_a(self): assert False\n    def test_a(self): pass"),
    "classes": ("TestX", "class TestX:\n    def test_a(self): assert False\nclass TestX:\n    def test_a(self): pass"),
}


@pytest.mark.parametrize("name, text", TWICE.values(), ids=TWICE.keys())
def test_a_test_that_another_replaces_is_named(tmp_path: Path, name: str, text: str) -> None:
    """Python keeps the last definition of a name."""
    [sentence] = missing(tmp_path, "test_x.py", text, {"test_a"})

    assert sentence == (
        f"scenarios/test_x.py defines {name} twice, and only the last of them runs. Rename one of them."
    )


def test_one_name_in_two_classes_or_branches_is_fine(tmp_path: Path) -> None:
    """Neither hides the other."""
    either = "if x:\n    def test_a(): pass\nelse:\n    def test_a(): pass\n"
    classes = "class TestX:\n    def test_a(self): pass\nclass TestY:\n    def test_a(self): pass\n"

    assert missing(tmp_path, "test_x.py", either + classes, {"test_a"}) == []


@pytest.mark.parametrize("collected", [set(), {"test_a"}], ids=["broken", "complete"])
def test_what_was_collected_or_reported_is_not_missing(tmp_path: Path, collected: set[str]) -> None:
    """A file that could not be collected is in the report already."""
    assert missing(tmp_path, "test_x.py", "def test_a(): pass", collected) == []
