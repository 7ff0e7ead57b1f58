"""What a request gives an operation: parameters and body, held against the document's schemas, keyword by keyword."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, unquote

import httpx

from harness.core.pointers import escaped
from harness.http.message import is_json
from harness.openapi.document import IN_BODY, Described, Document, schema_place
from harness.openapi.schemas import Schemas, place

MAX_DEPTH = 12
ASSERTIONS = frozenset(
    {
        "type",
        "enum",
        "const",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "minLength",
        "maxLength",
        "pattern",
        "format",
        "minItems",
        "maxItems",
        "uniqueItems",
        "contains",
        "minProperties",
        "maxProperties",
        "required",
        "additionalProperties",
        "dependentRequired",
        "propertyNames",
        "oneOf",
        "anyOf",
        "not",
        "if",
    }
)
"""Keywords that can refuse an input (JSON Schema 2020-12, validation vocabulary)."""
_BETWEEN = {"ssv": " ", "tsv": "\t", "pipes": "|"}
"""What stands between the values of a list (OpenAPI 2.0, ``collectionFormat``); a comma otherwise."""
_WITHIN = ("items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames")
_LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
_MAPS = ("properties", "patternProperties", "dependentSchemas")


class InputCheck:
    """What was found in one request."""

    def __init__(self) -> None:
        """Nothing yet: valid until something is not."""
        self.valid = True
        self.parameters: set[str] = set()
        self.met: set[str] = set()
        self.broken: set[str] = set()


class Inputs:
    """The input that one operation takes."""

    def __init__(self, document: Document, operation: Described, schemas: Schemas) -> None:
        """``schemas`` are those of ``document``."""
        placed = {at: p for at, p in document.placed_parameters(operation).items() if p.get("in") not in IN_BODY}
        self._parameters = list(placed.values())
        self._template = operation.path.strip("/").split("/")
        self._body_required, self._takes_json = document.wants_body(operation)
        self._schemas = schemas
        self._places = {name_of(p): at for pointer, p in placed.items() if (at := schema_place(pointer, p))}
        if body_place := document.placed_body(operation):
            self._places["body"] = body_place
        self.keywords = frozenset(k for at in self._places.values() for k in _keywords(document, at))
        """Where the keywords stand that can refuse an input."""

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the parameters, as ``query limit``."""
        return tuple(name_of(p) for p in self._parameters)

    def look(self, request: httpx.Request) -> InputCheck:
        """Hold a request against the schemas; what cannot be read is invalid."""
        look = InputCheck()
        given = self._given(request)
        for parameter in self._parameters:
            name = name_of(parameter)
            if name in given:
                look.parameters.add(name)
                self._hold(name, given[name], look)
            elif parameter.get("required"):
                look.valid = False
        self._hold_body(request, look)
        return look

    def _given(self, request: httpx.Request) -> dict[str, list[Any]]:
        """Return the readings of each parameter that was given."""
        query: dict[str, list[str]] = {}
        for key, value in parse_qsl(request.url.query.decode("ascii", "replace"), keep_blank_values=True):
            query.setdefault(key, []).append(value)
        steps = request.url.raw_path.decode("ascii", "replace").partition("?")[0].strip("/").split("/")
        steps = steps[max(0, len(steps) - len(self._template)) :]
        path = {t[1:-1]: unquote(s) for t, s in zip(self._template, steps, strict=False) if t.startswith("{")}
        found: dict[str, list[Any]] = {}
        for parameter in self._parameters:
            name, place = parameter["name"], parameter.get("in")
            values = {
                "query": query.get(name) or query.get(f"{name}[]"),
                "path": [path[name]] if name in path else None,
                "header": request.headers.get_list(name),
            }.get(str(place))
            if values:
                found[name_of(parameter)] = _readings(values, _BETWEEN.get(parameter.get("collectionFormat", ""), ","))
        return found

    def _hold(self, name: str, readings: list[Any], look: InputCheck) -> None:
        """Hold a value in each of its readings; one that fits is enough."""
        validator = self._schemas.at(self._places[name]) if name in self._places else None
        if validator is not None:
            _note(validator, _nearest(validator, readings), look)

    def _hold_body(self, request: httpx.Request, look: InputCheck) -> None:
        try:
            raw = request.content
        except httpx.RequestNotRead:
            return  # a stream that is gone; what it held is not known
        if not raw:
            look.valid = look.valid and not self._body_required
            return
        if not self._takes_json:
            return
        try:
            value = json.loads(raw) if is_json(request.headers.get("content-type", "")) else None
        except ValueError:
            value = None
        if value is None and raw != b"null":
            look.valid = False
        elif validator := self._schemas.at(self._places["body"]) if "body" in self._places else None:
            _note(validator, value, look)


def _nearest(validator: Any, readings: list[Any]) -> Any:
    """Return the reading that fits, else one that at least has the right type."""
    typed = (r for r in readings if all(e.evaluation_path[-1:] != ["type"] for e in validator.iter_errors(r)))
    fitting = (r for r in readings if validator.is_valid(r))
    return next(fitting, next(typed, readings[0]))


def _note(validator: Any, value: Any, look: InputCheck) -> None:
    """Note which keywords a value met and which it broke."""
    evaluation = validator.evaluate(value)
    look.valid = look.valid and evaluation.valid
    for detail in evaluation.list()["details"]:
        at = place(detail["schemaLocation"])
        if detail["valid"]:
            look.met.add(at)
        look.broken.update(at if at.endswith(f"/{k}") else f"{at}/{k}" for k in detail.get("errors", ()))


def name_of(parameter: dict[str, Any]) -> str:
    """Return how a parameter is called in a table: ``query limit``."""
    return f"{parameter.get('in')} {parameter['name']}"


def _readings(values: list[str], between: str) -> list[Any]:
    """Return what one parameter's text may mean: each type it can be read as, and a list of several."""
    single = [_scalar(values[0]), values[0]] if len(values) == 1 else []
    parts = values[0].split(between) if len(values) == 1 else values
    return [*single, [_scalar(p) for p in parts], parts]


def _scalar(text: str) -> Any:
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, bool | int | float) or value is None else text


def _keywords(
    document: Document, pointer: str, seen: frozenset[str] = frozenset(), depth: int = MAX_DEPTH
) -> Iterator[str]:
    """Yield where the keywords stand that can refuse an input; a circle of references is walked once."""
    schema = document.at(f"#{pointer}")
    if not isinstance(schema, dict) or depth == 0 or pointer in seen:
        return
    seen |= {pointer}
    reference = schema.get("$ref")
    if isinstance(reference, str) and reference.startswith("#"):
        yield from _keywords(document, reference[1:], seen, depth - 1)
    # `required: false` is a flag of a parameter that is its own schema (OpenAPI 2.0).
    idle = {k for k in schema if schema[k] is True or (k == "required" and schema[k] is False)}
    yield from (f"{pointer}/{k}" for k in schema if k in ASSERTIONS - idle)
    steps = [k for k in _WITHIN if isinstance(schema.get(k), dict)]
    steps += [f"{k}/{n}" for k in _LISTS if isinstance(schema.get(k), list) for n in range(len(schema[k]))]
    steps += [f"{k}/{escaped(n)}" for k in _MAPS if isinstance(schema.get(k), dict) for n in schema[k]]
    for step in steps:
        yield from _keywords(document, f"{pointer}/{step}", seen, depth - 1)
