"""What the harness writes into a request, in each style of a parameter: read again, it is the same value."""

from __future__ import annotations

from typing import Any

import pytest

from harness.fuzzing.sending import send_case
from harness.http.client import Network
from harness.http.message import Request
from harness.http.provider_client import ProviderClient
from harness.openapi import generation
from harness.openapi.parameter_writing import in_cookie, in_header, in_path, in_query
from harness.openapi.parameters import ParameterReader, SentTexts
from tests.unit.openapi.test_parameter_styles import (
    CONTENTS,
    COOKIES,
    FORMATS,
    HEADERS,
    PATHS,
    QUERIES,
    request_of,
    spec_of,
)

WRITERS = {"path": in_path, "header": in_header, "cookie": in_cookie, "query": in_query, "querystring": in_query}
WRITTEN: dict[str, tuple[dict[str, Any], Any, str]] = {
    "simple": ({"in": "path"}, "a/b c", "a%2Fb%20c"),
    "simple, list": ({"in": "path"}, ["a,b", "c"], "a%2Cb,c"),
    "simple, object": ({"in": "path"}, {"R": 1, "G": 2}, "R,1,G,2"),
    "simple, object, exploded": ({"in": "path", "explode": True}, {"R": 1, "G": 2}, "R=1,G=2"),
    "label": ({"in": "path", "style": "label"}, 5, ".5"),
    "label, list": ({"in": "path", "style": "label"}, [1, 2], ".1,2"),
    "label, list, exploded": ({"in": "path", "style": "label", "explode": True}, [1, 2], ".1.2"),
    "label, object, exploded": ({"in": "path", "style": "label", "explode": True}, {"R": 1, "G": 2}, ".R=1.G=2"),
    "matrix": ({"in": "path", "style": "matrix"}, "a;b", ";p=a%3Bb"),
    "matrix, empty": ({"in": "path", "style": "matrix"}, "", ";p"),
    "matrix, list": ({"in": "path", "style": "matrix"}, [1, 2], ";p=1,2"),
    "matrix, list, exploded": ({"in": "path", "style": "matrix", "explode": True}, [1, 2], ";p=1;p=2"),
    "matrix, object": ({"in": "path", "style": "matrix"}, {"R": 1}, ";p=R,1"),
    "matrix, object, exploded": ({"in": "path", "style": "matrix", "explode": True}, {"R": 1, "G": 2}, ";R=1;G=2"),
    "form": ({"in": "query"}, "a&b", "p=a%26b"),
    "form, flag": ({"in": "query"}, True, "p=true"),
    "form, list": ({"in": "query"}, [1, 2], "p=1&p=2"),
    "form, list, not exploded": ({"in": "query", "explode": False}, ["a,b", "c"], "p=a%2Cb,c"),
    "form, object": ({"in": "query"}, {"R": 1, "G": [2, 3]}, "R=1&G=2&G=3"),
    "form, object, not exploded": ({"in": "query", "explode": False}, {"R": 1, "G": 2}, "p=R,1,G,2"),
    "spaces": ({"in": "query", "style": "spaceDelimited"}, [1, 2], "p=1%202"),
    "pipes, object": ({"in": "query", "style": "pipeDelimited"}, {"R": 1, "G": 2}, "p=R%7C1%7CG%7C2"),
    "deep object": (
        {"in": "query", "style": "deepObject"},
        {"a": {"b": 1}, "c": [2]},
        "p%5Ba%5D%5Bb%5D=1&p%5Bc%5D%5B%5D=2",
    ),
    "reserved characters": ({"in": "query", "allowReserved": True}, "a/b?c:d&e", "p=a/b?c:d%26e"),
    "JSON": ({"in": "query", "content": {"application/json": {}}}, {"a": [1]}, "p=%7B%22a%22%3A%20%5B1%5D%7D"),
    "a whole query": ({"in": "querystring", "content": {"application/x-www-form-urlencoded": {}}}, {"a": 1}, "a=1"),
    "a header": ({"in": "header"}, ["a b", "c"], "a b,c"),
    "a header, object, exploded": ({"in": "header", "explode": True}, {"R": 1, "G": 2}, "R=1,G=2"),
    "a cookie": ({"in": "cookie"}, [1, 2], "p=1; p=2"),
    "a cookie, object": ({"in": "cookie"}, {"R": 1, "G": 2}, "R=1; G=2"),
    "a cookie, not exploded": ({"in": "cookie", "explode": False}, [1, 2], "p=1,2"),
    "csv": ({"in": "query", "type": "array"}, [1, 2], "p=1,2"),
    "multi": ({"in": "query", "type": "array", "collectionFormat": "multi"}, [1, 2], "p=1&p=2"),
    "tsv": ({"in": "query", "type": "array", "collectionFormat": "tsv"}, [1, 2], "p=1%092"),
    "pipes (2.0)": ({"in": "path", "type": "array", "collectionFormat": "pipes"}, ["a", "b"], "a%7Cb"),
}


