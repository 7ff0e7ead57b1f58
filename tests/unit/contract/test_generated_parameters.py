"""What is generated for an operation, and what is not."""

from __future__ import annotations

import pytest

from harness.contract.spec import Spec

HTTP = {"type": "http", "scheme": "bearer"}
KEY = {"type": "apiKey", "in": "header", "name": "X-API-Key"}


@pytest.mark.parametrize("scheme", [HTTP, KEY], ids=["bearer", "api-key"])
def test_the_credential_is_not_generated(scheme: dict[str, str]) -> None:
    """Every request is authenticated when it is sent, so no case may be taken for invalid by lacking its credential."""
    described = {"name": "X-Trace", "in": "header", "schema": {"type": "string"}}
    answers = {"200": {"description": "fine"}}
    document = {
        "openapi": "3.1.0",
        "info": {"title": "x", "version": "1"},
        "security": [{"key": []}],
        "components": {"securitySchemes": {"key": scheme}},
        "paths": {"/things": {"get": {"parameters": [described], "responses": answers}}},
    }

    (operation,) = Spec(document, "x").operations

    assert [header.name for header in operation.raw.headers] == ["X-Trace"]
