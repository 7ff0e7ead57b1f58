"""Calls of the harness' own carry every header, query and cookie that the document requires."""

from __future__ import annotations

import uuid
from typing import Any

import httpx
import pytest

from harness.contract.caller import Caller
from harness.openapi.spec_document import Spec
from tests.unit.contract.streaming import client_of

TEXT = {"type": "string"}


def called(*parameters: dict[str, Any], path: str = "/a", **call: Any) -> httpx.Request:
    """Return what is sent for one POST with these parameters, to a provider that secures by ``X-Key``."""
    operation = {"parameters": list(parameters), "responses": {"200": {"description": "ok"}}}
    scheme = {"type": "apiKey", "in": "header", "name": "X-Key"}
    spec = Spec(
        {
            "openapi": "3.1.0",
            "info": {"title": "t", "version": "1"},
            "components": {"securitySchemes": {"key": scheme}},
            "paths": {"/a": {"post": operation}},
        },
        "x",
    )
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200)

    caller = Caller(spec, client_of(answer, credential={"X-Key": "right"}))
    for _ in range(2):
        caller.call(caller.operations["POST /a"], path, **call)
    first, second = sent
    if "idempotency-key" in first.headers and "headers" not in call:
        assert first.headers["idempotency-key"] != second.headers["idempotency-key"]
    return first


def parameter(name: str, place: str, schema: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"name": name, "in": place, "required": True, "schema": schema or TEXT, **more}


HEADERS: dict[str, tuple[dict[str, Any], str]] = {
    "an example": (parameter("X-Version", "header", example="2026-01"), "2026-01"),
    "the only value": (parameter("X-Version", "header", {"const": "v2"}), "v2"),
    "a text": (parameter("X-Trace", "header"), "harness"),
    "a number": (parameter("X-Depth", "header", {"type": "integer", "minimum": 1}), "1"),
    "a pattern": (parameter("X-Code", "header", {"type": "string", "pattern": "^Z{3}$"}), "ZZZ"),
    "a state that is not known": (parameter("If-Match", "header", example='"made-up"'), "*"),
}


@pytest.mark.parametrize("given, expected", HEADERS.values(), ids=HEADERS)
def test_a_required_header_is_filled(given: dict[str, Any], expected: str) -> None:
    """The value is the document's example, else one that the schema admits; a precondition is met by any state."""
    assert called(given).headers[given["name"]] == expected


def test_queries_and_cookies_are_filled_beside_those_of_the_call() -> None:
    """What the call carries already is left as it is, in the path as among the parameters."""
    required = [parameter(name, "query", example="made up") for name in ("in-path", "given", "missing")]
    request = called(*required, parameter("sid", "cookie", example="c"), path="/a?in-path=p", params={"given": "g"})

    assert request.url.params["given"] == "g"
    assert request.url.params["missing"] == "made up"
    assert request.headers["cookie"] == "sid=c"
    assert called(*required[:1], path="/a?in-path=p").url.query == b"in-path=p"


def test_an_idempotency_key_is_new_for_each_call() -> None:
    """A required key is a new UUID for each call, also where the document has an example; a given one stays."""
    key = parameter("Idempotency-Key", "header", example="the-same-again")

    assert uuid.UUID(called(key).headers["idempotency-key"])
    assert called(key, headers={"idempotency-key": "mine"}).headers["idempotency-key"] == "mine"
    short = parameter("Idempotency-Key", "header", {"type": "string", "maxLength": 8})
    assert len(called(short).headers["idempotency-key"]) == 8


def test_a_credential_is_never_filled() -> None:
    """A header that a security scheme names goes without where the call is to go without."""
    declared = [parameter("X-Key", "header", example="made-up"), parameter("Accept", "header", example="x/y")]

    assert "x-key" not in called(*declared, authenticated=False).headers
    assert called(*declared).headers["x-key"] == "right"


def test_what_is_optional_is_left_out() -> None:
    """Only what is required is sent."""
    assert called({**parameter("q", "query", example="x"), "required": False}).url.query == b""
