"""Errors as a document describes them: an example for each operation and status, made before anyone asks."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any, NamedTuple

from harness.core.pointers import escaped, mapped
from harness.http.message import is_json
from harness.openapi.examples import examples_of
from harness.openapi.json_document import described, items
from harness.openapi.operation import contents
from harness.openapi.routes import Routes
from harness.openapi.spec_document import Spec

MOST = 200
"""Schemas for which a body is made ahead of time; most documents have a handful."""
_NUMBERS = frozenset({"status", "statuscode", "status_code", "code"})
"""Members of an error that repeat the status of its response, in small letters (RFC 9457 section 3.1.2)."""


class ErrorExample(NamedTuple):
    """The body of one error."""

    media_type: str
    content: Any


class _Described(NamedTuple):
    media_type: str
    media: dict[str, Any]
    place: str
    """Of the schema, behind all references; empty for none."""


class ErrorExamples:
    """The bodies of errors in one document."""

    def __init__(self, spec: Spec, *, text: str) -> None:
        """Nothing is made yet; ``text`` fills the members of an error that is made."""
        self._spec = spec
        self._text = text
        self._routes = Routes(spec.places)
        self._made: dict[str, Any] = {}

    def prepare(self) -> None:
        """Make what `find` would have to make: that takes time, which would delay an answer."""
        for found in self._all:
            self._content(found)

    def find(self, method: str, path: str, status: int) -> ErrorExample | None:
        """Return an error of the operation that a request goes to; None where the document describes no error.

        That of another status, or of another operation, is better than none: providers have one shape for all.
        """
        label = self._routes.find(method, path)
        own = self._of(label) if label else {}
        keys = (str(status), f"{status // 100}XX", f"{status // 100}xx", "default", *own)
        found = next((own[key] for key in keys if key in own), None) or next(iter(self._all), None)
        content = None if found is None else self._content(found)
        if found is None or content is None:
            return None
        return ErrorExample(found.media_type, _with_status(content, status))

    @cached_property
    def _all(self) -> list[_Described]:
        listed = (found for label in self._spec.places for found in self._of(label).values())
        distinct: dict[str, _Described] = {}
        for found in listed:
            distinct.setdefault(found.place or str(found.media), found)
            if len(distinct) == MOST:
                break
        return list(distinct.values())

    def _of(self, label: str) -> dict[str, _Described]:
        """Return the errors of an operation that have a JSON body, by the key of their response."""
        base = f"{self._spec.places[label]}/responses"
        keys = [key for key, _ in described(self._spec.at(base)) if key[:1] in ("4", "5") or key == "default"]
        found = {key: next(self._json(f"{base}/{escaped(key)}"), None) for key in keys}
        return {key: error for key, error in found.items() if error is not None}

    def _json(self, pointer: str) -> Iterator[_Described]:
        place, response = self._spec.placed(pointer)
        if "schema" in response:  # OpenAPI 2.0
            examples = [value for kind, value in items(response.get("examples")) if is_json(kind)]
            media = {"example": examples[0]} if examples else {}
            yield _Described("application/json", media, self._spec.placed(f"{place}/schema")[0])
        for kind, schema in contents(place, response).items():
            if is_json(kind):
                media = self._spec.resolved(response["content"][kind])
                yield _Described(kind, media, self._spec.placed(schema)[0] if schema else "")

    def _content(self, found: _Described) -> Any:
        """Return the document's own example, else a made one; None where neither is possible."""
        key = found.place or str(found.media)
        for example in examples_of(found.media, found.place, self._spec):
            return example
        if key not in self._made:
            self._made[key] = self._made_of(found.place) if found.place else None
        return self._made[key]

    def _made_of(self, place: str) -> Any:
        from harness.openapi.generation import Ungenerable, simplest

        schema, fits = self._spec.of_responses.standalone(place), self._spec.of_responses.at(place)
        for wanted in (_with_all_members(schema), schema):
            try:
                made = simplest(wanted)
            except Ungenerable:
                continue
            told = mapped(made, lambda value: self._text if value == "" else value)
            return told if fits is not None and fits.is_valid(told) else made
        return None


def _with_all_members(node: Any) -> Any:
    """Return a schema that requires each property: the simplest value would leave the optional ones out."""
    if isinstance(node, list):
        return [_with_all_members(part) for part in node]
    if not isinstance(node, dict):
        return node
    made = {key: _with_all_members(value) for key, value in node.items()}
    properties = made.get("properties")
    return {**made, "required": list(properties)} if isinstance(properties, dict) else made


def _with_status(content: Any, status: int) -> Any:
    """Return an error with the status of its response wherever it repeats that."""
    if not isinstance(content, dict):
        return content
    changed = {}
    for key, value in content.items():
        if key.lower() in _NUMBERS and isinstance(value, int) and not isinstance(value, bool):
            changed[key] = status
        else:
            changed[key] = _with_status(value, status)
    return changed
