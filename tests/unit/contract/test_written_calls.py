"""Calls that the harness writes itself carry parameters in the styles and places that the document gives them."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from harness.contract.caller import Caller
from harness.contract.link_crawler import LinkCrawler
from harness.contract.path_resolver import PathResolver
from harness.openapi.spec_document import Spec
from tests.unit.contract.streaming import client_of

OK: dict[str, Any] = {"responses": {"200": {"description": "ok"}}}
TEXT = {"type": "string"}


def called(paths: dict[str, Any], body: Any) -> tuple[Caller, list[httpx.Request]]:
    """Return a caller of a provider that answers ``body`` to everything, and what it was sent."""
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200, json=body)

    spec = Spec({"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": paths}, "x")
    return Caller(spec, client_of(answer)), sent


LINKS: dict[str, tuple[str, list[dict[str, Any]], dict[str, str], str, dict[str, str]]] = {
    "simple": ("/b/{id}", [{"name": "id", "in": "path"}], {"id": "$response.body#/id"}, "/b/a%2Fb", {}),
    "label": ("/b/{id}", [{"name": "id", "in": "path", "style": "label"}], {"id": "$response.body#/n"}, "/b/.5", {}),
    "matrix, list": (
        "/b/{id}",
        [{"name": "id", "in": "path", "style": "matrix", "explode": True}],
        {"path.id": "$response.body#/list"},
        "/b/;id=1;id=2",
        {},
    ),
    "within a segment": ("/b/{id}.json", [{"name": "id", "in": "path"}], {"id": "$response.body#/n"}, "/b/5.json", {}),
    "a query": (
        "/b",
        [{"name": "list", "in": "query", "explode": False}],
        {"list": "$response.body#/list"},
        "/b?list=1,2",
        {},
    ),
    "a deep object": (
        "/b",
        [{"name": "o", "in": "query", "style": "deepObject"}],
        {"query.o": "$response.body#/object"},
        "/b?o%5Bx%5D=true",
        {},
    ),
    "a header": (
        "/b",
        [{"name": "X-Id", "in": "header"}],
        {"header.X-Id": "$response.body#/list"},
        "/b",
        {"x-id": "1,2"},
    ),
    "a cookie": ("/b", [{"name": "sid", "in": "cookie"}], {"sid": "$response.body#/n"}, "/b", {"cookie": "sid=5"}),
}


@pytest.mark.parametrize("template, parameters, given, target, headers", LINKS.values(), ids=LINKS)
def test_links_fill_parameters_in_their_styles(
    template: str, parameters: list[dict[str, Any]], given: dict[str, str], target: str, headers: dict[str, str]
) -> None:
    """What a link gives a parameter goes where the document has the parameter, serialised as that describes."""
    linking = {"200": {"description": "ok", "links": {"next": {"operationId": "b", "parameters": given}}}}
    reading = {"operationId": "b", "parameters": [{**p, "schema": {}} for p in parameters], **OK}
    body = {"id": "a/b", "n": 5, "list": [1, 2], "object": {"x": True}}
    caller, sent = called({"/a": {"get": {"responses": linking}}, template: {"get": reading}}, body)

    LinkCrawler(caller, random_seed=1).run()

    assert [r.url.raw_path.decode() for r in sent[1:2]] == [target]
    assert headers.items() <= dict(sent[1].headers).items()


PATHS: dict[str, tuple[str, list[dict[str, Any]], list[str]]] = {
    "ids of a listing": ("/things/{id}", [{"name": "id", "in": "path"}], ["/things/7", "/things/a%20b"]),
    "within a segment": ("/things/{id}.json", [{"name": "id", "in": "path"}], ["/things/7.json", "/things/a%20b.json"]),
    "matrix": (
        "/things/{id}",
        [{"name": "id", "in": "path", "style": "matrix"}],
        ["/things/;id=7", "/things/;id=a%20b"],
    ),
    "two in a segment": (
        "/at/{x},{y}",
        [{"name": "x", "in": "path", "example": 1}, {"name": "y", "in": "path", "example": 2}],
        ["/at/1,2"],
    ),
    "a list": (
        "/at/{x}",
        [{"name": "x", "in": "path", "style": "label", "explode": True, "example": [1, 2]}],
        ["/at/.1.2"],
    ),
    "one without an example": (
        "/at/{x},{y}",
        [{"name": "x", "in": "path", "example": 1}, {"name": "y", "in": "path"}],
        [],
    ),
}


@pytest.mark.parametrize("template, parameters, expected", PATHS.values(), ids=PATHS)
def test_paths_are_filled_in_their_styles(template: str, parameters: list[dict[str, Any]], expected: list[str]) -> None:
    """Ids of listings and examples stand in the style of their parameter, also beside literal text."""
    operation = {"parameters": [{**p, "required": True, "schema": {}} for p in parameters], **OK}
    caller, _ = called({"/things": {"get": OK}, template: {"get": operation}}, [{"id": 7}, {"id": "a b"}])

    assert PathResolver(caller).of(caller.operations[f"GET {template}"]) == expected
