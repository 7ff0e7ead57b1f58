from __future__ import annotations

import datetime as dt
import json
from typing import Any

import httpx
import pytest

from harness.openapi.spec_document import Spec

TOKEN = {"type": "object", "required": ["token"], "properties": {
    "token": {"type": "string", "pattern": "^[0-9a-f]{32}$"}, "name": {"type": "string", "maxLength": 3}}}  # fmt: skip
DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "T", "version": "1"},
    "paths": {
        "/login": {
            "post": {"responses": {"200": {"description": "in", "content": {"application/json": {"schema": TOKEN}}}}}
        }
    },
}


@pytest.mark.parametrize(
    "answer,fine",
    [
        ({"token": "0" * 32}, True),
        ({"token": "[REDACTED received token]"}, True),
        ({"token": "other"}, False),
        ({"name": "long", "token": "[REDACTED received token]"}, False),
        ({}, False),
    ],
)
def test_a_placeholder_is_not_held_against_the_schema_of_the_secret(answer: dict[str, Any], fine: bool) -> None:  # noqa: FBT001 - a parameter
    """A recorded answer conforms although its token is redacted; everything else in it is judged."""
    operation = Spec(DOCUMENT, "openapi.json").find("POST", "/login")
    request = httpx.Request("POST", "http://127.0.0.1/login")
    response = httpx.Response(
        200, headers={"content-type": "application/json"}, content=json.dumps(answer), request=request
    )
    response.elapsed = dt.timedelta()

    assert operation is not None
    assert (operation.violations(response) == []) is fine
