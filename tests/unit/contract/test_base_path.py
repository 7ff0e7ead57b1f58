"""A base URL without the path of the API is one mistake, and its message holds the URL to write."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from harness.contract.base_path import judge_base_path, wrong_base_path
from harness.http.client import Network
from harness.http.provider_client import ProviderClient
from harness.model import Outcome
from harness.openapi.spec_document import Spec

OK = {"get": {"responses": {"200": {"description": "fine"}}}}
DOCUMENT: dict[str, Any] = {"openapi": "3.1.0", "info": {}, "paths": {"/things": OK, "/others": OK, "/things/{id}": OK}}
HOST = "http://provider.test"

# The path of the base URL, the document's servers, the paths that are served, and the URL to write; empty for none.
ROWS: dict[str, tuple[str, list[Any], set[str], str]] = {
    "right": ("/v1", [{"url": "/v1"}], {"/v1/things"}, ""),
    "the servers name it": ("", [{"url": "https://api.example.com/v1"}], {"/v1/others"}, f"{HOST}/v1"),
    "a variable in it": (
        "",
        [{"url": "https://x/{version}/", "variables": {"version": {"default": "v3"}}}],
        {"/v3/things"},
        f"{HOST}/v3",
    ),
    "doubled": ("/v1/v1", [], {"/v1/things"}, f"{HOST}/v1"),
    "one too many": ("/v1", [], {"/things"}, HOST),
    "nothing is served anywhere": ("", [{"url": "/v1"}], set(), ""),
    "one of them is not there": ("", [{"url": "/v1"}], {"/others"}, ""),
    "servers that are none": ("", ["x", {"url": 7}, {"url": "/{open}"}], set(), ""),
}


@pytest.mark.parametrize("path, servers, served, right", ROWS.values(), ids=ROWS.keys())
def test_only_another_path_that_answers_proves_it(path: str, servers: list[Any], served: set[str], right: str) -> None:
    """What the server does not have at all is no mistake of the base URL."""
    transport = httpx.MockTransport(lambda request: httpx.Response(200 if request.url.path in served else 404))
    spec = Spec({**DOCUMENT, "servers": servers}, "openapi.json", base_url=HOST + path)
    with ProviderClient(Network(), HOST + path, transport=transport) as client:
        fault = wrong_base_path(spec, client)
    assert fault.endswith(f"Write base_url = {right!r}.") if right else fault == ""


def test_the_finding_names_both_urls() -> None:
    """It has an id, and fails."""
    finding = judge_base_path(f"[provider] base_url is {HOST}: write another")
    assert finding.outcome is Outcome.FAIL
    assert finding.id
    assert HOST in finding.observed


def test_operations_with_parameters_show_it_where_there_are_no_others() -> None:
    """Where `include` leaves no operation without an id, a made-up id is refused at the right path."""

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(422 if request.url.path.startswith("/api/things/") else 404)

    paths = {"/things/{id}": OK, "/things": OK}
    spec = Spec({**DOCUMENT, "paths": paths, "servers": [{"url": "/api"}]}, "openapi.json", base_url=HOST)
    with ProviderClient(Network(), HOST, transport=httpx.MockTransport(answer)) as client:
        fault = wrong_base_path(spec, client, {"GET /things/{id}"})
    assert fault.endswith(f"Write base_url = {HOST + '/api'!r}.")


def test_the_document_lies_beside_its_operations() -> None:
    """A server that hosts its document, which names no servers, has the operations below the same path."""
    transport = httpx.MockTransport(lambda r: httpx.Response(200 if r.url.path == "/api/things" else 404))
    spec = Spec(DOCUMENT, f"{HOST}/api/openapi.json", base_url=HOST)
    with ProviderClient(Network(), HOST, transport=transport) as client:
        assert wrong_base_path(spec, client).endswith(f"Write base_url = {HOST + '/api'!r}.")


def test_a_page_at_every_path_is_not_the_api() -> None:
    """An application that routes in the browser is served at the root, whatever is asked."""

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(404 if request.url.path.startswith("/v1") else 200)

    spec = Spec({**DOCUMENT, "servers": [{"url": "/v1"}]}, "openapi.json", base_url=f"{HOST}/v1")
    with ProviderClient(Network(), f"{HOST}/v1", transport=httpx.MockTransport(answer)) as client:
        assert wrong_base_path(spec, client) == ""
