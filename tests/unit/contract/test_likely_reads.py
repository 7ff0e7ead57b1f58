"""Which reads a provider most likely serves."""

from __future__ import annotations

from typing import Any

from harness.contract.likely_reads import likely_reads
from harness.openapi.spec_document import Spec

OK: dict[str, Any] = {"responses": {"200": {"description": "OK"}}}
BODY = {"content": {"application/json": {"schema": {"type": "object"}}}}
ITEM: dict[str, Any] = {
    "type": "object",
    "required": ["id"],
    "properties": {"id": {"type": "string"}, "name": {"type": "string"}},
}
SHOWN = {"200": {"description": "OK", "content": {"application/json": {"schema": ITEM}}}}
MADE: dict[str, Any] = {"requestBody": BODY, "responses": {"201": SHOWN["200"]}}
ONE = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}


def document(security: list[Any] | None = None) -> Spec:
    needy = {"name": "q", "in": "query", "required": True, "schema": {"type": "string"}}
    paths = {
        "/health": {"get": {**OK, "security": []}},
        "/me": {"get": OK},
        "/search": {"get": {**OK, "parameters": [needy]}},
        "/tags": {"get": OK, "post": MADE},
        "/tags/{id}": {"parameters": [ONE], "get": {"responses": SHOWN}},
        "/orders": {"get": OK, "post": MADE},
        "/orders/{id}": {"parameters": [ONE], "get": {"responses": SHOWN}},
        "/orders/{id}/lines": {"parameters": [ONE], "get": OK},
    }
    raw = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": paths, "security": security or []}
    return Spec(raw, "openapi.json")


def test_listings_come_before_all_else() -> None:
    """Those first below which most of the API is; then what needs a credential; nothing with a required parameter."""
    labels = [operation.path for operation in likely_reads(document([{"key": []}]))]

    assert labels == ["/orders", "/tags", "/me", "/health"]
