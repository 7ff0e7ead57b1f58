"""Names of other packages that no reference promises: which of them a new version moved."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

HARNESS = Path(__file__).parents[1] / "harness"


def imports_of(file: Path, package: str) -> Iterator[tuple[str, str]]:
    """Yield module and name of each import from ``package`` in a file, wherever it is."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == package:
            yield from ((node.module, alias.name) for alias in node.names)
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names if alias.name.split(".")[0] == package)


def moved(distribution: str, names: Iterator[tuple[str, str]] | Sequence[tuple[str, str]]) -> list[str]:
    """Return a sentence for each of the modules and dotted names that the installed version lacks."""
    return [
        f"{distribution} {version(distribution)} has no {module}:{name}"
        for module, name in names
        if not is_there(module, name)
    ]


def is_there(module: str, name: str) -> bool:
    """Whether a module has a name; ``name`` may be an expression, and attributes of it."""
    try:
        found: Any = importlib.import_module(module)
        return bool(name == "" or eval(f"found.{name}", {"found": found}) is not ...)
    except (ImportError, AttributeError):
        return False


def members(table: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
    """Return the modules and names of a table of attributes by ``module:expression``."""
    return [
        (place.partition(":")[0], f"{place.partition(':')[2]}.{attribute}")
        for place, attributes in table.items()
        for attribute in attributes
    ]


def elsewhere(package: str, adapter: str, allowed: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the imports from ``package`` outside ``adapter`` that are neither whole nor ``allowed``."""
    return [
        f"{file.relative_to(HARNESS)}: {module}:{name}"
        for file in sorted(HARNESS.rglob("*.py"))
        if str(file.relative_to(HARNESS)) != adapter
        for module, name in imports_of(file, package)
        if (module, name) != (package, "") and name not in allowed.get(module, ())
    ]
