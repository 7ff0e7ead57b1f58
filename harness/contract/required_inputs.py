"""Values for what the document requires of every call beside path and body: headers, queries and cookies."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

import msgspec

from harness.core.idempotency_names import KEY_HEADERS, is_key_member
from harness.openapi.invalid_bodies import parts_of
from harness.openapi.json_document import items
from harness.openapi.operation import Operation
from harness.openapi.parameter_writing import in_cookie, in_header, in_query
from harness.openapi.parameters import schema_place
from harness.openapi.spec_document import Spec

PRECONDITION = "if-match"
"""The header that a write carries where it must name the state which it changes (RFC 9110 section 13.1.1)."""
_PLAIN = ("harness", 1, "1")
"""Values that are tried before one is generated, which takes the generator's import."""


class RequiredInputs(msgspec.Struct, frozen=True, kw_only=True):
    """What a call carries beside path and body because the document requires it."""

    headers: dict[str, str]
    query: str
    """Percent-encoded; empty for none."""
    unknown: tuple[str, ...]
    """Names of required parameters for which no value was found."""


def required_inputs(
    spec: Spec,
    operation: Operation,
    *,
    given: Mapping[str, Collection[str]],
    known: Callable[[str], Any],
) -> RequiredInputs:
    """Return the required inputs that ``given`` does not have.

    It has names in lower case, by ``header``, ``query`` and ``cookie``. ``known`` returns a value that the run learnt
    for a parameter's name, None where it learnt none.
    """
    headers: dict[str, str] = {}
    queries, cookies, unknown = [], [], []
    for pointer, parameter in spec.inputs(operation).required:
        name, place = parameter["name"], parameter["in"]
        if name.lower() in given.get(place, ()):
            continue
        value = value_for(spec, pointer, parameter, known)
        if value is None:
            unknown.append(name)
        elif place == "header":
            headers[name] = in_header(parameter, value)
        elif place == "cookie":
            cookies.append(in_cookie(parameter, value))
        else:
            queries.append(in_query(parameter, value))
    if cookies:
        headers["Cookie"] = "; ".join(cookies)
    return RequiredInputs(headers=headers, query="&".join(queries), unknown=tuple(unknown))


def value_for(spec: Spec, pointer: str, parameter: dict[str, Any], known: Callable[[str], Any]) -> Any:
    """Return a value for the parameter at ``pointer`` that its schema admits: an example, a known or a made-up one.

    An idempotency key is a new one each time; If-Match names the entity tag that was read, else any. None where no
    value can be made.
    """
    if parameter.get("in") == "header" and parameter["name"].lower() in KEY_HEADERS:
        return fresh_key(spec, pointer, parameter)
    if parameter.get("in") == "header" and parameter["name"].lower() == PRECONDITION:
        return known(parameter["name"]) or "*"
    if (given := example(spec, parameter)) is not None:
        return given
    place = schema_place(pointer, parameter)
    fitting = (v for v in (known(parameter["name"]), *_PLAIN) if v is not None and is_valid(spec, place, v))
    found = next(fitting, None)
    return _generated(spec, place) if found is None else found


def fresh_key(spec: Spec, pointer: str, parameter: Mapping[str, Any]) -> str:
    """Return an idempotency key that was never used: a UUID, or another text where the schema does not admit one."""
    place = schema_place(pointer, parameter)
    return fitting_key(lambda key: is_valid(spec, place, key))


def fitting_key(fits: Callable[[str], bool]) -> str:
    """Return an idempotency key that was never used and ``fits``; a UUID where none does."""
    made = secrets.token_hex(16)
    keys = (str(uuid.uuid4()), made, made[:16], made[:8], made.upper(), str(secrets.randbits(53)))
    return next((key for key in keys if fits(key)), keys[0])


def key_member(spec: Spec, operation: Operation) -> str:
    """Return the name of the member of its JSON body that is the idempotency key, empty where it has none."""
    parts = parts_of(spec, spec.placed(operation.body_place)[1]) if operation.body_place else []
    return next((name for part in parts for name, _ in items(part.get("properties")) if is_key_member(name)), "")


def under_new_key(spec: Spec, operation: Operation, body: Any) -> Any:
    """Return a body with a new key in the member that has one; the same body where it is none that the schema admits.

    A repeated key is a repeated call, which is answered as the first one was.
    """
    member = next(filter(is_key_member, body), "") if isinstance(body, dict) else ""
    if not member or member != key_member(spec, operation) or not is_valid(spec, operation.body_place, body):
        return body
    return {**body, member: fitting_key(lambda key: is_valid(spec, operation.body_place, {**body, member: key}))}


def example(spec: Spec, parameter: dict[str, Any]) -> Any:
    """Return a value that the document gives for a parameter, None where it gives none."""
    return next(_examples(spec, parameter), None)


def _examples(spec: Spec, parameter: dict[str, Any]) -> Iterator[Any]:
    schema = spec.resolved(parameter.get("schema", parameter))  # OpenAPI 2.0: the parameter is its own schema
    several = parameter.get("examples")
    named = [spec.resolved(e).get("value") for e in several.values()] if isinstance(several, dict) else []
    given = [parameter.get("example"), parameter.get("x-example"), *named]
    lists = [schema[k] for k in ("examples", "enum") if isinstance(schema.get(k), list)]
    of_schema = [schema.get(key) for key in ("example", "default", "const")]
    yield from (v for v in (*given, *of_schema, *(v for values in lists for v in values)) if v is not None)


def is_valid(spec: Spec, place: str, value: Any) -> bool:
    """Whether the schema at a place admits a value; one that cannot be read admits any."""
    schema = spec.of_requests.at(place) if place else None
    return schema is None or bool(schema.is_valid(value))


def _generated(spec: Spec, place: str) -> Any:
    from harness.openapi.generation import Ungenerable, simplest

    try:
        return simplest(spec.of_requests.standalone(place))
    except Ungenerable:
        return None
