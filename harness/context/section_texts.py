"""The docstrings of the keys of a section: Python keeps those of classes, and forgets those of fields."""

from __future__ import annotations

import ast
import inspect
import sys
from functools import cache
from itertools import pairwise


def texts_of_fields(section: type) -> dict[str, str]:
    """Return the docstring of each field that has one, by name, with those of the classes below; reads the source."""
    found: dict[str, str] = {}
    for base in reversed(section.__mro__):
        if base.__module__.startswith("harness."):
            found |= _in_module(base.__module__).get(base.__name__, {})
    return found


@cache
def _in_module(name: str) -> dict[str, dict[str, str]]:
    tree = ast.parse(inspect.getsource(sys.modules[name]))
    return {node.name: _of_class(node) for node in tree.body if isinstance(node, ast.ClassDef)}


def _of_class(node: ast.ClassDef) -> dict[str, str]:
    found: dict[str, str] = {}
    for one, below in pairwise(node.body):
        match one, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                found[name] = inspect.cleandoc(text)
    return found
