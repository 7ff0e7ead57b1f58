"""Messages that clients hand over decoded, and headers beyond ASCII, in every mode."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug import Response

from harness.cassettes.store.storage import Storage

from .conftest import CASSETTE, run

if TYPE_CHECKING:
    from tests.plugins.conftest import Folder

    from .conftest import Provider

ITEM = {"id": "item-1", "state": "done"}
CLIENTS = {
    "requests": 'requests.get("{url}/coded", timeout=30).json()',
    "urllib3": 'urllib3.request("GET", "{url}/coded", headers={{"accept-encoding": "gzip"}}, retries=False).json()',
    "httpx": 'httpx.get("{url}/coded").json()',
}
PACKED: dict[str, Any] = {"gzip": gzip.compress, "deflate": zlib.compress}


@pytest.mark.parametrize("coding", PACKED)
@pytest.mark.parametrize("client", CLIENTS)
def test_a_compressed_answer_passes_in_every_mode(client: str, coding: str, folder: Folder, provider: Provider) -> None:
    """Whether a client unpacks bodies before vcrpy sees them or after, recording, verifying and replaying agree."""
    body = PACKED[coding](json.dumps(ITEM).encode())
    answer = Response(body, content_type="application/json", headers={"content-encoding": coding})
    provider.server.expect_request("/coded").respond_with_response(answer)
    spec = json.loads((folder.path / "openapi.json").read_text())
    content = {"application/json": {"schema": {"type": "object", "required": ["id"]}}}
    spec["paths"]["/coded"] = {"get": {"responses": {"200": {"description": "One", "content": content}}}}
    folder.write("openapi.json", json.dumps(spec))
    call = CLIENTS[client].format(url=provider.url)
    folder.write("test_own.py", f"import {client}\ndef test_creates(cassette):\n    assert {call} == {ITEM}\n")

    for mode in ("record", "rewrite", "live", "verify", "replay"):
        ended = run(folder, mode)
        assert ended.status == 0, f"{mode}: {ended.out}"

    (only,) = Storage().read(folder.path / CASSETTE).interactions
    assert json.loads(only["response"]["body"]["string"]) == ITEM
    assert not [name for name in only["response"]["headers"] if name.lower() == "content-encoding"]


@pytest.mark.parametrize("city", ["Zürich", "北京"])
def test_a_header_beyond_ascii_is_played_back(city: str, folder: Folder, provider: Provider) -> None:
    """Its client sees what was recorded, and the answer is held against the spec like any other."""
    spec = json.loads((folder.path / "openapi.json").read_text())
    spec["paths"]["/city"] = {"get": {"responses": {"200": {"description": "One"}}}}
    folder.write("openapi.json", json.dumps(spec))
    folder.write(
        CASSETTE,
        "interactions:\n"
        f"- request: {{body: '', headers: {{x-from: [{city}]}}, method: GET, uri: '{provider.url}/city'}}\n"
        "  response:\n"
        "    body: {string: '{}'}\n"
        f"    headers: {{content-type: [application/json], x-city: [{city}]}}\n"
        "    status: {code: 200, message: OK}\n"
        "metadata: {recorded_at: '2026-11-01T00:00:00Z'}\n"
        "version: 1\n",
    )
    folder.write("test_own.py", f'def test_creates(api):\n    assert api.get("/city").headers["x-city"] == "{city}"\n')

    ended = run(folder, "replay")

    assert ended.status == 0, ended.out
