"""Every style of OpenAPI 3 and every format of 2.0: a value that was serialised by it is read, another one is found."""

from __future__ import annotations

from typing import Any

import pytest

from harness.http.message import Request
from harness.openapi.spec_document import Spec

TEXT, WHOLE, FLAG = {"type": "string"}, {"type": "integer"}, {"type": "boolean"}
LIST = {"type": "array", "items": WHOLE, "minItems": 2, "maxItems": 3}
WORDS = {"type": "array", "items": {"enum": ["a,b", "c d", "e|f", "g"]}, "minItems": 2}
RGB = {
    "type": "object",
    "properties": {"R": WHOLE, "G": WHOLE, "name": TEXT},
    "required": ["R", "G"],
    "additionalProperties": False,
}
MAP = {"type": "object", "additionalProperties": WHOLE, "minProperties": 2}
NESTED = {
    "type": "object",
    "properties": {"price": {"type": "object", "properties": {"gte": WHOLE}}, "tags": {"type": "array", "items": TEXT}},
    "required": ["price"],
}
EITHER = {"anyOf": [WHOLE, {"type": "object", "properties": {"gte": WHOLE}, "required": ["gte"]}]}

Row = tuple[dict[str, Any], dict[str, Any], list[str], list[str]]
"""Keys of the parameter, its schema, what is right, and what is wrong."""

