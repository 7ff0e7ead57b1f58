"""Versions of OpenAPI: which are supported, and what 3.2 writes otherwise, put as every reader knows it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from harness.openapi.json_document import JsonDocument, items
from harness.openapi.references import VALUES, references

SUPPORTED = "2.0, 3.0, 3.1 and 3.2"
_KEYS = ("openapi", "swagger")
_NUMBER = re.compile(r"(\d+)(?:\.(\d+))?")
_NEWEST = {2: 0, 3: 2}
"""Newest minor version of each major one."""
_SCHEMES = "#/components/securitySchemes/"


def unsupported_version(document: dict[str, Any], text: bytes) -> str:
    """Return why the version of a document is not supported, with its line in ``text``; empty where it is."""
    key = next((key for key in _KEYS if key in document), "")
    number = _NUMBER.match(str(document.get(key)))
    if number is None or int(number[2] or 0) <= _NEWEST.get(int(number[1]), -1):
        return ""
    found = re.search(rb"""^[ \t{]*["']?%s["']?[ \t]*:""" % key.encode(), text, re.MULTILINE)
    before = text[: found.start()] if found else b""
    number_of_lines = before.count(b"\n") + 1
    line = f"line {number_of_lines}: " if found else ""
    return f"{line}version {document[key]} of OpenAPI is not supported ({SUPPORTED} are)"


def make_local(document: dict[str, Any]) -> None:
    """Change references to the document's own URL, which ``$self`` is, into local ones (OpenAPI Object)."""
    own = document.get("$self")
    for holder, key in references(document) if isinstance(own, str) and "://" in own else ():
        if isinstance(holder[key], str) and holder[key].startswith(f"{own}#"):
            holder[key] = holder[key].removeprefix(str(own))


def make_plain(document: JsonDocument) -> None:
    """Change what only 3.2 has into what all versions have, in place.

    That is media types behind references (Components Object, ``mediaTypes``), the two new forms of the value of an
    example (Example Object), and security requirements that name a scheme by its URI (Security Requirement Object).
    """
    if not str(document.raw.get("openapi", "")).startswith("3.2"):
        return
    for node in _objects(document.raw):
        content = node.get("content")
        if isinstance(content, dict):
            content.update({kind: document.resolved(m) for kind, m in content.items() if document.resolved(m)})
        for _, example in items(node.get("examples")):
            _give_value(document.resolved(example))
        for requirement in node["security"] if isinstance(node.get("security"), list) else ():
            for name in [n for n, _ in items(requirement) if n.startswith(_SCHEMES)]:
                requirement[name.removeprefix(_SCHEMES)] = requirement.pop(name)


def _give_value(example: dict[str, Any]) -> None:
    if "value" in example:
        return
    if "dataValue" in example:
        example["value"] = example["dataValue"]
    elif isinstance(example.get("serializedValue"), str):
        try:
            example["value"] = json.loads(example["serializedValue"])
        except (ValueError, RecursionError):
            return  # of another media type than JSON, whose examples are not checked


def flattened(paths: Any, at: Callable[[str], Any]) -> Any:
    """Return ``paths`` with additional operations beside the others, as Schemathesis finds them; a copy if changed.

    ``at`` returns the path item of a path.
    """
    changed = {}
    for path, _ in items(paths):
        item = at(path)
        more = {method.lower(): operation for method, operation in additional(item)}
        if more:
            changed[path] = {**more, **item}
    return {**paths, **changed} if changed else paths


def additional(item: Any) -> Iterator[tuple[str, Any]]:
    """Yield the additional operations of a path item, by method as it is sent (OpenAPI 3.2, Path Item Object)."""
    yield from items(item.get("additionalOperations") if isinstance(item, dict) else None)


def _objects(root: Any) -> Iterator[dict[str, Any]]:
    """Yield every object of a document that is not within a value, such as an example."""
    pending = [root]
    while pending:
        node = pending.pop()
        if isinstance(node, list):
            pending.extend(node)
        elif isinstance(node, dict):
            yield node
            pending.extend(child for key, child in node.items() if key not in VALUES)
