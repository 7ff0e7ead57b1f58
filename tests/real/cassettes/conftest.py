"""What the tests of clients and of their mocks share."""

from __future__ import annotations

SPEC = {
    "openapi": "3.1.0",
    "info": {"title": "Items", "version": "1"},
    "paths": {
        "/item": {
            "get": {"responses": {"200": {"description": "One", "content": {"application/json": {"schema": {}}}}}}
        }
    },
}
"""Of a provider with one operation."""
