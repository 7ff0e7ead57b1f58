"""Patterns of a document that no validator can compile: a schema with one in it is passed over as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jsonschema_rs

from harness.core.cutting import cut
from harness.core.pointers import pointer_of
from harness.openapi.references import containers
from harness.openapi.spec_document import Spec

PATTERN, NAMES = "pattern", "patternProperties"
MOST_CHARS = 80
_BROKEN = (
    "does not compile as a regular expression (ECMA-262 with Unicode, not too large), and no value is validated "
    "against a schema with it: correct the pattern"
)


def unusable_patterns(spec: Spec) -> dict[str, str]:
    """Return what cannot be checked by the place where each such pattern is first, once for each pattern."""
    places: dict[str, str] = {}
    for pointer, pattern in _patterns(spec.raw):
        places.setdefault(pattern, pointer)
    broken = {pattern: spec.shown(pointer) for pattern, pointer in places.items() if not _compiles(pattern)}
    return {pointer: f"{cut(repr(pattern), MOST_CHARS)} {_BROKEN}" for pattern, pointer in broken.items()}


def _patterns(root: Any) -> Iterator[tuple[str, str]]:
    """Yield place and text of every pattern of a schema below a document."""
    pending: list[tuple[str, Any, bool]] = [("", root, False)]
    while pending:
        pointer, node, named = pending.pop()
        if isinstance(node, dict) and not named:
            if isinstance(node.get(PATTERN), str):
                yield f"{pointer}/{PATTERN}", node[PATTERN]
            if isinstance(node.get(NAMES), dict):
                yield from ((f"{pointer}{pointer_of(NAMES, name)}", str(name)) for name in node[NAMES])
        inner = [*containers(node, named=named)][::-1]  # the first is next
        pending += [(pointer + pointer_of(key), child, names) for key, child, names in inner]


def _compiles(pattern: str) -> bool:
    try:
        jsonschema_rs.Draft202012Validator({PATTERN: pattern})
    except ValueError:
        return False
    return True
