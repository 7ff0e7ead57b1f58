"""A fake provider keeps test and client to the document, here that of a library."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from pytest_httpserver.httpserver import METHOD_ALL
from werkzeug import Response

from harness.contract.fake_provider import FakeProvider
from harness.errors import SpecError
from harness.openapi.spec_document import Spec

BOOK = {
    "type": "object",
    "required": ["title"],
    "properties": {"title": {"type": "string"}, "year": {"type": "integer"}},
}
JSON = {"application/json": {"schema": {"$ref": "#/components/schemas/Book"}}}
LIBRARY: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Library", "version": "1"},
    "components": {"schemas": {"Book": BOOK}},
    "paths": {
        "/books": {
            "post": {
                "requestBody": {"required": True, "content": JSON},
                "responses": {"201": {"description": "made", "content": JSON}},
            }
        },
        "/books/{id}": {
            "get": {
                "parameters": [
                    {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}},
                    {"name": "fields", "in": "query", "schema": {"enum": ["title", "year"]}},
                ],
                "responses": {"200": {"description": "a book", "content": JSON}},
            }
        },
    },
}


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    server = FakeProvider(Spec(LIBRARY, "library.json", "https://library.example.com/v1"))
    server.start()
    yield server
    server.stop()


def call(provider: FakeProvider, method: str, path: str, **options: Any) -> httpx.Response:
    return httpx.request(method, provider.base_url + path, trust_env=False, **options)


def test_what_the_document_allows_is_served(provider: FakeProvider) -> None:
    """The client gets what the test registered, and nothing is said of it."""
    provider.expect_request("/books/7").respond_with_json({"title": "Emma", "year": 1815})
    provider.expect_request("/books", method="POST").respond_with_json({"title": "Emma"}, status=201)

    assert call(provider, "GET", "/books/7?fields=title").json() == {"title": "Emma", "year": 1815}
    assert call(provider, "POST", "/books", json={"title": "Emma"}).status_code == 201
    assert provider.complaints == []
    provider.check()


@pytest.mark.parametrize(
    "status, body, says",
    [
        (200, {"year": 1815}, "GET /books/{id} answering 200: "),
        (200, {"title": 3}, "GET /books/{id} answering 200: "),
        (418, {"title": "Emma"}, "GET /books/{id} answering 418: "),
    ],
)
def test_a_response_that_the_document_does_not_allow_is_told(
    provider: FakeProvider, status: int, body: Any, says: str
) -> None:
    """A fake that answers as no provider does would let a broken client pass."""
    provider.expect_request("/books/7").respond_with_json(body, status=status)

    answer = call(provider, "GET", "/books/7")

    assert answer.status_code == 500
    (complaint,) = provider.complaints
    assert complaint == answer.text
    assert complaint.startswith(
        "The fake provider of library.json received what the document does not allow:\n  " + says
    )


@pytest.mark.parametrize(
    "method, path, body, says",
    [
        ("GET", "/books/seven", None, "GET /books/{id}: path parameter `id`"),
        ("GET", "/books/7?fields=author", None, "GET /books/{id}: query parameter `fields`"),
        ("POST", "/books", {"year": 1815}, "POST /books: "),
        ("POST", "/books", None, "POST /books: "),
        ("DELETE", "/books/7", None, "DELETE /books/7: no operation of library.json describes this call"),
    ],
)
def test_a_request_that_the_document_does_not_allow_is_told(
    provider: FakeProvider, method: str, path: str, body: Any, says: str
) -> None:
    """A client that sends what the provider would refuse is not answered as if all were well."""
    provider.expect_request(re.compile("/books.*")).respond_with_json(
        {"title": "Emma"}, status=201 if method == "POST" else 200
    )

    answer = call(provider, method, path, json=body) if body else call(provider, method, path)

    assert answer.status_code == 500
    (complaint,) = provider.complaints
    assert says.replace("`", "") in complaint.replace("`", "").replace("'", ""), complaint


def test_what_nobody_registered_is_told_once(provider: FakeProvider) -> None:
    """pytest-httpserver's own assertion stands alone."""
    assert call(provider, "GET", "/books/7").status_code == 500
    (complaint,) = provider.complaints
    assert "No handler found for request" in complaint


@pytest.mark.parametrize(
    "uri, method, says",
    [
        ("/book", METHOD_ALL, "describes /book."),
        ("/books", "GET", "describes GET /books. Did you mean 'GET /books/{id}'?"),
        ("/v2/books", "POST", "describes POST /v2/books."),
    ],
)
def test_what_the_document_does_not_describe_cannot_be_registered(
    provider: FakeProvider, uri: str, method: str, says: str
) -> None:
    """A misspelt path ends the test where it stands, with the nearest operation."""
    with pytest.raises(SpecError, match=r"fake provider: no operation of library\.json") as raised:
        provider.expect_request(uri, method=method)

    assert says in str(raised.value)


def test_the_servers_path_may_be_written_or_left_out(provider: FakeProvider) -> None:
    """A client whose base URL has a path is served at that path."""
    provider.expect_request("/v1/books/7").respond_with_json({"title": "Emma"})

    assert call(provider, "GET", "/v1/books/7").status_code == 200
    assert provider.complaints == []


def test_a_handler_that_breaks_is_told(provider: FakeProvider) -> None:
    """An error in the test's own code does not look like one of the client."""

    def broken(_: object) -> Response:
        raise ZeroDivisionError("in the handler")

    provider.expect_request("/books/7").respond_with_handler(broken)

    assert call(provider, "GET", "/books/7").status_code == 500
    assert provider.complaints == ["ZeroDivisionError: in the handler"]


def test_a_violation_is_one_line_that_names_the_place(provider: FakeProvider) -> None:
    """The line states the violation and its place in the body, without the schema."""
    provider.expect_request("/books/1", method="GET").respond_with_json({"title": "A", "year": "1999"})

    text = call(provider, "GET", "/books/1").text

    assert 'GET /books/{id} answering 200: Response violates schema: "1999" is not of type "integer" (at /year)' in text
    assert '"properties"' not in text
