"""What a request makes up may be unknown to the provider: that is no refusal of valid input."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from harness.openapi.given_names import names_nothing
from harness.openapi.spec_document import Spec
from tests.unit.conftest import Attacker, Call, Reply, Serve, document
from tests.unit.fuzzing.test_response_rules import titles

JSON = {"application/json": {"schema": {"type": "object"}}}
ANSWERS = {status: {"description": "x"} for status in ("200", "400", "422")}
SPEC = Spec(
    {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {
            "/rooms/{room_id}": {"get": {"responses": ANSWERS}},
            "/cities/{id}": {"get": {"responses": ANSWERS}},
            "/bookings": {"post": {"requestBody": {"content": JSON}, "responses": ANSWERS}},
        },
    },
    "spec",
)


@pytest.mark.parametrize(
    "status, query, body, text, expected",
    [
        (400, "?cursor=ReJ", {}, "The cursor is none.", True),
        (422, "", {"room_id": "r1"}, "There is no such room.", True),
        (422, "", {"cityId": "c1"}, "cityId is unknown", True),
        (422, "", {"room_id": "r1", "title": "x"}, "title is too short", False),
        (422, "", {"title": "x"}, "There is no such room.", False),
        (400, "?limit=3", {}, "limit is wrong", False),
        (403, "?cursor=ReJ", {}, "No.", False),
    ],
)
def test_what_a_refusal_is_about_decides(status: int, query: str, body: Any, text: str, expected: bool) -> None:  # noqa: FBT001
    """A made-up cursor or identifier may be refused as documented, with words about it; nothing else may."""
    request = httpx.Request("POST", f"http://provider/bookings{query}", json=body)
    response = httpx.Response(status, json={"detail": text}, request=request)

    assert names_nothing(SPEC, SPEC.operation("POST /bookings"), response) is expected


LIMIT = {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 50}}
SCHEMES = {"b": {"type": "http", "scheme": "bearer"}, "k": {"type": "apiKey", "in": "header", "name": "X-API-Key"}}


@pytest.mark.parametrize("checks_limit", [True, False])
def test_a_parameter_that_is_not_described_breaks_nothing(
    attacker: Attacker,
    serve: Serve,
    checks_limit: bool,  # noqa: FBT001
) -> None:
    """A request whose documented parameters are all valid is not invalid, whatever others it has."""
    read = {"parameters": [LIMIT], "responses": ANSWERS, "security": [{"b": []}, {"k": []}]}
    described = document({"/a": {"get": read}}) | {"components": {"securitySchemes": SCHEMES}}

    def provider(call: Call) -> Reply:
        if call.method != "GET":
            return 405, {"allow": "GET"}, None
        limit = dict(parse_qsl(urlsplit(call.path).query, keep_blank_values=True)).get("limit", "1")
        is_right = limit.isdecimal() and 1 <= int(limit) <= 50
        return (400 if checks_limit and not is_right else 200), {}, None

    found = titles(attacker, described, serve(provider), "GET /a", examples=30)
    assert ("Schema-violating request accepted" in found) is not checks_limit
