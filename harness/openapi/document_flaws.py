"""What in the description of one operation keeps it from being tested: references that lead nowhere, and the like."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from schemathesis.specs.openapi.warnings import detect_unresolvable_references

from harness.core.pointers import at_pointer
from harness.openapi.document import resolved
from harness.openapi.spec_document import Operation, Spec


def flaws(spec: Spec, label: str) -> Iterator[str]:
    """Yield each flaw of the operation ``METHOD /path``, with the place where it stands."""
    definition = spec.definitions.get(label, {})
    path = label.partition(" ")[2]
    item = spec.document["paths"].get(path)
    yield from _references(spec.document, [definition, *_shared(spec.document, item)])
    yield from _undeclared(spec.document, path, item, definition)


def unfollowed(operation: Operation) -> Iterator[str]:
    """Yield each reference to another document that could not be read: what stands behind it is judged by nobody."""
    for warning in detect_unresolvable_references(operation.raw):
        if not warning.reference.startswith("#"):
            yield f"its {warning.subject} refers to {warning.reference}, which cannot be read"


def _shared(document: dict[str, Any], item: Any) -> list[Any]:
    """Return what the operations of one path have in common."""
    whole = resolved(document, item)
    return whole.get("parameters", []) if isinstance(whole, dict) else []


def _references(document: dict[str, Any], roots: list[Any]) -> Iterator[str]:
    """Yield each reference reachable from ``roots`` that leads nowhere or round in a circle."""
    seen: set[str] = set()
    pending = list(roots)
    while pending:
        node = pending.pop()
        if isinstance(node, list):
            pending.extend(node)
        if not isinstance(node, dict):
            continue
        reference = node.get("$ref")
        if isinstance(reference, str) and reference not in seen:
            seen.add(reference)
            if not reference.startswith("#"):
                continue
            if at_pointer(document, reference) is None:
                yield f"it refers to {reference}, where the document holds nothing"
            elif resolved(document, node) is None:
                yield f"it refers to {reference}, which leads back to itself"
            else:
                pending.append(at_pointer(document, reference))
        pending.extend(value for key, value in node.items() if key not in ("example", "examples", "default", "enum"))


def _undeclared(document: dict[str, Any], path: str, item: Any, definition: dict[str, Any]) -> Iterator[str]:
    parameters = [resolved(document, p) for p in [*_shared(document, item), *definition.get("parameters", ())]]
    declared = {p.get("name") for p in parameters if isinstance(p, dict) and p.get("in") == "path"}
    for name in re.findall(r"\{([^}]*)\}", path):
        if name not in declared:
            yield f"it declares no parameter for {{{name}}} of its path"
