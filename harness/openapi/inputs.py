"""Requests held against the document: what an operation takes, and what a request gives it, keyword by keyword."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any

from harness.core.cutting import cut
from harness.core.pointers import at_pointer, escaped, pointer_of, steps_of
from harness.http.content import content_of
from harness.http.message import is_json, media_type
from harness.openapi.json_document import JsonDocument
from harness.openapi.media_ranges import most_specific
from harness.openapi.operation import IN_BODY, REDACTED, Operation
from harness.openapi.parameters import ParameterReader, ParameterReading, SentTexts, name_of, schema_place
from harness.openapi.schemas import Schemas, place
from harness.openapi.security_schemes import schemes_of

MAX_DEPTH = 12
MAX_ERRORS = 5
"""Violations reported of one body."""
MAX_CHARS = 200
"""Of a value in a message."""
ASSERTIONS = frozenset(
    {"type", "enum", "const", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength"}
    | {"maxLength", "pattern", "format", "minItems", "maxItems", "uniqueItems", "contains", "minProperties"}
    | {"maxProperties", "required", "additionalProperties", "dependentRequired", "propertyNames", "oneOf", "anyOf"}
    | {"not", "if"}
)
"""Keywords that can refuse an input (JSON Schema 2020-12, validation vocabulary)."""
IGNORED = frozenset({"accept", "content-type", "authorization"})
"""Headers that are never parameters, even if the document declares them (OpenAPI 3, Parameter Object)."""
_WORDS = {
    "path": "path parameter",
    "query": "query parameter",
    "querystring": "query string",
    "header": "header",
    "cookie": "cookie",
}
_WITHIN = ("items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames")
_LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
_MAPS = ("properties", "patternProperties", "dependentSchemas")


class InputCheck:
    """What was found in one request."""

    def __init__(self) -> None:
        self.violations: list[str] = []
        self.parameters: set[str] = set()
        """Names of the parameters that were given, as ``query limit``."""
        self.met: set[str] = set()
        """Places of the keywords that were satisfied."""
        self.broken: set[str] = set()
        self.held: list[tuple[Any, Any]] = []
        """Each validator with the value that was held against it."""

    @property
    def valid(self) -> bool:
        """Whether the operation takes such a request."""
        return not self.violations

    def weigh(self) -> None:
        """Note which keywords the values met and which they broke."""
        for validator, value in self.held:
            for detail in validator.evaluate(value).list()["details"]:
                at = place(detail["schemaLocation"])
                if detail["valid"]:
                    self.met.add(at)
                self.broken.update(at if at.endswith(f"/{k}") else f"{at}/{k}" for k in detail.get("errors", ()))


class Inputs:
    """The input that one operation takes."""

    def __init__(self, operation: Operation, schemas: Schemas) -> None:
        """``schemas`` are those of the operation's document, in their form for requests."""
        self._operation, self._schemas = operation, schemas
        placed = {at: p for at, p in operation.placed_parameters.items() if p.get("in") not in IN_BODY}
        self._parameters = list(placed.values())
        self._places = {name_of(p): at for pointer, p in placed.items() if (at := schema_place(pointer, p))}
        self._credentials = credential_names(operation.document)

    @cached_property
    def keywords(self) -> frozenset[str]:
        """Places of the keywords that can refuse an input."""
        body = [self._operation.body_place] if self._operation.body_place else []
        raw = self._operation.document.raw
        return frozenset(k for at in (*self._places.values(), *body) for k in _keywords(raw, at))

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the parameters, as ``query limit``."""
        return tuple(name_of(p) for p in self._parameters)

    def look(self, target: str, headers: Iterable[tuple[str, str]], body: bytes | None) -> InputCheck:
        """Validate a request against the document; ``target`` is a URL, or the path and query of one.

        A ``body`` is as sent; None, or one in a coding that cannot be decoded, is unknown. Placeholders of a recording
        are not validated, and missing credentials are not reported.
        """
        look = InputCheck()
        sent = [(name.lower(), value) for name, value in headers]
        texts = SentTexts(self._operation, target, sent)
        for parameter, reader in zip(self._parameters, self._readers, strict=True):
            found = reader.read(texts)
            if found is not None:
                look.parameters.add(name_of(parameter))
                self._hold(parameter, found, reader, look)
            elif self._is_needed(parameter):
                look.violations.append(f"{_words(parameter)} is missing")
        content = None if body is None else content_of(sent, body)
        if content is not None:
            self._hold_body(dict(sent).get("content-type", ""), content, look)
        return look

    @property
    def required(self) -> list[tuple[str, dict[str, Any]]]:
        """The headers, queries and cookies that each request carries, with their places; no credential among them."""
        placed = self._operation.placed_parameters.items()
        return [(at, p) for at, p in placed if p.get("in") in _WORDS and self._is_needed(p)]

    def _is_needed(self, parameter: dict[str, Any]) -> bool:
        needed = bool(parameter.get("required")) and parameter.get("in") != "path"
        return needed and not self._is_elsewhere(parameter)

    def _is_elsewhere(self, parameter: dict[str, Any]) -> bool:
        """Whether a parameter is a credential, or a header that does not count as a parameter."""
        name = parameter["name"].lower()
        return name in self._credentials or (parameter.get("in") == "header" and name in IGNORED)

    @cached_property
    def _readers(self) -> list[ParameterReader]:
        named = [(parameter.get("in"), parameter["name"]) for parameter in self._parameters]
        return [
            ParameterReader(self._operation.document, parameter, (n for at, n in named if at == place and n != name))
            for parameter, (place, name) in zip(self._parameters, named, strict=True)
        ]

    def _hold(
        self, parameter: dict[str, Any], found: ParameterReading, reader: ParameterReader, look: InputCheck
    ) -> None:
        """Hold a value in each of its readings; one that fits is enough."""
        at = self._places.get(name_of(parameter))
        validator = self._schemas.at(at) if at else None
        is_redacted = any(REDACTED in text for text in found.texts)
        if validator is None or found.is_empty or is_redacted or self._is_elsewhere(parameter):
            return
        if not found.values:
            shown = cut("&".join(found.texts), MAX_CHARS)
            look.violations.append(f'{_words(parameter)}: "{shown}" is not serialised in {reader.described}')
            return
        value = _nearest(validator, found.values)
        look.held.append((validator, value))
        error = next(iter(validator.iter_errors(value)), None)
        look.violations += [f"{_words(parameter)}: {error.message}"] if error else []

    def _hold_body(self, content_type: str, body: bytes, look: InputCheck) -> None:
        described = self._operation.bodies
        if not body:
            look.violations += ["a body is missing"] if self._operation.is_body_required else []
            return
        if not described:
            return  # RFC 9110 gives a body of GET no meaning, and forbids it nowhere
        sent = media_type(content_type)
        fitting = most_specific(described, content_type)
        if fitting is None:
            look.violations.append(
                f"content type {sent or 'none'} is not described; the document has {', '.join(described)}"
            )
        elif is_json(sent):
            look.violations += self._in_json(described[fitting], body, look)

    def _in_json(self, at: str, body: bytes, look: InputCheck) -> list[str]:
        try:
            value = _parsed(body)
        except (ValueError, RecursionError):
            return ["the body is not JSON"]
        validator = self._schemas.at(at) if at else None
        if validator is None:
            return []
        look.held.append((validator, value))
        found = []
        for error in validator.iter_errors(value):
            if isinstance(error.instance, str) and REDACTED in error.instance:
                continue
            where = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in error.instance_path)
            found.append(f"body ${where}: {error.message}")
            if len(found) == MAX_ERRORS:
                break
        return found


def _parsed(body: bytes) -> Any:
    """Return the JSON of a body; half of a surrogate pair, which no validator takes, is replaced."""
    value = json.loads(body)
    if b"\\u" in body or b"\xed" in body:
        return json.loads(json.dumps(value, ensure_ascii=False).encode(errors="replace"))
    return value


def _nearest(validator: Any, options: Sequence[Any]) -> Any:
    """Return the reading that fits, else one that at least has the right type."""
    if len(options) == 1:
        return options[0]
    typed = (r for r in options if all(e.evaluation_path[-1:] != ["type"] for e in validator.iter_errors(r)))
    fitting = (r for r in options if validator.is_valid(r))
    return next(fitting, next(typed, options[0]))


def _words(parameter: dict[str, Any]) -> str:
    return f"{_WORDS.get(str(parameter.get('in')), 'parameter')} {parameter['name']}"


def credential_names(document: JsonDocument) -> frozenset[str]:
    """Return the names of the parameters that hold credentials, in lower case (OpenAPI, Security Scheme Object)."""
    return frozenset(str(scheme.get("name", "authorization")).lower() for scheme in schemes_of(document).values())


def _keywords(document: Any, pointer: str, seen: frozenset[str] = frozenset(), depth: int = MAX_DEPTH) -> Iterator[str]:
    """Yield the places of the keywords that can refuse an input; circular references are followed once."""
    schema = at_pointer(document, pointer)
    if not isinstance(schema, dict) or depth == 0 or pointer in seen:
        return
    seen |= {pointer}
    reference = schema.get("$ref")
    if isinstance(reference, str) and reference.startswith("#"):
        yield from _keywords(document, pointer_of(*steps_of(reference)), seen, depth - 1)
    # `required: false` is a flag of a parameter that is its own schema (OpenAPI 2.0).
    idle = {k for k in schema if schema[k] is True or (k == "required" and schema[k] is False)}
    yield from (f"{pointer}/{k}" for k in schema if k in ASSERTIONS - idle)
    steps = [k for k in _WITHIN if isinstance(schema.get(k), dict)]
    steps += [f"{k}/{n}" for k in _LISTS if isinstance(schema.get(k), list) for n in range(len(schema[k]))]
    steps += [f"{k}/{escaped(n)}" for k in _MAPS if isinstance(schema.get(k), dict) for n in schema[k]]
    for step in steps:
        yield from _keywords(document, f"{pointer}/{step}", seen, depth - 1)
