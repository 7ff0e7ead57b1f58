"""Bodies of responses, judged in their direction."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, ClassVar

import httpx
import msgspec

from harness.core.pointers import at_pointer, escaped, pointer_of
from harness.http.message import is_json, media_type
from harness.openapi.formats import formats_of, is_local_time
from harness.openapi.media_ranges import most_specific
from harness.openapi.operation import Operation, contents
from harness.openapi.schemas import Schemas

CHECK = "response_schema_conformance"
"""Schemathesis' name of the check of bodies, which ids of defects contain."""
TITLE = "Response violates schema"
_SEQUENCES = frozenset(
    {
        "application/jsonl",
        "application/x-ndjson",
        "application/ndjson",
        "application/x-jsonlines",
        "application/json-seq",
    }
)
"""Media types of JSON texts one after another, between line feeds or record separators (RFC 7464)."""
_SEPARATORS = re.compile("[\n\x1e]")


class BodyFailure(msgspec.Struct, frozen=True, kw_only=True):
    """A value in a body that breaks its schema; its attributes are those of Schemathesis' failures."""

    checks: ClassVar[tuple[str, ...]] = (CHECK,)
    operation: str
    message: str
    instance: Any
    instance_path: list[str | int]
    schema_path: list[str | int]
    title: str = TITLE


def judged(
    operation: Operation,
    response: httpx.Response,
    failures: Sequence[Any],
    schemas: Schemas,
    sent_back: Schemas | None = None,
) -> Sequence[Any]:
    """Return the failures that Schemathesis found in a response, with the verdict of ``schemas`` about the body.

    Schemathesis applies ``readOnly`` and ``writeOnly`` only where the property and the list of required ones are in
    one schema. It also forbids what is ``writeOnly`` in a response, without the reason, which ``sent_back`` knows.
    """
    failures = [*failures, *_of_items(operation, response, schemas)]
    place = place_of_schema(operation, response)
    validator = schemas.at(place) if place else None
    if validator is None:
        return failures
    try:
        value = json.loads(response.content)
    except (ValueError, RecursionError):
        return failures
    error = next(iter(validator.iter_errors(value)), None)
    if error is None:
        others = [f for f in failures if getattr(f, "title", "") != TITLE or f.schema_path[-1:] == ["not"]]
        return _with_write_only(others, operation, value, sent_back.at(place)) if sent_back is not None else others
    if any(getattr(f, "title", "") == TITLE for f in failures):
        return failures
    own = BodyFailure(
        operation=operation.label,
        message=error.message,
        instance=error.instance,
        instance_path=error.instance_path,
        schema_path=error.schema_path,
    )
    return [*failures, own]


def write_only_in(value: Any, validator: Any) -> list[list[str | int]]:
    """Return the paths to what of a response is only for requests; ``validator`` is one of `Spec.sent_back`."""
    errors = _leaves(validator.iter_errors(value)) if validator is not None else ()
    found = (list(error.instance_path) for error in errors if error.kind.name == "falseSchema")
    return [path for _, path in sorted({pointer_of(*path): path for path in found}.items())]


def _leaves(errors: Iterable[Any]) -> Iterator[Any]:
    """Yield errors with those of every choice that none of a schema's choices admits."""
    for error in errors:
        yield error
        for choice in getattr(error.kind, "context", ()):
            yield from _leaves(choice)


def _with_write_only(failures: list[Any], operation: Operation, value: Any, validator: Any) -> list[Any]:
    """Return failures with the reason for those that are about a property that is ``writeOnly``, and with others."""
    known = {pointer_of(*f.instance_path): f for f in failures if getattr(f, "title", "") == TITLE}
    named = {pointer_of(*path): path for path in write_only_in(value, validator)}
    own = [
        BodyFailure(
            operation=operation.label,
            message=f"`{path[-1]}` is writeOnly: it is for requests alone, and no response has it",
            instance=at_pointer(value, pointer),
            instance_path=path,
            schema_path=list(known[pointer].schema_path) if pointer in known else ["properties", path[-1], "not"],
        )
        for pointer, path in named.items()
    ]
    return [*(f for f in failures if all(f is not known.get(pointer) for pointer in named)), *own]


def _of_items(operation: Operation, response: httpx.Response, schemas: Schemas) -> Iterator[BodyFailure]:
    """Yield how the first wrong item of a sequence of JSON breaks ``itemSchema`` (OpenAPI 3.2, Media Type Object)."""
    kind, key = response.headers.get("content-type", ""), operation.key_of(response.status_code)
    if not key or media_type(kind) not in _SEQUENCES:
        return
    pointer, described = operation.document.placed(f"{operation.pointer}/responses/{escaped(key)}")
    chosen = most_specific(contents(pointer, described), kind)
    media = described["content"][chosen] if chosen else None
    validator = (
        schemas.at(f"{pointer}/content/{escaped(str(chosen))}/itemSchema") if "itemSchema" in (media or ()) else None
    )
    for number, line in enumerate(_SEPARATORS.split(response.text) if validator is not None else ()):
        if line.strip() and (failure := _of_item(operation, number, line, validator)):
            yield failure
            return


def _of_item(operation: Operation, number: int, text: str, validator: Any) -> BodyFailure | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return BodyFailure(
            operation=operation.label, message="not JSON", instance=text, instance_path=[number], schema_path=[]
        )
    error = next(iter(validator.iter_errors(value)), None)
    return error and BodyFailure(
        operation=operation.label,
        message=error.message,
        instance=error.instance,
        instance_path=[number, *error.instance_path],
        schema_path=error.schema_path,
    )


def without_local_times(failures: Sequence[Any], document: dict[str, Any]) -> Sequence[Any]:
    """Return the failures without those of times that the version of OpenAPI allows; see `formats_of`."""
    if not failures or "time" not in formats_of(document):
        return failures
    return [f for f in failures if not (_is_of_format(f) and is_local_time(f.instance))]


def _is_of_format(failure: Any) -> bool:
    return getattr(failure, "schema_path", [])[-1:] == ["format"]


def place_of_schema(operation: Operation, response: httpx.Response) -> str:
    """Return the place of the schema for the JSON body of a response; empty if there is none."""
    kind, key = response.headers.get("content-type", ""), operation.key_of(response.status_code)
    if not key or not is_json(kind):
        return ""
    pointer, described = operation.document.placed(f"{operation.pointer}/responses/{escaped(key)}")
    if "schema" in described:  # OpenAPI 2.0
        return f"{pointer}/schema"
    places = contents(pointer, described)
    return places.get(most_specific(places, kind) or "", "")
