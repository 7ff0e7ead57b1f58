"""Media types held against those that a document describes: wildcards as they are written, the most specific first."""

from __future__ import annotations

import datetime as dt
from typing import Any

import httpx
import pytest

from harness.http.message import Request
from harness.openapi.media_ranges import most_specific
from harness.openapi.spec_document import Spec

MATCHES: dict[str, tuple[list[str], str, str | None]] = {
    "another type than the range": (["image/*"], "text/html", None),
    "a subtype of the range": (["image/*"], "image/svg+xml; charset=utf-8", "image/*"),
    "a type that begins alike": (["text/*"], "textual/plain", None),
    "anything": (["*/*"], "application/vnd.acme.v2+json", "*/*"),
    "no content type": (["*/*"], "", None),
    "the exact type before its range": (["application/*", "application/json"], "application/json", "application/json"),
    "a range before anything": (["*/*", "text/*"], "text/csv", "text/*"),
    "a suffix before a range": (["application/*", "application/*+json"], "application/hal+json", "application/*+json"),
    "a suffix that is another": (["application/*+json"], "application/soap+xml", None),
    "a suffix is not the whole subtype": (["application/*+json"], "application/json", None),
    "a vendor's type is none of JSON": (["application/json"], "application/vnd.api+json", None),
    "letters of any case": (["application/vnd.GitHub.v3+json"], "Application/VND.github.v3+JSON", "="),
    "a key with a parameter": (["text/plain; charset=utf-8"], "text/plain", "="),
    "a parameter beside a plain key": (["application/json"], 'application/json; charset="UTF-8"', "="),
    "the key with the parameter": (["a/b;v=1", "a/b; v=2"], "a/b; q=x; v=2", "a/b; v=2"),
    "the key without another parameter": (["a/b;v=1", "a/b"], "a/b; v=3", "a/b"),
    "a wildcard is no type": (["application/json"], "*/*", None),
}


@pytest.mark.parametrize("described, sent, expected", MATCHES.values(), ids=MATCHES)
def test_the_most_specific_key_describes_a_type(described: list[str], sent: str, expected: str | None) -> None:
    """Of the keys of `content`, that which describes a Content-Type, whatever their order."""
    wanted = described[0] if expected == "=" else expected

    assert most_specific(described, sent) == wanted
    assert most_specific(reversed(described), sent) == wanted


INTEGER, TEXT = {"schema": {"type": "integer"}}, {"schema": {"type": "string"}}
JSON_2 = "application/json; v=2"
ANSWERS: dict[str, tuple[dict[str, Any], str, bytes, str]] = {
    "a page in place of a picture": ({"image/*": {}}, "text/html", b"<p>", "Undocumented Content-Type: text/html; the"),
    "a picture": ({"image/*": {}}, "image/png", b"\x89PNG", ""),
    "another JSON": ({"application/json": {}}, "application/hal+json", b"1", "Undocumented Content-Type"),
    "nothing at all": ({"application/json": {}}, "text/html", b"", ""),
    "the narrow range": ({"*/*": INTEGER, "application/*": TEXT}, "application/json", b'"a"', ""),
    "not the wide range": ({"*/*": INTEGER, "application/*": TEXT}, "application/json", b"1", 'not of type "string"'),
    "a range of suffixes": ({"application/*+json": INTEGER}, "application/hal+json", b"1", ""),
    "a wrong body of a suffix": ({"application/*+json": INTEGER}, "application/hal+json", b'"a"', 'type "integer"'),
    "the key with the parameter": ({"application/json;v=1": INTEGER, "application/json;v=2": TEXT}, JSON_2, b'"a"', ""),
    "not the other key": ({"application/json;v=1": INTEGER, "application/json;v=2": TEXT}, JSON_2, b"1", "string"),
    "anything, by its schema": ({"*/*": INTEGER}, "application/json", b'"a"', 'not of type "integer"'),
}


@pytest.mark.parametrize("content, kind, body, expected", ANSWERS.values(), ids=ANSWERS)
def test_responses_have_a_described_type(content: dict[str, Any], kind: str, body: bytes, expected: str) -> None:
    """The type of a body is one that the documented response has, and its schema is that of the most specific key."""
    responses = {"2XX": {"description": "", "content": content}}
    document = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {"/a": {"get": {}}}}
    document["paths"]["/a"]["get"]["responses"] = responses  # type: ignore[index] # of one shape in this test
    response = httpx.Response(200, headers={"content-type": kind}, content=body)
    response.request, response.elapsed = httpx.Request("GET", "http://x/a"), dt.timedelta()

    found = Spec(document, "x").operation("GET /a").violations(response)

    assert [expected in violation for violation in found] == ([True] if expected else [])


@pytest.mark.parametrize("kind, status, fine", [("text/csv", 200, True), ("text/html", 200, False), ("a/b", 500, True)])
def test_produces_of_swagger_2(kind: str, status: int, fine: bool) -> None:  # noqa: FBT001
    """In OpenAPI 2.0 the types of the operation hold for its responses with a schema."""
    responses = {"200": {"description": "", "schema": {"type": "string"}}, "500": {"description": ""}}
    get = {"produces": ["text/csv"], "responses": responses}
    spec = Spec({"swagger": "2.0", "info": {"title": "t", "version": "1"}, "paths": {"/a": {"get": get}}}, "x")
    response = httpx.Response(status, headers={"content-type": kind}, content=b"a")
    response.request, response.elapsed = httpx.Request("GET", "http://x/a"), dt.timedelta()

    assert (spec.operation("GET /a").violations(response) == []) is fine


@pytest.mark.parametrize("kind, body, fine", [("application/json", b"1", True), ("application/json", b'"a"', False)])
def test_requests_are_read_by_the_most_specific_key(kind: str, body: bytes, fine: bool) -> None:  # noqa: FBT001
    """A body is held against the schema of its own type, not of a range that stands before it."""
    content = {"*/*": TEXT, "application/json": INTEGER}
    post = {"requestBody": {"content": content}, "responses": {"200": {"description": ""}}}
    spec = Spec({"openapi": "3.0.0", "info": {}, "paths": {"/a": {"post": post}}}, "x")
    request = Request(method="POST", url="/a", headers=(("content-type", kind),), body=body)

    assert (spec.request_violations(request) == []) is fine