QUERIES: dict[str, Row] = {
    "form": ({}, WHOLE, ["p=5", "q=x&p=5&p=6"], ["p=x", "p=", "p", "p=5,6", "p=1%2C2"]),
    "form, text": ({}, TEXT, ["p=a,b", "p=a%26b", "p=", "p=5", "p=true", "p=a+b"], []),
    "form, flag": ({}, FLAG, ["p=true", "p=false"], ["p=True", "p=1", "p=yes"]),
    "form, list": (
        {"explode": True},
        LIST,
        ["p=1&p=2", "p=1&q=9&p=2", "p[]=1&p[]=2", "p[0]=1&p[1]=2"],
        ["p=1,2", "p=1", "p=1&p=x"],
    ),
    "form, list, by default": ({}, LIST, ["p=1&p=2", "p=1,2"], ["p=1|2", "p=1", "p=1,x", "p=1&p=x"]),
    "form, list of any text": ({"style": "form"}, {**LIST, "items": TEXT}, ["p=1&p=b,c"], ["p=1,2"]),
    "form, object": (
        {},
        RGB,
        ["R=100&G=200", "G=1&R=2&name=x&utm=9", "R=1&G=2&name=5"],
        ["R=100", "R=x&G=1", "p=R,1,G,2"],
    ),
    "form, map": ({}, MAP, ["a=1&b=2"], ["a=1", "a=1&b=x"]),
    "form, not exploded": (
        {"explode": False},
        LIST,
        ["p=1,2", "p=1%2C2", "p=1%2c2,"[:-1]],
        ["p=1&p=2", "p=1", "p=1,x", "p=1|2"],
    ),
    "form, separators in values": ({"explode": False}, WORDS, ["p=a%2Cb,g", "p=c%20d,e|f"], ["p=a,b,g", "p=g"]),
    "form, object, not exploded": (
        {"explode": False},
        RGB,
        ["p=R,100,G,200", "p=name,5,R,1,G,2"],
        ["R=100&G=200", "p=R,1,G", "p=R=1,G=2", "p=R,x,G,1"],
    ),
    "spaces": ({"style": "spaceDelimited"}, LIST, ["p=1%202", "p=1+2"], ["p=1,2", "p=1&p=2", "p=1%20x"]),
    "spaces, exploded": ({"style": "spaceDelimited", "explode": True}, LIST, ["p=1&p=2"], ["p=1%202"]),
    "spaces, object": ({"style": "spaceDelimited", "explode": False}, RGB, ["p=R%201%20G%202"], ["p=R,1,G,2"]),
    "pipes": ({"style": "pipeDelimited"}, LIST, ["p=1|2", "p=1%7C2", "p=1%7c2%7c3"], ["p=1,2", "p=1|x", "p=1|2|3|4"]),
    "pipes, separators in values": ({"style": "pipeDelimited"}, WORDS, ["p=a,b|g", "p=c+d|g", "p=e%7Cf|g"], ["p=a|g"]),
    "pipes, object": ({"style": "pipeDelimited"}, RGB, ["p=R|1|G|2", "p=R%7C1%7CG%7C2"], ["p=R,1,G,2"]),
    "deep object": (
        {"style": "deepObject", "explode": True},
        RGB,
        ["p[R]=1&p[G]=2", "p%5BR%5D=1&p%5Bname%5D=5&p%5bG%5d=2"],
        ["p[R]=1", "R=1&G=2", "p[R]=x&p[G]=2", "p=R,1,G,2", "p[R]=1&p[G]=2&p[B]=3"],
    ),
    "deep object, nested": (
        {"style": "deepObject"},
        NESTED,
        [
            "p[price][gte]=5",
            "p[price][gte]=5&p[tags][]=a&p[tags][]=1",
            "p[price][gte]=5&p[tags][0]=a",
            'p[price]={"gte":1}',
        ],
        ["p[price][gte]=x", "p[tags][]=a", "p[price]=5"],
    ),
    "deep object, list": ({"style": "deepObject"}, LIST, ["p[]=1&p[]=2", "p[0]=1&p[1]=2"], ["p[]=1", "p[]=1&p[]=x"]),
    "deep object, or a number": ({"style": "deepObject"}, EITHER, ["p=5", "p[gte]=5"], ["p=x", "p[gte]=x", "p[lte]=5"]),
    "reserved characters": (
        {"allowReserved": True},
        {"enum": ["a/b?c:d@e", "x;y,z"]},
        ["p=a/b?c:d@e", "p=x;y,z"],
        ["p=a"],
    ),
    "a reserved plus sign": ({"allowReserved": True}, {"enum": ["+02:00"]}, ["p=+02:00", "p=%2B02:00"], ["p=%2002:00"]),
    "an encoded plus sign": ({}, {"enum": ["+02:00", "a b"]}, ["p=%2B02:00", "p=a+b", "p=a%20b"], ["p=+02:00"]),
    "an empty value": ({"allowEmptyValue": True}, WHOLE, ["p=", "p", "p=5"], ["p=x"]),
    "several types": ({}, {"type": ["integer", "null"]}, ["p=5", "p=null"], ["p=x", "p=true"]),
    "a pattern or a number": (
        {},
        {"oneOf": [{"type": "string", "pattern": "^[0-9]+s$"}, WHOLE]},
        ["p=5s", "p=5"],
        ["p=x"],
    ),
    "what is no number in JSON": (
        {},
        {"type": "number"},
        ["p=1e3", "p=-0.5"],
        ["p=NaN", "p=Infinity", "p=0x10", "p=1_000"],
    ),
    "a tuple": ({"explode": False}, {"type": "array", "prefixItems": [{"enum": ["a"]}, WHOLE]}, ["p=a,5"], ["p=b,5"]),
}
PATHS: dict[str, Row] = {
    "simple": ({}, WHOLE, ["5", "%35"], ["x", "5,6", ".5", ";p=5"]),
    "simple, text": ({}, {"enum": ["a/b", "c:d e"]}, ["a%2Fb", "a%2fb", "c:d%20e", "c%3Ad%20e"], ["a"]),
    "simple, list": ({}, LIST, ["1,2", "1%2C2"], ["1", "1.2", "1,x"]),
    "simple, list, exploded": ({"explode": True}, LIST, ["1,2"], ["1;2"]),
    "simple, separators in values": ({}, WORDS, ["a%2Cb,g"], ["a,b,g"]),
    "simple, object": ({}, RGB, ["R,1,G,2"], ["R=1,G=2", "R,1"]),
    "simple, object, exploded": ({"explode": True}, RGB, ["R=1,G=2"], ["R,1,G,2"]),
    "label": ({"style": "label"}, WHOLE, [".5"], ["5", ".x", ";p=5"]),
    "label, text": ({"style": "label"}, {"enum": ["a.b"]}, [".a.b"], ["a.b"]),
    "label, list": ({"style": "label"}, LIST, [".1,2", ".1.2"], ["1,2", ".1", ".1;2"]),
    "label, list, exploded": ({"style": "label", "explode": True}, LIST, [".1.2"], [".1,2", "1.2"]),
    "label, object": ({"style": "label"}, RGB, [".R,1,G,2", ".R.1.G.2"], ["R,1,G,2", ".R=1.G=2"]),
    "label, object, exploded": ({"style": "label", "explode": True}, RGB, [".R=1.G=2"], [".R.1.G.2"]),
    "matrix": ({"style": "matrix"}, WHOLE, [";p=5"], ["5", ";q=5", ";p=x", ";p"]),
    "matrix, empty": ({"style": "matrix"}, TEXT, [";p", ";p=", ";p=a"], ["p=a"]),
    "matrix, list": ({"style": "matrix"}, LIST, [";p=1,2"], [";p=1;p=2", "1,2", ";p=1"]),
    "matrix, list, exploded": ({"style": "matrix", "explode": True}, LIST, [";p=1;p=2"], [";p=1,2", ";p=1;q=2"]),
    "matrix, object": ({"style": "matrix"}, RGB, [";p=R,1,G,2"], [";R=1;G=2", ";p=R,1"]),
    "matrix, object, exploded": ({"style": "matrix", "explode": True}, RGB, [";R=1;G=2"], [";p=R,1,G,2", ";R=1"]),
}
HEADERS: dict[str, Row] = {
    "simple": ({}, WHOLE, ["5", " 5 "], ["x", "5, 6"]),
    "simple, text": ({}, TEXT, ["a,b", "50%20"], []),
    "simple, list": ({}, LIST, ["1,2", "1, 2"], ["1", "1;2", "1, x"]),
    "simple, object": ({}, RGB, ["R,1,G,2", "R, 1, G, 2"], ["R=1,G=2"]),
    "simple, object, exploded": ({"explode": True}, RGB, ["R=1,G=2", "R=1, G=2"], ["R,1,G,2"]),
}
COOKIES: dict[str, Row] = {
    "form": ({}, WHOLE, ["p=5", "a=b; p=5"], ["p=x", "p="]),
    "form, encoded": ({}, {"enum": ["a b"]}, ["p=a%20b"], ["p=a"]),
    "form, list": ({"explode": True}, LIST, ["p=1; p=2", "p=1&p=2"], ["p=1", "p=1,2"]),
    "form, list, not exploded": ({"explode": False}, LIST, ["p=1,2", "p=1%2C2"], ["p=1; p=2", "p=1"]),
    "form, object": ({}, RGB, ["R=1; G=2", "R=1&G=2", "a=b; R=1; G=2"], ["R=1", "p=R,1,G,2"]),
    "form, object, not exploded": ({"explode": False}, RGB, ["p=R,1,G,2"], ["R=1; G=2"]),
    "cookie (3.2)": ({"style": "cookie"}, {"enum": ["a%20b"]}, ["p=a%20b"], ["p=a b"]),
}


