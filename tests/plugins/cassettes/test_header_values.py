"""Header values beyond ASCII in every mode: each client sees what it sees without the harness."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug import Request, Response

from tests.values_beyond_ascii import VALUES

from .conftest import run

if TYPE_CHECKING:
    from tests.plugins.conftest import Folder

    from .conftest import Provider

CLIENTS = {
    "requests": "requests.get(url, headers={'x-from': sent}, timeout=30).headers",
    "urllib3": "urllib3.request('GET', url, headers={'x-from': sent}, retries=False).headers",
    "urllib": "urllib.request.urlopen(urllib.request.Request(url, headers={'x-from': sent})).headers",
    "httpx": "httpx.get(url, headers={b'x-from': sent.encode('latin-1')}, trust_env=False).headers",
}
TEST = """
import httpx, pytest, requests, urllib.request, urllib3
VALUES = {values}
@pytest.mark.parametrize("name", VALUES)
def test_creates(cassette, name):
    url, sent = f"{url}/city/{{name}}", VALUES[name].decode("latin-1")
    seen = {call}["x-city"]
    assert seen == {expected}, (name, seen)
"""
HTTPX = "httpx.Headers([(b'x-city', VALUES[name])])['x-city']"


def describe(folder: Folder) -> None:
    spec = json.loads((folder.path / "openapi.json").read_text())
    parameter = {"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}
    operation: dict[str, Any] = {"parameters": [parameter], "responses": {"200": {"description": "One"}}}
    spec["paths"]["/city/{name}"] = {"get": operation}
    folder.write("openapi.json", json.dumps(spec))


@pytest.mark.parametrize("client", CLIENTS)
def test_values_pass_byte_for_byte_in_every_mode(client: str, folder: Folder, provider: Provider) -> None:
    """What the provider receives, and what the client reads, are the same live, recorded and played."""
    received: list[tuple[str, bytes]] = []

    def answer(request: Request) -> Response:
        name = request.path.rpartition("/")[2]
        received.append((name, request.headers["x-from"].encode("latin-1")))
        return Response(b"", headers={"x-city": VALUES[name].decode("latin-1")})

    for name in VALUES:
        provider.server.expect_request(f"/city/{name}").respond_with_handler(answer)
    describe(folder)
    expected = HTTPX if client == "httpx" else "VALUES[name].decode('latin-1')"
    text = TEST.format(values=dict(VALUES), url=provider.url, call=CLIENTS[client], expected=expected)
    folder.write("test_own.py", text)

    for mode in ("record", "replay", "live", "verify"):
        ended = run(folder, mode)
        assert ended.status == 0, f"{mode}: {ended.out}"

    assert sorted(received) == sorted([*VALUES.items()] * 3)


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("city", ["Zürich", "北京"])
def test_a_recording_of_another_tool_is_played(client: str, city: str, folder: Folder, provider: Provider) -> None:
    """A value that stands as text in a cassette reaches every client; what ISO-8859-1 does not have, as UTF-8."""
    describe(folder)
    folder.write(
        "cassettes/test_own/test_creates-a.yaml",
        "interactions:\n"
        f"- request: {{body: '', headers: {{x-from: [{city}]}}, method: GET, uri: '{provider.url}/city/a'}}\n"
        "  response:\n"
        "    body: {string: '{}'}\n"
        f"    headers: {{content-type: [application/json], x-city: [{city}]}}\n"
        "    status: {code: 200, message: OK}\n"
        "metadata: {recorded_at: '2026-11-01T00:00:00Z'}\n"
        "version: 1\n",
    )
    wire = city.encode() if city == "北京" else city.encode("latin-1")
    expected = HTTPX if client == "httpx" else "VALUES[name].decode('latin-1')"
    text = TEST.format(values={"a": wire}, url=provider.url, call=CLIENTS[client], expected=expected)
    folder.write("test_own.py", text)

    ended = run(folder, "replay")

    assert ended.status == 0, ended.out
