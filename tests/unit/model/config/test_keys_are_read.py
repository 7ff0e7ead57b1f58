"""Every key of harness.toml has an effect."""

from __future__ import annotations

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import harness
from harness.model import config
from harness.model.config.base import Section

PACKAGE = Path(harness.__file__).parent
ELSEWHERE = ("model", "sandbox")
"""Where a key is declared, and a world that knows nothing of it."""


def read_names() -> set[str]:
    """Return every name that is read of some object in the package, as an attribute or by its text."""
    names = set[str]()
    for path in PACKAGE.rglob("*.py"):
        if path.relative_to(PACKAGE).parts[0] not in ELSEWHERE:
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Attribute):
                    names.add(node.attr)
                elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                    names.add(node.value)
    return names


def sections(base: type[Section] = Section) -> Iterator[type[Section]]:
    for module in pkgutil.iter_modules(config.__path__):
        importlib.import_module(f"{config.__name__}.{module.name}")
    for section in base.__subclasses__():
        yield section
        yield from sections(section)


KEYS = sorted({(section.__name__, key) for section in sections() for key in section.__struct_fields__})


@pytest.fixture(scope="module")
def names() -> set[str]:
    return read_names()


@pytest.mark.parametrize("section, key", KEYS, ids=[f"{section}.{key}" for section, key in KEYS])
def test_a_key_is_read(section: str, key: str, names: set[str]) -> None:
    """What harness.toml can say is read by some module beside the one that declares it."""
    assert key in names, f"{section}.{key} is read by nothing: use it, or take it and its documentation away"
