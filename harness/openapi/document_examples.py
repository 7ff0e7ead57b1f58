"""The examples of a document, each held against the schema beside it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from harness.core.cutting import cut_before
from harness.core.pointers import at_pointer, escaped, pointer_of
from harness.http.message import is_json
from harness.openapi.json_document import described, items
from harness.openapi.operation import Operation, contents
from harness.openapi.response_bodies import write_only_in
from harness.openapi.schemas import Schemas
from harness.openapi.spec_document import Spec

MAX_DEPTH = 12


class CheckedPlace(msgspec.Struct, frozen=True):
    """One part of the document that was checked."""

    pointer: str
    """Its place in the document, a JSON pointer (RFC 6901)."""
    complaint: str = ""
    """What is wrong with it; empty when nothing is."""


CheckedPlaces = Iterator[CheckedPlace]
_Directed = tuple[Schemas, Schemas | None]
"""The schemas that hold, and those that forbid what is only for requests, where that matters."""


def response_examples(spec: Spec) -> CheckedPlaces:
    """Hold the examples of responses against their schemas, also those of OpenAPI 2.0."""
    for operation in (*spec.operations, *spec.callbacks, *spec.webhooks):
        for status in operation.responses:
            pointer, response = spec.placed(f"{operation.pointer}/responses/{escaped(status)}")
            schemas = (spec.of_responses, spec.sent_back)
            yield from _in_content(spec, schemas, pointer, response, operation)
            if "schema" in response:  # OpenAPI 2.0, Example Object
                listed = [(k, e) for k, e in described(response.get("examples")) if is_json(k)]
                found = [(f"{pointer}/examples/{escaped(kind)}", example) for kind, example in listed]
                yield from _validated(spec, schemas, f"{pointer}/schema", found, operation.label)


def request_examples(spec: Spec) -> CheckedPlaces:
    """Hold the examples of bodies that are sent against their schemas, in both directions."""
    directed = [(spec.of_requests, spec.operations), (spec.of_either, (*spec.callbacks, *spec.webhooks))]
    for schemas, operation in ((schemas, o) for schemas, operations in directed for o in operations):
        pointer, body = spec.placed(f"{operation.pointer}/requestBody")
        yield from _in_content(spec, (schemas, None), pointer, body, operation)


def parameter_examples(spec: Spec) -> CheckedPlaces:
    """Hold the examples of parameters against their schemas."""
    for operation in spec.operations:
        for pointer, parameter in operation.placed_parameters.items():
            if "schema" in parameter:
                yield from _held(spec, (spec.of_requests, None), pointer, parameter, operation.label)


def _in_content(
    spec: Spec, schemas: _Directed, pointer: str, node: dict[str, Any], operation: Operation
) -> CheckedPlaces:
    for media_type, place in contents(pointer, node).items():
        if is_json(media_type) and place:
            yield from _held(spec, schemas, place.removesuffix("/schema"), node["content"][media_type], operation.label)


def _held(spec: Spec, schemas: _Directed, pointer: str, node: dict[str, Any], label: str) -> CheckedPlaces:
    """Validate the examples beside a schema."""
    found = [(f"{pointer}/example", node["example"])] if "example" in node else []
    for name, raw in items(node.get("examples")):
        found.append((f"{pointer}/examples/{escaped(name)}", spec.resolved(raw).get("value")))
    yield from _validated(spec, schemas, f"{pointer}/schema", found, label)


def _validated(
    spec: Spec, schemas: _Directed, schema: str, examples: list[tuple[str, Any]], label: str
) -> CheckedPlaces:
    """Validate examples, by their places, against the schema at a pointer, which is compiled only if there is one.

    An example without a value, which YAML turns into null, does not count.
    """
    allowed, sent_back = schemas
    for at, value in examples:
        if value is not None and (validator := allowed.at(schema)) is not None:
            complaint = _complaint(validator, value, label)
            if complaint and (filled := spec.bundle.filled(value, at)) != value:
                complaint = _complaint(validator, filled, label)
            if not complaint and sent_back is not None and (found := write_only_in(value, sent_back.at(schema))):
                complaint = f"{label}: {pointer_of(*found[0])}: it is writeOnly, and no response has it"
            yield CheckedPlace(at, complaint)


def _complaint(validator: Any, value: Any, label: str) -> str:
    error = next(iter(validator.iter_errors(value)), None)
    if error is None:
        return ""
    where = pointer_of(*error.instance_path)
    message = str(error.message)
    return f"{label}: {where or 'it'}: {cut_before(message, 160)}"


def schema_examples(spec: Spec) -> CheckedPlaces:
    """Hold the examples within component schemas against them (JSON Schema, ``examples``)."""
    for base in ("/components/schemas", "/definitions"):
        for name, _ in items(spec.at(base)):
            yield from _within(spec, f"{base}/{escaped(name)}", MAX_DEPTH)


def _within(spec: Spec, pointer: str, depth: int) -> CheckedPlaces:
    schema = at_pointer(spec.raw, pointer)
    if not isinstance(schema, dict) or depth == 0 or "$ref" in schema:
        return
    found = [(f"{pointer}/example", schema["example"])] if "example" in schema else []
    several = schema.get("examples")
    found += [(f"{pointer}/examples/{n}", v) for n, v in enumerate(several)] if isinstance(several, list) else []
    yield from _validated(spec, (spec.of_either, None), pointer, found, "schema")
    inner = [f"properties/{escaped(n)}" for n, _ in items(schema.get("properties"))]
    inner += [k for k in ("items", "additionalProperties") if isinstance(schema.get(k), dict)]
    inner += [f"{k}/{n}" for k in ("allOf", "anyOf", "oneOf") for n in range(len(schema.get(k) or ()))]
    for step in inner:
        yield from _within(spec, f"{pointer}/{step}", depth - 1)
