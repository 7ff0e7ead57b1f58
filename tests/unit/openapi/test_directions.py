"""``readOnly`` and ``writeOnly`` beside ``required``: each binds one direction only."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import httpx
import pytest

from harness.http.message import Request
from harness.openapi.directions import flags_in
from harness.openapi.document_checks import check_document
from harness.openapi.generation import INVALID, VALID, bodies
from harness.openapi.spec_document import Spec
from tests.unit.conftest import document

JSON = (("content-type", "application/json"),)
ID, NAME, PASSWORD = {"type": "string", "readOnly": True}, {"type": "string"}, {"type": "string", "writeOnly": True}
FIELDS = {"id": ID, "name": NAME, "password": PASSWORD}
ALL = ["id", "name", "password"]
SHARED: dict[str, Any] = {
    "Id": ID,
    "Password": PASSWORD,
    "Text": {"type": "string"},
    "Base": {"type": "object", "properties": FIELDS},
    "Flat": {"type": "object", "required": ALL, "properties": FIELDS},
    "All": {"type": "object", "required": ALL},
    "Parent": {"allOf": [{"$ref": "#/components/schemas/All"}, {"description": "what has all of them"}]},
    "Tree": {
        "type": "object",
        "required": ALL,
        "properties": {**FIELDS, "children": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}}},
    },
}


def ref(name: str, **beside: Any) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}", **beside}


def of(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": ALL, "properties": {**FIELDS, **properties}}


SHAPES: dict[str, dict[str, Any]] = {
    "in one schema": of(),
    "no type": {"required": ALL, "properties": FIELDS},
    "flags behind references": of(id=ref("Id"), password=ref("Password")),
    "flags beside references (3.1)": of(id=ref("Text", readOnly=True), password=ref("Text", writeOnly=True)),
    "flags beside allOf": of(
        id={"allOf": [ref("Text")], "readOnly": True}, password={"allOf": [ref("Text"), {"writeOnly": True}]}
    ),
    "flags behind a reference in allOf": of(
        id={"allOf": [ref("Id"), {"maxLength": 9}]}, password={"allOf": [ref("Password")]}
    ),
    "one schema within itself": ref("Tree"),
    "flags of what may be null": of(
        id={"anyOf": [ref("Id"), {"type": "null"}]}, password={"oneOf": [{"type": "null"}, ref("Password")]}
    ),
    "required in another part of allOf": {"allOf": [ref("Base"), {"type": "object", "required": ALL}]},
    "both behind references of allOf": {"allOf": [{"allOf": [ref("Base")]}, ref("All")]},
    "required in a part of a part": {"allOf": [ref("Parent"), ref("Base")]},
    "required beside allOf": {"type": "object", "required": ALL, "allOf": [ref("Base")]},
    "required beside oneOf": {"type": "object", "required": ALL, "oneOf": [ref("Base")]},
    "required in anyOf": {"type": "object", "properties": FIELDS, "anyOf": [{"required": ALL}]},
    "required on a condition": {"type": "object", "properties": FIELDS, "if": {"type": "object"}, "then": ref("All")},
    "a choice": {"oneOf": [ref("Flat"), {"type": "object", "required": ["other"]}]},
    "extensions of Swagger 2.0": of(password={"type": "string", "x-writeOnly": True}),
}
SHAPES_OF_3_1: dict[str, dict[str, Any]] = {
    "required beside a reference": ref("Base", required=ALL),
    "required because of another": {
        "type": "object",
        "required": ["name"],
        "properties": FIELDS,
        "dependentRequired": {"name": ALL},
    },
}
NESTED = {
    "as the body": (lambda s: s, lambda v: v),
    "in a list": (lambda s: {"type": "array", "items": s}, lambda v: [v]),
    "in an object": (
        lambda s: {"type": "object", "required": ["user"], "properties": {"user": s}},
        lambda v: {"user": v},
    ),
}
CASES = [
    pytest.param(version, shape, *NESTED[nested], id=f"{version} {name} {nested}")
    for version in ("3.0.3", "3.1.0")
    for name, shape in ({**SHAPES, **SHAPES_OF_3_1} if version == "3.1.0" else SHAPES).items()
    for nested in (NESTED if version == "3.1.0" else ("in a list",))
]
SENT, ANSWERED = {"name": "a", "password": "p"}, {"id": "1", "name": "a"}
WRONG_SENT, WRONG_ANSWERED = {"name": "a"}, {"name": "a"}


def described(version: str, schema: dict[str, Any], sent: Any, answered: Any) -> Spec:
    """Return a document with one operation that takes and returns ``schema``, with examples."""
    media = [{"application/json": {"schema": schema, "example": example}} for example in (sent, answered)]
    operation = {
        "requestBody": {"required": True, "content": media[0]},
        "responses": {"200": {"description": "ok", "content": media[1]}},
    }
    raw = {
        "openapi": version,
        "info": {"title": "t", "version": "1"},
        "paths": {"/users": {"post": operation}},
        "components": {"schemas": SHARED},
    }
    return Spec(json.loads(json.dumps(raw)), "x")


def request_violations(spec: Spec, body: Any) -> list[str]:
    return spec.request_violations(Request(method="POST", url="/users", headers=JSON, body=json.dumps(body).encode()))


def response_violations(spec: Spec, body: Any) -> list[str]:
    request = httpx.Request("POST", "http://test/users")
    response = httpx.Response(200, json=body, request=request)
    response.elapsed = dt.timedelta()
    found = spec.find("POST", "http://test/users")
    assert found is not None
    return found.violations(response)


@pytest.mark.parametrize("version, shape, wrapped, value", CASES)
def test_each_flag_binds_one_direction(version: str, shape: dict[str, Any], wrapped: Any, value: Any) -> None:
    """Requests go without what is readOnly, responses without what is writeOnly; all else is required of both."""
    spec = described(version, wrapped(shape), value(SENT), value(ANSWERED))

    assert request_violations(spec, value(SENT)) == []
    assert request_violations(spec, value(WRONG_SENT)) != []
    assert response_violations(spec, value(ANSWERED)) == []
    assert [c.slips for c in check_document(spec) if c.slips] == []


@pytest.mark.parametrize("version, shape, wrapped, value", CASES)
def test_a_response_needs_what_is_read_only(version: str, shape: dict[str, Any], wrapped: Any, value: Any) -> None:
    """A response without it, and an example of one, break the document."""
    spec = described(version, wrapped(shape), value(SENT), value(WRONG_ANSWERED))

    assert [v.partition(":")[0] for v in response_violations(spec, value(WRONG_ANSWERED))] == [
        "Response violates schema"
    ]
    assert [c.check.id for c in check_document(spec) if c.slips] == ["response-examples"]


GENERATED = (
    "flags behind a reference in allOf",
    "required in another part of allOf",
    "required in a part of a part",
    "required in anyOf",
)


@pytest.mark.parametrize("shape", [SHAPES[name] for name in GENERATED], ids=GENERATED)
def test_generated_requests_follow_their_direction(shape: dict[str, Any]) -> None:
    """Valid requests go without what is readOnly and have what is writeOnly; invalid ones break something else."""
    spec = described("3.1.0", shape, SENT, ANSWERED)
    operation = spec.operation("POST /users").raw

    valid, invalid = (bodies(operation, mode, examples=5, seed=1) for mode in (VALID, INVALID))
    assert valid
    assert [violation for body in valid for violation in request_violations(spec, body)] == []
    assert [body for body in invalid if not request_violations(spec, body)] == []


def test_swagger_2() -> None:
    """In OpenAPI 2.0 too, what is readOnly is required of responses alone."""
    schema = {"type": "object", "required": ["id", "name"], "properties": {"id": ID, "name": NAME}}
    parameter: dict[str, Any] = {"in": "body", "name": "body", "schema": {"$ref": "#/definitions/User"}}
    answers = {"200": {"description": "ok", "schema": {"type": "array", "items": {"$ref": "#/definitions/User"}}}}
    operation: dict[str, Any] = {"consumes": ["application/json"], "produces": ["application/json"]}
    operation |= {"parameters": [parameter], "responses": answers}
    raw = {"swagger": "2.0", "info": {"title": "t", "version": "1"}, "paths": {"/users": {"post": operation}}}
    spec = Spec({**raw, "definitions": {"User": schema}}, "x")

    assert request_violations(spec, {"name": "a"}) == []
    assert request_violations(spec, {"id": "1"}) == ['POST /users: body $: "name" is a required property']
    assert response_violations(spec, [{"id": "1", "name": "a"}]) == []
    assert response_violations(spec, [{"name": "a"}]) == [
        'Response violates schema: "id" is a required property (at /0)'
    ]


OTHERWISE: dict[str, tuple[dict[str, Any], Any, bool]] = {
    "the shared list binds where nothing is readOnly": (ref("All"), SENT, False),
    "a part of a choice binds that choice": (
        {"oneOf": [ref("Flat"), {"required": ["id", "kind"], "properties": {"kind": {"const": 1}}}]},
        {"kind": 1},
        False,
    ),
    "what must not be there": ({"allOf": [ref("Base"), {"not": {"required": ["id"]}}]}, SENT, True),
    "what must not be there is": ({"allOf": [ref("Base"), {"not": {"required": ["id"]}}]}, {"id": "1"}, False),
    "a condition stays one": (
        {"allOf": [ref("Base"), {"if": {"required": ["id"]}, "then": {"required": ["more"]}}]},
        SENT,
        True,
    ),
    "choices that an absent property tells apart": (
        {"properties": FIELDS, "oneOf": [{"required": ["id"]}, {"required": ["name"]}]},
        {"name": "a"},
        True,
    ),
    "choices that differ in their references": (
        {
            "oneOf": [
                {"required": ["id"], "properties": {"id": ID}},
                {"required": ["name"], "properties": {"name": NAME}},
            ]
        },
        {"name": "a"},
        True,
    ),
    "a property called like a keyword": ({"properties": {"not": of()}}, {"not": SENT}, True),
    "a list called like a property": ({"properties": {"required": ID}, "required": ["required"]}, {}, True),
    "a flag that is false": ({"properties": {"id": {"readOnly": False}}, "required": ["id"]}, {}, False),
    "the flag of a whole object": (
        {"properties": {"id": of(), "o": {**of(), "readOnly": True}}, "required": ["o"]},
        {},
        True,
    ),
}


@pytest.mark.parametrize("schema, body, fits", OTHERWISE.values(), ids=OTHERWISE)
def test_nothing_else_changes(schema: dict[str, Any], body: Any, *, fits: bool) -> None:
    """What is required for another reason, forbidden, or a condition, means what it says."""
    spec = described("3.1.0", schema, {}, {})

    assert (request_violations(spec, body) == []) is fits


USER = {"type": "object", "properties": {"name": {"type": "string"}, "password": {"type": "string", "writeOnly": True}}}
REFERRED = {"$ref": "#/components/schemas/User"}
WITH_PASSWORD = {"name": "Ada", "password": "x"}
WRITE_ONLY: dict[str, tuple[dict[str, Any], Any, str]] = {
    "inline": (USER, WITH_PASSWORD, "/password"),
    "behind a reference": (REFERRED, WITH_PASSWORD, "/password"),
    "in a list": ({"type": "array", "items": REFERRED}, [{"name": "Ada"}, WITH_PASSWORD], "/1/password"),
    "in one of several": ({"anyOf": [REFERRED, {"type": "null"}]}, WITH_PASSWORD, "/password"),
    "the flag behind a reference": (
        {"type": "object", "properties": {"pin": {"$ref": "#/components/schemas/Pin"}}},
        {"pin": "1"},
        "/pin",
    ),
}


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
@pytest.mark.parametrize("schema, value, place", WRITE_ONLY.values(), ids=WRITE_ONLY)
def test_what_is_write_only_is_named_in_a_response(
    schema: dict[str, Any], value: Any, place: str, version: str
) -> None:
    """The check of examples and the judgement of a response both name the property and its flag."""
    media = {"application/json": {"schema": schema, "example": value}}
    responses = {"200": {"description": "fine", "content": media}}
    shared = {"User": USER, "Pin": {"type": "string", "writeOnly": True}}
    spec = Spec(
        document({"/a": {"get": {"responses": responses}}}, components={"schemas": shared}, openapi=version), "spec"
    )

    response = httpx.Response(200, json=value, request=httpx.Request("GET", "http://127.0.0.1/a"))
    response.elapsed = dt.timedelta(0)
    violations = spec.operation("GET /a").violations(response)
    [checked] = [check for check in check_document(spec) if check.check.id == "response-examples"]

    assert [slip.complaint for slip in checked.slips] == [f"GET /a: {place}: it is writeOnly, and no response has it"]
    assert len(violations) == 1
    assert (
        f"`{place.rpartition('/')[2]}` is writeOnly: it is for requests alone, and no response has it" in violations[0]
    )
    assert violations[0].endswith(f"(at {place})")


def test_an_example_within_a_schema_may_be_of_either_direction() -> None:
    """The example of a schema is one of a request as well."""
    spec = Spec(document({"/a": {}}, components={"schemas": {"User": {**USER, "example": WITH_PASSWORD}}}), "spec")

    assert [c.slips for c in check_document(spec) if c.check.id == "schema-examples"] == [()]


FLAGGED: list[tuple[dict[str, Any], set[str]]] = [
    ({"a": [{"readOnly": True}], "b": {"x-writeOnly": True}}, {"readOnly", "x-writeOnly"}),
    ({"a": {"readOnly": False, "writeOnly": "true", "x-readOnly": 1}}, set()),
    ({"a": 'text with "readOnly":true', "b": ['{"writeOnly":true}', '\\"readOnly":true']}, set()),
    ({"readOnly": {"type": "string"}, '"readOnly": true': True, "x-x-readOnly": True}, set()),
    ({"a": {"writeOnly": True}, "b": object(), "c": {2: [{"readOnly": True}]}}, {"writeOnly", "readOnly"}),
    ({"a": {"writeOnly": True}, "b": 2**70, "c": "\ud800"}, {"writeOnly"}),
]


@pytest.mark.parametrize("root, found", FLAGGED)
def test_flags_are_found_wherever_they_are_set(root: dict[str, Any], found: set[str]) -> None:
    """A flag counts where it is true, and not where a text has its words; whatever else the document has."""
    assert flags_in(root) == found
