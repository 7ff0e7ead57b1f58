"""The first server of a document: what its URL leaves out, the URL of the document has."""

from __future__ import annotations

from typing import Any

import pytest

from harness.openapi.document_servers import first_server

AT = "http://api.example:8080/docs/openapi.json"


@pytest.mark.parametrize(
    "document, source, url",
    [
        ({"host": "a:1", "basePath": "/v1", "schemes": ["http"]}, "x.json", "http://a:1/v1"),
        ({"host": "a:1", "basePath": "/v1", "schemes": ["wss", "https", "http"]}, AT, "https://a:1/v1"),
        ({"host": "a:1", "basePath": "v1/"}, "x.json", "https://a:1/v1"),
        ({"host": "a:1"}, AT, "http://a:1"),
        ({"basePath": "/v1"}, AT, "http://api.example:8080/v1"),
        ({"basePath": "/v1"}, "x.json", ""),
        ({}, AT, "http://api.example:8080"),
        ({"servers": [{"url": "/v2"}]}, AT, "http://api.example:8080/v2"),
        ({"servers": [{"url": "v2"}]}, AT, "http://api.example:8080/docs/v2"),
        ({"servers": [{"url": "/v2"}]}, "x.json", ""),
        ({"servers": [{"url": "https://{region}.b"}, {"url": "https://c/"}]}, "x.json", "https://c"),
        ({"servers": [{"url": "http://[::1"}, {"url": "https://c/"}]}, "x.json", "https://c"),
        ({"servers": [{"url": "https://{r}.b", "variables": {"r": {"default": "eu"}}}]}, "x.json", "https://eu.b"),
    ],
)
def test_the_first_whole_server_is_found(document: dict[str, Any], source: str, url: str) -> None:
    """By the schemes of OpenAPI 2.0, its variables, and where the document was read."""
    assert first_server(document, source) == url
