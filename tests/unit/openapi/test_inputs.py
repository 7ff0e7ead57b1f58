"""One reading of requests: parameters in every style, bodies by the schema that holds in their direction."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.http.message import Request
from harness.openapi.spec_document import Spec

DEEP = {"in": "query", "required": True, "style": "deepObject", "schema": {"type": "object"}}
INTEGERS = {"type": "array", "items": {"type": "integer"}, "maxItems": 2}
JSON = (("content-type", "application/json"),)


def of_parameter(parameter: dict[str, Any], **top: Any) -> Spec:
    path = "/a/{p}" if parameter["in"] == "path" else "/a"
    operation = {"parameters": [{"name": "p", **parameter}], "responses": {"200": {"description": "ok"}}}
    return Spec({"openapi": "3.0.3", "info": {}, "paths": {path: {"get": operation}}, **top}, "x")


STYLES: dict[str, tuple[dict[str, Any], str, bool]] = {
    "form, exploded": ({"in": "query", "schema": INTEGERS}, "/a?p=1&p=2", True),
    "form": ({"in": "query", "explode": False, "schema": INTEGERS}, "/a?p=1,2", True),
    "form, escaped": ({"in": "query", "explode": False, "schema": INTEGERS}, "/a?p=1%2C2", True),
    "too many": ({"in": "query", "schema": INTEGERS}, "/a?p=1&p=2&p=3", False),
    "no numbers": ({"in": "query", "schema": INTEGERS}, "/a?p=1&p=x", False),
    "pipes": ({"in": "query", "style": "pipeDelimited", "schema": INTEGERS}, "/a?p=1|2", True),
    "spaces": ({"in": "query", "style": "spaceDelimited", "schema": INTEGERS}, "/a?p=1%202", True),
    "brackets": ({"in": "query", "schema": INTEGERS}, "/a?p[]=1&p[]=2", True),
    "deep object": (DEEP, "/a?p[x]=1", True),
    "no deep object": (DEEP, "/a?q=1", False),
    "label": ({"in": "path", "style": "label", "schema": {"type": "integer"}}, "/a/.5", True),
    "matrix": ({"in": "path", "style": "matrix", "schema": {"type": "integer"}}, "/a/;p=5", True),
    "simple list": ({"in": "path", "schema": INTEGERS}, "/a/1,2", True),
    "JSON": ({"in": "query", "content": {"application/json": {"schema": INTEGERS}}}, "/a?p=[1,2]", True),
    "other JSON": ({"in": "query", "content": {"application/json": {"schema": INTEGERS}}}, '/a?p=["x"]', False),
    "null": ({"in": "query", "schema": {"type": "integer", "nullable": True}}, "/a?p=null", True),
    "schema behind a reference": ({"in": "query", "schema": {"$ref": "#/components/schemas/I"}}, "/a?p=x", False),
}


@pytest.mark.parametrize("parameter, target, fine", STYLES.values(), ids=STYLES)
def test_parameters_are_read_by_their_style(parameter: dict[str, Any], target: str, fine: bool) -> None:  # noqa: FBT001
    """Each style of OpenAPI 3, with what clients make of it; coverage and validation ask the same code."""
    spec = of_parameter(parameter, components={"schemas": {"I": {"type": "integer"}}})
    operation = spec.find("GET", target)
    assert operation is not None

    assert (spec.request_violations(Request(method="GET", url=target)) == []) is fine
    assert spec.inputs(operation).look(target, [], b"").valid is fine


FORMATS = [("csv", ","), ("ssv", "%20"), ("tsv", "%09"), ("pipes", "|"), ("multi", "&p=")]


@pytest.mark.parametrize("kind, between", FORMATS)
def test_parameters_of_swagger_2(kind: str, between: str) -> None:
    """Each `collectionFormat`; too many values are too many in each."""
    parameter = {"name": "p", "in": "query", "collectionFormat": kind, **INTEGERS}
    path = {"get": {"parameters": [parameter], "responses": {"200": {"description": "ok"}}}}
    spec = Spec({"swagger": "2.0", "info": {}, "paths": {"/a": path}}, "x")

    assert spec.request_violations(Request(method="GET", url=f"/a?p=1{between}2")) == []
    assert spec.request_violations(Request(method="GET", url=f"/a?p=1{between}2{between}3")) == [
        "GET /a: query parameter p: [1,2,3] has more than 2 items"
    ]


def test_headers_that_are_no_parameters() -> None:
    """Accept, Content-Type and Authorization are described elsewhere (OpenAPI 3, Parameter Object)."""
    spec = of_parameter({"in": "header", "name": "Authorization", "required": True, "schema": {"type": "integer"}})

    assert spec.request_violations(Request(method="GET", url="/a")) == []
    assert spec.request_violations(Request(method="GET", url="/a", headers=(("authorization", "Bearer x"),))) == []


USER = {
    "type": "object",
    "required": ["id", "name", "password"],
    "properties": {
        "id": {"type": "string", "readOnly": True},
        "name": {"type": "string", "nullable": True},
        "password": {"$ref": "#/components/schemas/Password"},
    },
}
SCHEMAS = {
    "Password": {"type": "string", "writeOnly": True},
    "User": USER,
    "Split": {"allOf": [{"properties": USER["properties"]}, {"required": USER["required"]}]},
    "Extended": {"allOf": [{"$ref": "#/components/schemas/User"}], "required": ["id", "more"]},
}
BODIES = [
    ("User", {"name": None, "password": "x"}, []),
    ("User", {"name": "a"}, ['body $: "password" is a required property']),
    ("User", {"name": 5, "password": "x"}, ['body $.name: 5 is not of types "null", "string"']),
    ("Split", {"name": "a", "password": "x"}, []),
    ("Split", {"password": "x"}, ['body $: "name" is a required property']),
    ("Extended", {"name": "a", "password": "x", "more": 1}, []),
    ("Extended", {"name": "a", "password": "x"}, ['body $: "more" is a required property']),
    ("User", {"name": "a\ud800", "password": "x"}, []),
    ("User", {"name": ["a\ud800"], "password": "x"}, ['body $.name: ["a?"] is not of types "null", "string"']),
    ("User", {"\udfff": 1, "password": "x", "name": 5}, ['body $.name: 5 is not of types "null", "string"']),
]


@pytest.mark.parametrize("name, body, said", BODIES)
def test_bodies_are_held_in_their_direction(name: str, body: dict[str, Any], said: list[str]) -> None:
    """A request needs no readOnly property, null is allowed where the schema is nullable, all else is judged."""
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}
    path = {"post": {"requestBody": {"content": content}, "responses": {"200": {"description": "ok"}}}}
    spec = Spec({"openapi": "3.0.3", "info": {}, "paths": {"/a": path}, "components": {"schemas": SCHEMAS}}, "x")

    found = spec.request_violations(Request(method="POST", url="/a", headers=JSON, body=json.dumps(body).encode()))

    assert found == [f"POST /a: {each}" for each in said]


def test_each_direction_has_schemas_of_its_own() -> None:
    """A response needs no writeOnly property, and where the direction is unknown neither is missed."""
    document = {"openapi": "3.0.3", "paths": {}, "components": {"schemas": SCHEMAS}}
    spec, at = Spec(document, "x"), "/components/schemas/User"

    whole = {"id": "1", "name": "a", "password": "x"}
    missing = {key: {k: v for k, v in whole.items() if k != key} for key in whole}
    fits = {
        key: [s.at(at).is_valid(body) for s in (spec.of_requests, spec.of_responses, spec.of_either)]
        for key, body in missing.items()
    }
    assert fits == {"id": [True, False, True], "name": [False, False, False], "password": [False, True, True]}
