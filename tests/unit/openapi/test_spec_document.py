"""The document is read whole, or refused with one sentence; one operation that cannot be read spoils no other."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from harness.errors import SpecError
from harness.openapi.routes import Routes
from harness.openapi.spec_document import Spec, load_spec

OK = {"responses": {"200": {"description": "fine"}}}
WHOLE = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {"/a": {"get": OK}}}

REFUSED = {
    "no file": (None, "openapi.yaml cannot be read: No such file or directory. Paths start at"),
    "not a spec": ("name: x", "is not an OpenAPI document: it has no `openapi` key at the top"),
    "a list": ("[1, 2]", "is not an OpenAPI document"),
    "empty": ("", "openapi.yaml is empty. Name the file of the API description itself"),
    "HTML": ("<!doctype html><p>: {", "is neither JSON nor YAML"),
    "cut JSON": (
        json.dumps(WHOLE)[:-9],
        "is neither JSON nor YAML: line 1: found unexpected end of stream. Correct it",
    ),
    "binary": (b"\x89PNG\xff\xfe\x00", "is neither JSON nor YAML"),
    "no paths": (json.dumps({**WHOLE, "paths": {}}), "describes no operation: `paths` is empty"),
    "paths is a list": (json.dumps({**WHOLE, "paths": [1]}), "describes no operation"),
    "bottomless": ("[" * 100_000, "was refused: it nests deeper than 500 levels."),
    "bottomless list": ("- " * 100_000, "it nests deeper than 500 levels"),
    "an anchor within itself": ("paths: &p\n  /a: *p\n", "was refused: its aliases refer to their own anchors"),
    "a billion laughs": (
        "\n".join(["a0: &a0 [lol]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10))]),
        "or expand to more than 5,000,000 values.",
    ),
    "bottomless JSON": ('{"a":' * 100_000, "is neither JSON nor YAML"),
}


@pytest.mark.parametrize("text, said", REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_document_is_refused(tmp_path: Path, text: str | bytes | None, said: str) -> None:
    """The sentence names the key of harness.toml, the file, and what is wrong with it."""
    if text is not None:
        (tmp_path / "openapi.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())

    with pytest.raises(SpecError) as caught:
        load_spec("openapi.yaml", root=tmp_path)

    assert "harness.toml: [provider] spec: openapi.yaml" in str(caught.value)
    assert said in str(caught.value)


def test_a_version_nobody_knows_is_refused(tmp_path: Path) -> None:
    """The message has the key of harness.toml, the name of the document, and the line of the version."""
    (tmp_path / "x.json").write_text(json.dumps({**WHOLE, "openapi": "4.0.0"}))

    with pytest.raises(SpecError, match=r"spec: x.json: line 1: version 4.0.0 of OpenAPI is not supported"):
        load_spec("x.json", root=tmp_path)


def test_yaml_is_read_as_the_json_it_stands_for(tmp_path: Path) -> None:
    """Anchors and merge keys are resolved; keys such as 200 and on, and dates, are the strings they are in JSON."""
    text = """
openapi: 3.1.0
info: {title: t, version: "1"}
paths:
  /a:
    get:
      responses: &answers
        200: {description: fine, x-on: {on: 2020-01-01}}
    post:
      responses: {<<: *answers}
"""
    (tmp_path / "x.yaml").write_text(text)
    spec = load_spec("x.yaml", root=tmp_path)

    assert spec.definitions["POST /a"]["responses"] == {"200": {"description": "fine", "x-on": {"on": "2020-01-01"}}}
    assert [o.label for o in spec.readable] == ["GET /a", "POST /a"]


def test_operations_are_listed_without_reading_them(tmp_path: Path) -> None:
    """Labels come in the document's order, through references of path items, and include what cannot be read."""
    paths: dict[str, Any] = {
        "/b": {"post": OK, "get": OK, "parameters": [], "summary": "x"},
        "/a": {"$ref": "#/components/pathItems/A"},
        "/bad": [1],
        "/gone": {"$ref": "#/components/pathItems/None"},
        "/odd": {"get": 3},
    }
    whole = {**WHOLE, "paths": paths, "components": {"pathItems": {"A": {"delete": OK}}}}
    (tmp_path / "x.json").write_text(json.dumps(whole))
    spec = load_spec("x.json", root=tmp_path)

    assert list(spec.definitions) == ["POST /b", "GET /b", "DELETE /a", "* /bad", "* /gone", "GET /odd"]
    assert {o.label for o in spec.readable} == {"POST /b", "GET /b", "DELETE /a"}
    assert "statistic" not in vars(spec.schema)  # which takes seconds in a large document
    for label in ("* /bad", "* /gone", "GET /odd"):
        with pytest.raises(SpecError, match=r"in x.json cannot be read: \w+"):
            spec.operation(label)


