"""The OpenAPI document as plain data: references resolved, parts found, whatever is broken in it passed over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from harness.core.pointers import at_pointer, escaped, pointer_of
from harness.http.message import is_json

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
MAX_HOPS = 32
"""References that are followed one after another, before they are taken for a circle."""
IN_BODY = frozenset({"body", "formData"})
"""Places of parameters that are the body, or a part of it (OpenAPI 2.0, Parameter Object)."""


class Described(msgspec.Struct, frozen=True):
    """One operation as it is written down, without its shared parameters."""

    method: str
    """In upper case."""
    path: str
    """The template, as in the document."""
    definition: dict[str, Any]
    shared: tuple[Any, ...]
    """Parameters of the whole path."""

    @property
    def label(self) -> str:
        """``METHOD /path/template``."""
        return f"{self.method} {self.path}"

    @property
    def pointer(self) -> str:
        """Where it stands (RFC 6901)."""
        return pointer_of("paths", self.path, self.method.lower())


def resolved(document: Any, node: Any) -> Any:
    """Follow ``$ref`` within the document until something else stands there; None where it leads nowhere."""
    for _ in range(MAX_HOPS):
        if not (isinstance(node, dict) and isinstance(node.get("$ref"), str)):
            return node
        node = at_pointer(document, node["$ref"])
    return None


class Document:
    """Look-ups in one document; only references within it are followed."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        """``raw`` is the parsed document."""
        self.raw = raw

    def resolved(self, node: Any) -> dict[str, Any]:
        """Follow ``$ref`` from an object to an object; an empty one where it leads nowhere, or round in a circle."""
        found = resolved(self.raw, node)
        return found if isinstance(found, dict) else {}

    def at(self, reference: str) -> Any:
        """Return what a local reference such as ``#/components/schemas/Run`` names, None when nothing."""
        return at_pointer(self.raw, reference)

    def operations(self) -> Iterator[Described]:
        """Yield every operation, in the order of the document."""
        for path, item in _items(self.raw.get("paths")):
            found = self.resolved(item)
            shared = tuple(found.get("parameters") or ())
            for method, definition in found.items():
                if method in METHODS and isinstance(definition, dict):
                    yield Described(method.upper(), path, definition, shared)

    def parameters(self, operation: Described) -> list[dict[str, Any]]:
        """Return the parameters of an operation, its own before those of its path (OpenAPI, Path Item Object)."""
        found: dict[tuple[Any, Any], dict[str, Any]] = {}
        for raw in (*(operation.definition.get("parameters") or ()), *operation.shared):
            parameter = self.resolved(raw)
            found.setdefault((parameter.get("in"), parameter.get("name")), parameter)
        return [p for p in found.values() if isinstance(p.get("name"), str)]

    def placed(self, pointer: str) -> tuple[str, dict[str, Any]]:
        """Return where the object at ``pointer`` really stands, and the object; an empty one where nothing does."""
        for _ in range(MAX_HOPS):
            node = self.at(f"#{pointer}")
            reference = node.get("$ref") if isinstance(node, dict) else None
            if not isinstance(reference, str):
                return pointer, node if isinstance(node, dict) else {}
            pointer = reference.removeprefix("#")
        return pointer, {}

    def placed_parameters(self, operation: Described) -> dict[str, dict[str, Any]]:
        """Return the parameters of an operation by where they stand."""
        bases = [f"{operation.pointer}/parameters", f"/paths/{escaped(operation.path)}/parameters"]
        counts = [len(operation.definition.get("parameters") or ()), len(operation.shared)]
        found: dict[tuple[Any, Any], tuple[str, dict[str, Any]]] = {}
        for base, count in zip(bases, counts, strict=True):
            for index in range(count):
                pointer, parameter = self.placed(f"{base}/{index}")
                if isinstance(parameter.get("name"), str):
                    found.setdefault((parameter.get("in"), parameter["name"]), (pointer, parameter))
        return dict(found.values())

    def placed_body(self, operation: Described) -> str:
        """Return where the schema of an operation's JSON body stands, empty where it has none."""
        pointer, body = self.placed(f"{operation.pointer}/requestBody")
        in_parameters = (
            p for p, parameter in self.placed_parameters(operation).items() if parameter.get("in") == "body"
        )
        return self.placed_content(pointer, body) or next((f"{p}/schema" for p in in_parameters), "")

    def wants_body(self, operation: Described) -> tuple[bool, bool]:
        """Return whether an operation requires a body, and whether it takes JSON."""
        if body := self.resolved(operation.definition.get("requestBody")):
            return bool(body.get("required")), bool(self.json_content(body))
        within = [p for p in self.parameters(operation) if p.get("in") in IN_BODY]
        consumes = operation.definition.get("consumes") or self.raw.get("consumes") or ["application/json"]
        takes_json = any(p["in"] == "body" for p in within) and any(is_json(str(c)) for c in consumes)
        return any(p.get("required") is True for p in within), takes_json

    def placed_content(self, pointer: str, node: Mapping[str, Any]) -> str:
        """Return where the schema for JSON of a body or response at ``pointer`` stands, empty where it has none."""
        for media_type, media in _items(node.get("content")):
            if is_json(media_type) and isinstance(media, dict) and "schema" in media:
                return f"{pointer}/content/{escaped(media_type)}/schema"
        return ""

    def responses(self, operation: Described) -> dict[str, dict[str, Any]]:
        """Return the documented responses by status: ``200``, ``4XX`` or ``default``."""
        return {str(status): self.resolved(r) for status, r in _items(operation.definition.get("responses"))}

    def json_content(self, node: Mapping[str, Any]) -> dict[str, Any]:
        """Return the media type object for JSON of a request body or response, an empty one when it has none."""
        for media_type, media in _items(node.get("content")):
            if is_json(media_type) and isinstance(media, dict):
                return media
        return {}

    def body(self, operation: Described) -> dict[str, Any]:
        """Return the media type object of an operation's JSON body, an empty one when it takes none."""
        return self.json_content(self.resolved(operation.definition.get("requestBody")))

    def webhooks(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield name and POST operation of each webhook (OpenAPI 3.1 ``webhooks``, before that ``x-webhooks``)."""
        for name, item in _items(self.raw.get("webhooks") or self.raw.get("x-webhooks")):
            operation = self.resolved(item).get("post")
            if isinstance(operation, dict):
                yield name, operation


def schema_place(pointer: str, parameter: Mapping[str, Any]) -> str:
    """Return where the schema of a parameter stands: below it or, in OpenAPI 2.0, in its place; empty for none."""
    return f"{pointer}/schema" if "schema" in parameter else pointer if "type" in parameter else ""


def _items(node: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(node, dict):
        yield from ((str(key), value) for key, value in node.items())
