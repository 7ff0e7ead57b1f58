"""A concrete path goes to the operation whose template it fits, however its characters are percent-encoded."""

from __future__ import annotations

from typing import Any

import pytest

from harness.openapi.routes import Routes, values_in
from harness.openapi.spec_document import Spec

TEMPLATES = (
    *("/files/{name}", "/files/{name}:download", "/files/{name}.json", "/a b/{x}", "/caf\u00e9/{x}", "/v%2F1/{x}"),
    *("/%7Bno-parameter%7D/x", "/pairs/{a}:{b}", "/at/({x},{y})", "/users('{key}')", "/Case/x", "/~me/x", "/100%/x"),
)
PATHS: dict[str, tuple[str, str | None, dict[str, str]]] = {
    "a space": ("/a%20b/1", "/a b/{x}", {"x": "1"}),
    "beyond ASCII": ("/caf%C3%A9/1", "/caf\u00e9/{x}", {"x": "1"}),
    "beyond ASCII, in small letters": ("/caf%c3%a9/1", "/caf\u00e9/{x}", {"x": "1"}),
    "beyond ASCII, as it is": ("/caf\u00e9/1", "/caf\u00e9/{x}", {"x": "1"}),
    "an encoded slash of the template": ("/v%2f1/x", "/v%2F1/{x}", {"x": "x"}),
    "braces": ("/%7bno-parameter%7D/x", "/%7Bno-parameter%7D/x", {}),
    "braces, as they are": ("/{no-parameter}/x", "/%7Bno-parameter%7D/x", {}),
    "what needs no encoding": ("/%66iles/%61", "/files/{name}", {"name": "a"}),
    "a tilde": ("/%7Eme/x", "/~me/x", {}),
    "a percent sign": ("/100%25/x", "/100%/x", {}),
    "an encoded slash of a value": ("/files/a%2fb", "/files/{name}", {"name": "a%2Fb"}),
    "a suffix": ("/files/a.b.json", "/files/{name}.json", {"name": "a.b"}),
    "a verb": ("/files/a:download", "/files/{name}:download", {"name": "a"}),
    "an encoded verb is a name": ("/files/a%3Adownload", "/files/{name}", {"name": "a%3Adownload"}),
    "two values": ("/pairs/1:2", "/pairs/{a}:{b}", {"a": "1", "b": "2"}),
    "two values, one with the delimiter": ("/pairs/1:2%3A3", "/pairs/{a}:{b}", {"a": "1", "b": "2%3A3"}),
    "two values, the delimiter encoded": ("/pairs/1%3A2", "/pairs/{a}:{b}", {"a": "1", "b": "2"}),
    "brackets": ("/at/(1,2)", "/at/({x},{y})", {"x": "1", "y": "2"}),
    "brackets, encoded": ("/at/%281%2C2%29", "/at/({x},{y})", {"x": "1", "y": "2"}),
    "a key (OData)": ("/users('a%20b')", "/users('{key}')", {"key": "a%20b"}),
    "another case": ("/case/x", None, {}),
    "a slash is no encoded slash": ("/v/1/x", None, {}),
    "two values, one missing": ("/pairs/1", None, {}),
    "a lone value": ("/files/", None, {}),
}


@pytest.mark.parametrize("path, template, values", PATHS.values(), ids=PATHS)
def test_literals_fit_in_every_spelling(path: str, template: str | None, values: dict[str, str]) -> None:
    """Equal paths are equal in each spelling (RFC 3986 section 6.2.2); delimiters only where nothing else fits."""
    found = Routes(f"GET {t}" for t in TEMPLATES).find("GET", path)

    assert found == (f"GET {template}" if template else None)
    assert values_in(template or "/pairs/{a}:{b}", path) == values
    assert values_in(template or "/pairs/{a}:{b}", f"/prefix{path}") == values


def parameter(**keys: Any) -> dict[str, Any]:
    return {"name": "path", "in": "path", "required": True, "schema": {"type": "string", "maxLength": 9}, **keys}


SPANNING: dict[str, tuple[str, dict[str, Any], str, bool]] = {
    "flagged (GitHub)": ("/contents/{path}", parameter(**{"x-multi-segment": True}), "/contents/a/b.md", True),
    "proxy (API Gateway)": ("/contents/{path+}", parameter(name="path+"), "/contents/a/b/c", True),
    "star": ("/contents/{path*}/raw", parameter(name="path*"), "/contents/a/b/raw", True),
    "one segment": ("/contents/{path+}", parameter(name="path+"), "/contents/a", True),
    "too long": ("/contents/{path+}", parameter(name="path+"), "/contents/aaaaa/bbbbb", False),
    "another literal": ("/contents/{path*}/raw", parameter(name="path*"), "/contents/a/b/c", False),
    "not flagged": ("/contents/{path}", parameter(), "/contents/a/b", False),
}


@pytest.mark.parametrize("template, declared, path, fine", SPANNING.values(), ids=SPANNING)
def test_a_parameter_may_span_segments(template: str, declared: dict[str, Any], path: str, fine: bool) -> None:  # noqa: FBT001
    """Where the document has one of the known marks for that; its value is held against its schema as a whole."""
    operation = {"parameters": [declared], "responses": {"200": {"description": ""}}}
    spec = Spec(
        {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {template: {"get": operation}}}, "x"
    )
    found = spec.find("GET", path)

    assert (found is not None and spec.inputs(found).look(path, [], b"").valid) is fine


def test_a_literal_path_comes_before_one_that_spans_segments() -> None:
    """A parameter that spans segments fits only what nothing else fits."""
    labels = ["GET /a/{rest+}", "GET /a/{id}/b", "POST /a/{rest+}"]
    routes = Routes(labels, lambda label: frozenset({"rest+"} if "rest+" in label else ()))

    assert routes.find("GET", "/a/1/b") == "GET /a/{id}/b"
    assert routes.find("GET", "/a/1/c") == "GET /a/{rest+}"
    assert routes.find("PUT", "/a/1/c") is None
