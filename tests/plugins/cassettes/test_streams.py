"""Streams without an end in every mode: the test reads them while they are recorded."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from werkzeug import Response

from .conftest import run

if TYPE_CHECKING:
    from tests.plugins.conftest import Folder

    from .conftest import Provider

CLIENTS = {
    "api": "with api.stream('GET', '/events') as answer:\n        first = next(answer.iter_lines())",
    "httpx": "with httpx.stream('GET', url, trust_env=False) as answer:\n        first = next(answer.iter_lines())",
    "requests": "with requests.get(url, stream=True) as answer:\n        first = next(answer.iter_lines()).decode()",
    "requests, never closed": "first = next(requests.get(url, stream=True).iter_lines()).decode()",
    "urllib3": "first = urllib3.request('GET', url, preload_content=False).readline().decode().strip()",
    "urllib": "with urllib.request.urlopen(url) as answer:\n        first = answer.readline().decode().strip()",
    "async_api": "first = asyncio.run(of_httpx(async_api))",
}
TEST = """
import asyncio, httpx, requests, urllib.request, urllib3
url = "{url}/events"
async def of_httpx(client):
    async with client, client.stream("GET", "/events") as answer:
        async for line in answer.aiter_lines():
            return line
def test_creates(api, async_api, cassette):
    {call}
    assert first == "data: 0"
"""


def describe(folder: Folder, kind: str) -> None:
    spec = json.loads((folder.path / "openapi.json").read_text())
    answer = {"description": "Events", "content": {kind: {}}}
    spec["paths"]["/events"] = {"get": {"responses": {"200": answer}}}
    folder.write("openapi.json", json.dumps(spec))


@pytest.fixture
def ended() -> Iterator[threading.Event]:
    """Return what ends the streams of the provider."""
    event = threading.Event()
    yield event
    event.set()


@pytest.mark.parametrize("client", CLIENTS)
def test_a_test_reads_a_stream_that_does_not_end(
    client: str, folder: Folder, provider: Provider, ended: threading.Event
) -> None:
    """Each event reaches it when it is sent, and what came until it closed the stream is recorded."""

    def events() -> Iterator[str]:
        for number in itertools.count():
            yield f"data: {number}\n\n"
            if ended.wait(0.1):
                return

    provider.server.expect_request("/events").respond_with_handler(
        lambda _: Response(events(), content_type="text/event-stream")
    )
    describe(folder, "text/event-stream")
    folder.write("test_own.py", TEST.format(url=provider.url, call=CLIENTS[client]))

    for mode in ("record", "replay", "live", "verify"):
        result = run(folder, mode)
        assert result.status == 0, f"{mode}: {result.out}"

    recorded = (folder.path / "cassettes/test_own/test_creates.yaml").read_text()
    assert "data: 0" in recorded