def rows(table: dict[str, Row], place: str) -> list[Any]:
    found = []
    for name, (keys, schema, right, wrong) in table.items():
        parameter = {"name": "p", "in": place, "required": True, "schema": schema, **keys}
        found += [pytest.param(parameter, text, True, id=f"{place}: {name}: {text}") for text in right]
        found += [pytest.param(parameter, text, False, id=f"{place}: {name}: not {text}") for text in wrong]
    return found


def request_of(place: str, text: str) -> Request:
    headers = {"header": (("P", text),), "cookie": (("Cookie", text),)}.get(place, ())
    target = f"/a/{text}" if place == "path" else f"/a?{text}" if place in ("query", "querystring") else "/a"
    return Request(method="GET", url=target, headers=headers)


def spec_of(parameter: dict[str, Any], version: str = "3.1.0") -> Spec:
    kind = "swagger" if version.startswith("2") else "openapi"
    other = {"name": "q", "in": "query", "type": "string", "schema": {"type": "string"}}
    declared = [parameter, other] if parameter["in"] != "querystring" else [parameter]
    operation = {"parameters": declared, "responses": {"200": {"description": "ok"}}}
    path = "/a/{p}" if parameter["in"] == "path" else "/a"
    return Spec({kind: version, "info": {"title": "t", "version": "1"}, "paths": {path: {"get": operation}}}, "x")


@pytest.mark.parametrize(
    "parameter, text, fine",
    [*rows(QUERIES, "query"), *rows(PATHS, "path"), *rows(HEADERS, "header"), *rows(COOKIES, "cookie")],
)
def test_values_are_read_by_their_style(parameter: dict[str, Any], text: str, fine: bool) -> None:  # noqa: FBT001
    """What the style makes of a value is valid, and the same value in another style is not."""
    found = spec_of(parameter).request_violations(request_of(parameter["in"], text))

    assert (found == []) is fine, found


