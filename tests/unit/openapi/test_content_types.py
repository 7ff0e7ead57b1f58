"""Content has a type, and no content has none."""

from __future__ import annotations

import datetime as dt
from typing import Any

import httpx
import pytest

from harness.openapi.spec_document import Spec

SCHEMA = {"schema": {"type": "object"}}
MEDIA = {"content": {"application/json": SCHEMA}}
MISSING = "Missing Content-Type header"


def violations(method: str, responses: dict[str, Any], status: int, body: bytes, *, swagger: bool) -> list[str]:
    """Return what is wrong with a response without the header Content-Type."""
    version: dict[str, Any] = {"swagger": "2.0", "produces": ["application/json"]} if swagger else {"openapi": "3.0.3"}
    described = {code: {"description": "x", **more} for code, more in responses.items()}
    paths = {"/a": {method.lower(): {"responses": described}}}
    spec = Spec({**version, "info": {"title": "t", "version": "1"}, "paths": paths}, "spec")
    response = httpx.Response(status, content=body, request=httpx.Request(method, "http://127.0.0.1/a"))
    response.elapsed = dt.timedelta(0)
    return [violation.partition(":")[0] for violation in spec.operation(f"{method} /a").violations(response)]


RIGHT: dict[str, tuple[str, dict[str, Any], int, bool]] = {
    "404 without a schema in 2.0": ("GET", {"200": SCHEMA, "404": {}}, 404, True),
    "202 without a schema in 2.0": ("POST", {"202": {}}, 202, True),
    "204 in 2.0": ("DELETE", {"204": {}}, 204, True),
    "204 with a schema": ("DELETE", {"204": MEDIA}, 204, False),
    "205": ("POST", {"205": MEDIA}, 205, False),
    "304": ("GET", {"200": MEDIA, "304": MEDIA}, 304, False),
    "HEAD": ("HEAD", {"200": MEDIA}, 200, False),
    "no content": ("GET", {"200": {}}, 200, False),
}


@pytest.mark.parametrize("method, responses, status, swagger", RIGHT.values(), ids=RIGHT)
def test_no_content_needs_no_type(method: str, responses: dict[str, Any], status: int, swagger: bool) -> None:  # noqa: FBT001
    """Neither by the status, nor by the method, nor where the document describes no content."""
    assert violations(method, responses, status, b"", swagger=swagger) == []


@pytest.mark.parametrize("body", [b"", b"{}"], ids=["empty", "content"])
@pytest.mark.parametrize("swagger", [True, False])
def test_content_without_a_type_is_a_violation(body: bytes, swagger: bool) -> None:  # noqa: FBT001
    """Where the document describes content, the header is missing with it, and so it is where content comes."""
    assert MISSING in violations("GET", {"200": SCHEMA if swagger else MEDIA}, 200, body, swagger=swagger)
