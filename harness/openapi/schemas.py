"""The document's schemas, ready to validate with: each by its place, in one dialect, compiled when first asked for."""

from __future__ import annotations

from contextlib import suppress
from functools import cached_property
from typing import Any
from urllib.parse import unquote

import jsonschema_rs

from harness.core.pointers import as_fragment, at_pointer, mapped
from harness.openapi.bundling import FILES
from harness.openapi.directions import READ_ONLY, WRITE_ONLY, Directions
from harness.openapi.formats import formats_of
from harness.openapi.json_document import JsonDocument
from harness.openapi.references import references

URN = "urn:document"
_SHARED = ("components", "definitions", FILES)
"""Keys of a document that contain schemas for others to refer to."""


class Schemas:
    """Validators for schemas at their places in a document, so that every reference finds what it names."""

    def __init__(self, document: JsonDocument, *, without: tuple[str, ...] = (), forbid: bool = False) -> None:
        """Nothing is compiled yet. ``without`` are the flags of properties that need not be there; see `Directions`.

        With ``forbid`` they may not be there either.
        """
        self._document, self._without, self._forbid = document, without, forbid
        self._compiled: dict[str, Any] = {}
        self._mended = False

    @cached_property
    def _schemas(self) -> Any:
        made = dialect(self._document.raw)
        if self._without:
            directions = Directions(JsonDocument(made).resolved, self._without)
            directions.relax(made)
            if self._forbid:
                directions.forbid(made)
        return made

    @cached_property
    def _registry(self) -> Any:
        try:
            return jsonschema_rs.Registry([(URN, self._schemas)], draft=jsonschema_rs.Draft202012)
        except ValueError:  # half a surrogate pair, which JSON can escape and UTF-8 cannot carry
            self._schemas = mapped(self._schemas, _encodable)
            return jsonschema_rs.Registry([(URN, self._schemas)], draft=jsonschema_rs.Draft202012)

    def standalone(self, pointer: str) -> dict[str, Any]:
        """Return the schema at ``pointer`` with all that it may refer to beside it."""
        schema = JsonDocument(self._schemas).placed(pointer)[1]
        return {**{key: self._schemas[key] for key in _SHARED if key in self._schemas}, **schema}

    def at(self, pointer: str) -> Any:
        """Return the validator of the schema at ``pointer``, None where there is none that can be compiled."""
        if pointer not in self._compiled:
            try:
                made = self._made(pointer)
            except (ValueError, jsonschema_rs.ReferencingError):
                made = self._made_without_references(pointer)
            self._compiled[pointer] = made
        return self._compiled[pointer]

    def _made(self, pointer: str) -> Any:
        return jsonschema_rs.Draft202012Validator(
            {"$ref": URN + as_fragment(pointer)},
            registry=self._registry,
            validate_formats=True,
            formats=formats_of(self._document.raw),
        )

    def _made_without_references(self, pointer: str) -> Any:
        """Return a validator that takes anything where a reference leads nowhere, and so checks all the rest."""
        if not self._mended:
            self._mended = True
            document = JsonDocument(self._schemas)
            for holder, key in references(self._schemas):
                if key == "$ref" and at_pointer(self._schemas, holder[key]) is None:
                    try:
                        holder[key] = as_fragment(document.locate(holder[key])[0])  # through another reference
                    except LookupError:
                        del holder[key]
            self.__dict__.pop("_registry", None)
        with suppress(ValueError, jsonschema_rs.ReferencingError):
            return self._made(pointer)
        return None  # not a schema


def _encodable(value: Any) -> Any:
    return value.encode(errors="replace").decode() if isinstance(value, str) else value


def place(location: str) -> str:
    """Return the pointer into the document behind a schema location that a validator names, empty for another."""
    return unquote(location.removeprefix(f"{URN}#")) if location.startswith(f"{URN}#") else ""


def dialect(schema: Any) -> Any:
    """Return OpenAPI's own schemas as JSON Schema.

    That is ``nullable`` and bounds that a flag excludes (3.0, Schema Object), and parameters that are their own schema
    with a flag for required (2.0, Parameter Object). Strictly, ``nullable`` beside ``allOf`` or ``$ref`` allows nothing
    more; it is read as its authors mean it.
    """
    if isinstance(schema, list):
        return [dialect(s) for s in schema]
    if not isinstance(schema, dict):
        return schema
    made = {str(k): dialect(v) for k, v in schema.items()}
    for key, bound in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if made.get(key) is True and bound in made:
            made[key] = made.pop(bound)
        elif isinstance(made.get(key), bool):
            made.pop(key)
    if isinstance(made.get("required"), bool):
        made.pop("required")
    return _with_null(made) if made.get("nullable") is True else made


def _with_null(schema: Any) -> Any:
    """Return a schema that also allows null, with every part of it still at its place."""
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        flags = {key: schema[key] for key in (READ_ONLY, WRITE_ONLY) if key in schema}
        return {**flags, "anyOf": [{"$ref": schema["$ref"]}, {"type": "null"}]}
    made = dict(schema)
    if isinstance(made.get("type"), str):
        made["type"] = [made["type"], "null"]
    if isinstance(made.get("enum"), list) and None not in made["enum"]:
        made["enum"] = [*made["enum"], None]
    for key in ("anyOf", "oneOf"):
        if isinstance(made.get(key), list):
            made[key] = [*made[key], {"type": "null"}]
    if isinstance(made.get("allOf"), list):
        made["allOf"] = [_with_null(s) for s in made["allOf"]]
    return made