JSON = {"application/json": {"schema": RGB}}
CONTENTS: dict[str, tuple[dict[str, Any], list[str], list[str]]] = {
    "JSON in a query": (
        {"in": "query", "content": JSON},
        ['p={"R":1,"G":2}', "p=%7B%22R%22%3A1%2C%22G%22%3A2%7D"],
        ["p=R,1,G,2", "p=x", 'p={"R":1}', "R=1&G=2"],
    ),
    "JSON in a header": ({"in": "header", "content": JSON}, ['{"R": 1, "G": 2}'], ["R=1,G=2"]),
    "JSON in a path": ({"in": "path", "content": JSON}, ["%7B%22R%22:1,%22G%22:2%7D"], ["R,1,G,2"]),
    "JSON in a cookie": ({"in": "cookie", "content": JSON}, ["p=%7B%22R%22:1,%22G%22:2%7D"], ["p=R,1,G,2"]),
    "JSON text": ({"in": "query", "content": {"application/json": {"schema": TEXT}}}, ['p="a"'], ["p=a", "p=5"]),
    "a vendor's JSON": ({"in": "query", "content": {"application/x+json": {"schema": LIST}}}, ["p=[1,2]"], ["p=1,2"]),
    "a whole query in JSON (3.2)": (
        {"in": "querystring", "content": JSON},
        ["%7B%22R%22%3A1%2C%22G%22%3A2%7D"],
        ["R=1&G=2", "%7B%22R%22%3A1%7D"],
    ),
    "a whole query as a form (3.2)": (
        {"in": "querystring", "content": {"application/x-www-form-urlencoded": {"schema": RGB}}},
        ["R=1&G=2", "name=a+b&R=1&G=2"],
        ["R=1", "R=x&G=2", "R=1&G=2&B=3"],
    ),
}


@pytest.mark.parametrize(
    "parameter, text, fine",
    [
        pytest.param({"name": "p", "required": True, **keys}, text, is_right, id=f"{name}: {text}")
        for name, (keys, right, wrong) in CONTENTS.items()
        for is_right, texts in ((True, right), (False, wrong))
        for text in texts
    ],
)
def test_content_is_read_in_its_media_type(parameter: dict[str, Any], text: str, fine: bool) -> None:  # noqa: FBT001
    """A parameter with `content` has no style: its text is of the media type."""
    found = spec_of(parameter, "3.2.0").request_violations(request_of(parameter["in"], text))

    assert (found == []) is fine, found


FORMATS: dict[str, tuple[dict[str, Any], list[str], list[str]]] = {
    "csv": ({"in": "query", **LIST}, ["p=1,2", "p=1%2C2"], ["p=1|2", "p=1&p=2", "p=1"]),
    "csv, named": ({"in": "query", "collectionFormat": "csv", **LIST}, ["p=1,2"], ["p=1%202"]),
    "ssv": ({"in": "query", "collectionFormat": "ssv", **LIST}, ["p=1%202", "p=1+2"], ["p=1,2"]),
    "tsv": ({"in": "query", "collectionFormat": "tsv", **LIST}, ["p=1%092"], ["p=1,2", "p=1%202"]),
    "pipes": ({"in": "query", "collectionFormat": "pipes", **LIST}, ["p=1|2", "p=1%7C2"], ["p=1,2"]),
    "multi": ({"in": "query", "collectionFormat": "multi", **LIST}, ["p=1&p=2"], ["p=1,2", "p=1&p=x"]),
    "in a path": ({"in": "path", "collectionFormat": "pipes", **LIST}, ["1%7C2", "1|2"], ["1,2"]),
    "in a header": ({"in": "header", **LIST}, ["1,2", "1, 2"], ["1|2"]),
    "lists of lists": (
        {
            "in": "query",
            "type": "array",
            "collectionFormat": "pipes",
            "items": {"type": "array", "items": WHOLE, "minItems": 2},
        },
        ["p=1,2|3,4", "p=1,2"],
        ["p=1|2", "p=1,x"],
    ),
    "one value": ({"in": "query", "type": "integer"}, ["p=5"], ["p=x", "p=1,2"]),
}


@pytest.mark.parametrize(
    "parameter, text, fine",
    [
        pytest.param({"name": "p", "required": True, **keys}, text, is_right, id=f"{name}: {text}")
        for name, (keys, right, wrong) in FORMATS.items()
        for is_right, texts in ((True, right), (False, wrong))
        for text in texts
    ],
)
def test_formats_of_swagger_2(parameter: dict[str, Any], text: str, fine: bool) -> None:  # noqa: FBT001
    """Each `collectionFormat` of OpenAPI 2.0 in each place."""
    found = spec_of(parameter, "2.0").request_violations(request_of(parameter["in"], text))

    assert (found == []) is fine, found


def test_a_schema_that_is_none_blames_no_request() -> None:
    """A mistake in the document is for its checks to report."""
    parameter = {"name": "p", "in": "query", "schema": {"type": [{"a": 1}]}}

    assert spec_of(parameter).request_violations(request_of("query", "p=5")) == []


def test_a_wrong_style_is_named() -> None:
    """The message has the value and the style that the document has."""
    parameter = {"name": "p", "in": "path", "required": True, "style": "matrix", "explode": True, "schema": WHOLE}

    assert spec_of(parameter).request_violations(request_of("path", "5")) == [
        'GET /a/{p}: path parameter p: "5" is not serialised in style matrix, explode true'
    ]
