"""What the files of scenarios define as tests, read without running them, to compare with what pytest collected."""

from __future__ import annotations

import ast
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path

from harness.core.foreign_files import read_file, real_path

_NAMES = ("test_*.py", "*_test.py")
"""What pytest's ``python_files`` is unless set."""
_NO_FOLDERS = ("__pycache__", "node_modules")
_ENVIRONMENT = "pyvenv.cfg"
"""A file in each virtual environment."""
_LISTED = 5


def missing_tests(scenarios: Iterable[Path], collected: Mapping[Path, set[str]], *, root: Path) -> Iterator[str]:
    """Yield a sentence for each file of ``scenarios`` of which tests are missing in what pytest collected.

    ``collected`` has the names of the test functions by file, and no name for a file that could not be collected. A
    file should give tests where its name is that of a test file, or where it defines functions that are tests.
    """
    for file in sorted({real_path(path) for scenario in scenarios for path in _files(scenario)}):
        shown = file.relative_to(root) if file.is_relative_to(root) else file
        names = collected.get(file)
        if names is not None and not names:
            continue  # reported as broken, or as skipped as a whole
        tree = _tree(file)
        defined = _tests(tree)
        named = any(fnmatchcase(file.name, glob) for glob in _NAMES)
        if names is None and (defined or named):
            yield (
                f"{shown} gave no test, so what it checks is not known. Let pytest collect it (python_files, "
                "norecursedirs, collect_ignore, hooks of a conftest), or name it so that it is no test."
            )
            continue
        for name in _defined_again(tree):
            yield f"{shown} defines {name} twice, and only the last of them runs. Rename one of them."
        if names and (lost := [name for name in defined if name not in names]):
            more = f" and {len(lost) - _LISTED} more" if len(lost) > _LISTED else ""
            yield (
                f"{shown}: {', '.join(lost[:_LISTED])}{more} gave no test. Let pytest collect it (python_functions, "
                "python_classes, __test__, hooks of a conftest; pytest.mark.skipif instead of a condition around it), "
                "or name it so that it is no test."
            )


def _files(scenario: Path) -> Iterator[Path]:
    if scenario.is_file():
        yield scenario
    for folder, inner, names in os.walk(scenario):
        inner[:] = [
            name
            for name in inner
            if not name.startswith(".") and name not in _NO_FOLDERS and not Path(folder, name, _ENVIRONMENT).exists()
        ]
        yield from (Path(folder, name) for name in names if name.endswith(".py") and name != "conftest.py")


def _tree(file: Path) -> ast.Module:
    """Return the syntax tree of a file; an empty one for what is not Python."""
    try:
        tree: ast.Module = ast.parse(read_file(file))
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module([], [])
    return tree


def _tests(tree: ast.Module) -> list[str]:
    """Return the names of the functions and methods in a file that look like tests, also under a condition."""
    functions = [node for node in _statements(tree) if _is_test(node)]
    for node in _statements(tree):
        if isinstance(node, ast.ClassDef) and _is_test_class(node):
            functions += [inner for inner in _statements(node) if _is_test(inner)]
    return list(dict.fromkeys(node.name for node in functions if isinstance(node, _FUNCTIONS)))


def _defined_again(tree: ast.Module) -> list[str]:
    """Return the names of the tests that a later definition of the same name replaces, so that they never run."""
    classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and _is_test_class(node)]
    counts = Counter(
        (body, node.name)
        for body, statements in enumerate([tree.body, *(node.body for node in classes)])
        for node in statements
        if _is_test(node) or node in classes
        if isinstance(node, (*_FUNCTIONS, ast.ClassDef))
    )
    return list(dict.fromkeys(name for (_, name), number in counts.items() if number > 1))


def _statements(scope: ast.AST) -> Iterator[ast.stmt]:
    """Yield the statements of a module or class, with those inside conditions and other blocks."""
    for node in ast.iter_child_nodes(scope):
        if isinstance(node, ast.stmt):
            yield node
        if not isinstance(node, (*_FUNCTIONS, ast.ClassDef, ast.expr)):
            yield from _statements(node)


_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def _is_test(node: ast.AST) -> bool:
    """Whether a statement defines a test: by its name, or by a mark of pytest; a fixture is none."""
    if not isinstance(node, _FUNCTIONS):
        return False
    decorators = [ast.unparse(decorator) for decorator in node.decorator_list]
    if any("fixture" in text.partition("(")[0] for text in decorators):
        return False
    return node.name.startswith("test") or any("mark." in text.partition("(")[0] for text in decorators)


def _is_test_class(node: ast.ClassDef) -> bool:
    """Whether pytest collects a class by default: by its name or as a `unittest.TestCase`, unless switched off."""
    switched_off = any(ast.unparse(inner) == "__test__ = False" for inner in node.body)
    bases = [ast.unparse(base) for base in node.bases]
    return not switched_off and (node.name.startswith("Test") or any(base.endswith("TestCase") for base in bases))