@pytest.mark.parametrize("server", ["/v1", "https://{region}.example.com"], ids=["relative", "undefined variable"])
def test_operations_may_share_their_id_and_need_no_servers(tmp_path: Path, server: str) -> None:
    """Duplicate operationIds and servers of no use keep nothing from being found, and no operation for another."""
    get = {**OK, "operationId": "same"}
    whole = {**WHOLE, "paths": {"/a": {"get": get}, "/b/{id}": {"get": get}}, "servers": [{"url": server}]}
    (tmp_path / "x.json").write_text(json.dumps(whole))
    spec = load_spec("x.json", root=tmp_path, base_url="http://127.0.0.1:1/v1")

    found = {path: spec.find("GET", f"http://127.0.0.1:1/v1{path}") for path in ("/a", "/b/7", "/c")}

    assert {path: operation and operation.label for path, operation in found.items()} == {
        "/a": "GET /a",
        "/b/7": "GET /b/{id}",
        "/c": None,
    }


def test_a_request_to_an_operation_that_cannot_be_read_finds_no_other() -> None:
    """Which one it is is known all the same, and the others are found."""
    spec = Spec({**WHOLE, "paths": {"/a": {"get": "hello"}, "/{id}": {"get": OK}}}, "x.json")

    with pytest.raises(SpecError, match=r"GET /a in x\.json cannot be read"):
        spec.find("GET", "/a")
    assert spec.find("GET", "/b") is not None


ROUTES = {
    "literal before template": ("GET /a/me", "GET /a/me"),
    "template": ("GET /a/7", "GET /a/{id}"),
    "part of a segment": ("GET /a/7.json", "GET /a/{id}.json"),
    "the longer literal": ("GET /c/1...2", "GET /c/{base}...{head}"),
    "literal first": ("GET /a/me/x", "GET /a/me/{x}"),
    "method": ("POST /a/me", "POST /a/{id}"),
    "escaped": ("GET /a/7%2F8", "GET /a/{id}"),
    "other length": ("GET /a/7/8/9", None),
    "nothing for a parameter": ("GET /a/", None),
}


@pytest.mark.parametrize("request_line, label", ROUTES.values(), ids=ROUTES.keys())
def test_a_request_goes_to_the_most_literal_path(request_line: str, label: str | None) -> None:
    """As the specification says of paths that match (OpenAPI, Paths Object)."""
    labels = {found for _, found in ROUTES.values() if found} | {"GET /c/{both}", "GET /a/{id}/x"}

    assert Routes(sorted(labels, reverse=True)).find(*request_line.split(" ")) == label


@pytest.mark.parametrize(
    "headers, said", [({}, ["200 without the header X-Need, which the spec requires"]), ({"x-need": "1"}, [])]
)
def test_a_header_that_must_come_and_does_not_is_a_violation(headers: dict[str, str], said: list[str]) -> None:
    """Required headers are looked for in every answer; those that every server sets by itself are not."""
    required = {"X-Need": {"required": True}, "Date": {"required": True}, "X-May": {"schema": {"type": "string"}}}
    answers = {"responses": {"200": {"description": "fine", "headers": required}}}
    (operation,) = Spec({**WHOLE, "paths": {"/a": {"get": answers}}}, "x").operations
    response = httpx.Response(200, headers=headers, request=httpx.Request("GET", "http://localhost/a"))
    response.elapsed = dt.timedelta(0)

    assert operation.violations(response) == said


@pytest.mark.parametrize(
    "kind, content, reason",
    [
        ("application/json", b"{", "double quotes: line 1 column 2 (char 1)"),
        ("application/json", b"\xff\x00", "'utf-8' codec can't decode byte 0xff in position 0"),
        ("application/yaml", b"a: [", "while parsing a flow node"),
        ("application/json", b'{"a": ["x"]}', '"x" is not of type "integer" (at /a/0)'),
    ],
)
def test_a_violation_is_one_line_with_its_reason(kind: str, content: bytes, reason: str) -> None:
    """The line contains why a body cannot be read or where it breaks its schema, but not the schema itself."""
    schema = {"schema": {"properties": {"a": {"items": {"type": "integer"}}}}}
    answers = {"200": {"description": "fine", "content": {"application/json": schema, "application/yaml": schema}}}
    (operation,) = Spec({**WHOLE, "paths": {"/a": {"get": {"responses": answers}}}}, "x").operations
    request = httpx.Request("GET", "http://localhost/a")
    response = httpx.Response(200, headers={"content-type": kind}, content=content, request=request)
    response.elapsed = dt.timedelta(0)

    (violation,) = operation.violations(response)

    assert reason in violation
    assert "\n" not in violation
    assert '"type"' not in violation


@pytest.mark.parametrize("method, status", [("GET", 404), ("DELETE", 204)])
def test_a_response_without_a_schema_needs_no_body(method: str, status: int) -> None:
    """In Swagger 2.0 such a response has no content, whatever `produces` says; one with a schema does."""
    item = {
        "get": {"responses": {"200": {"description": "ok", "schema": {}}, "404": {"description": "none"}}},
        "delete": {"responses": {"204": {"description": "gone"}}},
    }
    spec = Spec({"swagger": "2.0", "info": {}, "produces": ["application/json"], "paths": {"/a": item}}, "x")

    def violations(method: str, status: int) -> list[str]:
        operation = spec.find(method, "/a")
        response = httpx.Response(status, request=httpx.Request(method, "http://localhost/a"))
        response.elapsed = dt.timedelta(0)
        assert operation is not None
        return operation.violations(response)

    assert violations(method, status) == []
    assert violations("GET", 200) != []
