"""Flaws in the description of one operation that prevent tests of it, such as references that lead nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.core.pointers import at_pointer, pointer_of
from harness.openapi.bundling import MAX_HOPS, UNREAD
from harness.openapi.operation import Operation
from harness.openapi.references import references
from harness.openapi.schemathesis_names import detect_unresolvable_references
from harness.openapi.spec_document import Spec


def flaws(spec: Spec, label: str) -> Iterator[str]:
    """Yield each flaw of the operation ``METHOD /path``, with its place in the document."""
    path = label.partition(" ")[2]
    shared = spec.at(pointer_of("paths", path))
    roots = [spec.definitions.get(label, {}), shared.get("parameters") if isinstance(shared, dict) else None]
    yield from map(spec.shown, _broken_references(spec, roots))
    operation = next((o for o in spec.operations if o.label == label), None)
    declared = {p["name"] for p in operation.parameters if p.get("in") == "path"} if operation else set()
    unread = any(_is_unread(spec, p) for root in roots for p in _listed(root))  # which may declare it
    for name in operation.path_parameters if operation and not unread else ():
        if name not in declared:
            yield f"it declares no parameter for {{{name}}} of its path"


def _listed(root: Any) -> list[Any]:
    """Return the parameters of an operation, or those of its path."""
    listed = root.get("parameters") if isinstance(root, dict) else root
    return listed if isinstance(listed, list) else []


def _is_unread(spec: Spec, value: Any) -> bool:
    """Whether a value is a reference, perhaps through others, to another document that could not be read."""
    for _ in range(MAX_HOPS):
        reference = value.get("$ref") if isinstance(value, dict) else None
        if not isinstance(reference, str):
            return False
        if reference.startswith(f"#/{UNREAD}/"):
            return True
        value = at_pointer(spec.raw, reference)
    return False


def unfollowed(operation: Operation) -> Iterator[str]:
    """Yield each reference to another document that could not be read: nothing behind it is checked."""
    spec = operation.document
    for warning in detect_unresolvable_references(operation.raw):
        if isinstance(spec, Spec) and warning.reference.startswith(f"#/{UNREAD}/"):
            written = spec.shown(warning.reference)
            yield f"its {warning.subject} refers to {written}, which cannot be read: {spec.bundle.unread[written]}"


def _broken_references(spec: Spec, roots: list[Any]) -> Iterator[str]:
    """Yield each reference reachable from ``roots`` that leads nowhere or round in a circle."""
    seen: set[str] = set()
    pending = list(roots)
    while pending:
        for holder, key in references(pending.pop()):
            reference = str(holder.get(key, ""))
            if not reference or reference in seen or reference.startswith(f"#/{UNREAD}/"):
                continue
            seen.add(reference)
            if spec.at(reference) is not None:
                pending.append(spec.at(reference))
            elif _is_unread(spec, {"$ref": reference}):
                continue
            elif at_pointer(spec.raw, reference) is None:
                yield f"it refers to {reference}, which does not exist in the document"
            else:
                yield f"it refers to {reference}, which refers back to itself"