def schema_of(value: Any) -> dict[str, Any]:
    if isinstance(value, list):
        return {"type": "array", "items": schema_of(value[0])}
    if isinstance(value, dict):
        return {"type": "object", "properties": {name: schema_of(inner) for name, inner in value.items()}}
    return {"type": {bool: "boolean", int: "integer", str: "string"}[type(value)]}


@pytest.mark.parametrize("keys, value, expected", WRITTEN.values(), ids=WRITTEN)
def test_a_value_is_written_in_its_style(keys: dict[str, Any], value: Any, expected: str) -> None:
    """The text is that of the specification, and the reader of requests finds the value in it."""
    described = {**keys, **schema_of(value)} if "type" in keys else {**keys, "schema": schema_of(value)}
    if "content" in keys:
        described["content"] = {kind: {"schema": schema_of(value)} for kind in keys["content"]}
    parameter = {"name": "p", **described}
    text = WRITERS[keys["in"]](parameter, value)
    spec = spec_of({**parameter, "required": True}, "2.0" if "type" in keys else "3.2.0")
    request = request_of(keys["in"], text)

    assert text == expected
    sent = SentTexts(spec.operations[0], request.url, [(n.lower(), v) for n, v in request.headers])
    reading = ParameterReader(spec, parameter).read(sent)
    assert reading is not None
    assert value in reading.values


def generated() -> list[Any]:
    ambiguous = {"deep object, nested", "spaces, object", "JSON in a path"}  # an empty object, names with spaces
    tables = (("query", QUERIES), ("path", PATHS), ("header", HEADERS), ("cookie", COOKIES))
    found = [
        ({"in": place, "schema": s, **k}, "3.1.0", f"{place}: {n}")
        for place, t in tables
        for n, (k, s, *_) in t.items()
    ]
    found += [(keys, "3.2.0", name) for name, (keys, *_) in CONTENTS.items()]
    found += [(keys, "2.0", name) for name, (keys, *_) in FORMATS.items()]
    return [pytest.param(*row[:2], id=row[2]) for row in found if row[2].removeprefix("query: ") not in ambiguous]


@pytest.mark.parametrize("keys, version", generated())
def test_generated_requests_are_valid_on_the_wire(keys: dict[str, Any], version: str) -> None:
    """A valid request that is generated is valid as it is sent, in every style and format."""
    import httpx

    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200, stream=httpx.ByteStream(b""))

    spec = spec_of({"name": "p", "required": True, **keys}, version)
    client = ProviderClient(Network(), "http://provider.test", {}, transport=httpx.MockTransport(answer))
    operation = spec.operations[0]
    generation.at_random(operation.raw, generation.VALID, lambda case: send_case(case, client), examples=8, seed=1)
    client.close()

    wrong = [v for r in sent for v in spec.request_violations(as_plain(r))]
    assert sent
    assert wrong == []


def as_plain(request: Any) -> Request:
    return Request(method=request.method, url=str(request.url), headers=tuple(request.headers.multi_items()))
