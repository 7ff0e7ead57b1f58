"""Messages that clients hand over decoded, and headers beyond ASCII, in every mode."""

from __future__ import annotations

import gzip
import json
import secrets
import zlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from vcr.request import Request
from werkzeug import Response

from harness.cassettes.store.cassette_file import CassetteFile
from harness.cassettes.store.storage import Storage
from harness.cassettes.store.vcr_messages import interaction_of

from .conftest import CASSETTE, run

if TYPE_CHECKING:
    from tests.plugins.conftest import Folder

    from .conftest import Provider

JSON = "application/json"
ITEM = {"id": "item-1", "state": "done"}
CLIENTS = {
    "requests": 'requests.get("{url}" + path, timeout=30).json()',
    "urllib3": 'urllib3.request("GET", "{url}" + path, headers={{"accept-encoding": "gzip"}}, retries=False).json()',
    "httpx": 'httpx.get("{url}" + path).json()',
}


def bare_deflate(content: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return stream.compress(content) + stream.flush()


PACKED: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "gzip in capitals": ("GZIP", gzip.compress),
    "zlib": ("deflate", zlib.compress),
    "bare deflate": ("deflate", bare_deflate),
    "two codings": ("deflate, gzip", lambda content: gzip.compress(zlib.compress(content))),
    "no coding by its name": ("identity", bytes),
    "no coding though one is named": ("x-our-own", bytes),
    "a charset in the wrong header": ("utf-8", bytes),
}


FOREIGN: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    **PACKED,
    "gzip that a client unpacked": ("gzip", bytes),
    "Brotli that a client unpacked": ("br", bytes),
    "Zstandard that a client unpacked": ("zstd", bytes),
}


def path_of(name: str) -> str:
    return f"/{name.replace(' ', '-')}"


def serve(folder: Folder, provider: Provider, rows: Mapping[str, tuple[str, bytes]], **headers: Any) -> None:
    """Answer a path for each row with its body and its Content-Encoding.

    The document describes JSON with an id, and these ``headers``.
    """
    spec = json.loads((folder.path / "openapi.json").read_text())
    content = {JSON: {"schema": {"type": "object", "required": ["id"]}}}
    for name, (coding, body) in rows.items():
        answer = Response(body, content_type=JSON, headers={"content-encoding": coding})
        provider.server.expect_request(path_of(name)).respond_with_response(answer)
        described = {"description": "One", "content": content, "headers": headers}
        spec["paths"][path_of(name)] = {"get": {"responses": {"200": described}}}
    folder.write("openapi.json", json.dumps(spec))


def write_test(folder: Folder, rows: Iterable[str], *lines: str) -> None:
    """Write a test that runs ``lines`` with each path."""
    paths = [path_of(name) for name in rows]
    head = f"import httpx, pytest, requests, urllib3\n@pytest.mark.parametrize('path', {paths}, ids={paths})\n"
    folder.write("test_own.py", head + "def test_creates(path, cassette):\n" + "".join(f"    {li}\n" for li in lines))


def cassettes(folder: Folder) -> list[Path]:
    return list((folder.path / "cassettes").rglob("*.yaml"))


@pytest.mark.parametrize("client", CLIENTS)
def test_coded_answers_pass_in_every_mode(client: str, folder: Folder, provider: Provider) -> None:
    """Whether a client unpacks bodies before vcrpy sees them or after, recording, verifying and replaying agree."""
    content = json.dumps(ITEM).encode()
    serve(folder, provider, {name: (coding, pack(content)) for name, (coding, pack) in PACKED.items()})
    write_test(folder, PACKED, f"assert {CLIENTS[client].format(url=provider.url)} == {ITEM}")

    for mode in ("record", "rewrite", "live", "verify", "replay"):
        ended = run(folder, mode)
        assert ended.status == 0, f"{mode}: {ended.out}"

    stored = [Storage().read(path).interactions[0]["response"] for path in cassettes(folder)]
    assert [json.loads(response["body"]["string"]) for response in stored] == [ITEM] * len(PACKED)
    assert not [name for response in stored for name in response["headers"] if name.lower() == "content-encoding"]


def test_coded_answers_are_judged_and_redacted(folder: Folder, provider: Provider) -> None:
    """What the document does not allow is found inside each coding, live and recorded, and no secret is stored."""
    secret = secrets.token_hex(12)
    content = json.dumps({"password": secret, "note": "é"}).encode()
    serve(folder, provider, {name: (coding, pack(content)) for name, (coding, pack) in PACKED.items()})
    write_test(folder, PACKED, f"httpx.get('{provider.url}' + path)")

    for mode in ("live", "record", "replay"):
        ended = run(folder, mode)
        missing = [name for name in PACKED if f"GET {path_of(name)} answering 200 breaks the spec" not in ended.out]
        assert missing == [], ended.out
        assert secret not in ended.out

    assert len(cassettes(folder)) == len(PACKED)
    assert not [path for path in cassettes(folder) if secret in path.read_text()]


@pytest.mark.parametrize("client", CLIENTS)
def test_recordings_of_other_clients_are_played(client: str, folder: Folder, provider: Provider) -> None:
    """Packed as its headers declare or unpacked beside them, every client gets the content."""
    content = json.dumps(ITEM).encode()
    serve(folder, provider, {name: (coding, pack(content)) for name, (coding, pack) in FOREIGN.items()})
    interactions = []
    for name, (coding, pack) in FOREIGN.items():
        request = Request("GET", f"{provider.url}{path_of(name)}", b"", {})
        headers = {"Content-Type": [JSON], "Content-Encoding": [coding]}
        response = {"status": {"code": 200, "message": "OK"}, "headers": headers, "body": {"string": pack(content)}}
        interactions.append(interaction_of(request, response))
    Storage().write(folder.path / CASSETTE, CassetteFile(interactions, {}))
    call = CLIENTS[client].format(url=provider.url)
    test = f"import {client}\ndef test_creates(cassette):\n"
    test += f"    for path in {[path_of(name) for name in FOREIGN]}:\n        assert {call} == {ITEM}, path\n"
    folder.write("test_own.py", test)

    ended = run(folder, "replay")

    assert ended.status == 0, ended.out


OPAQUE = b"\x80\x00\x1a\xff"
OPAQUE_ROWS = {"unknown": ("exi", OPAQUE), "unknown and gzip": ("x-own, gzip", gzip.compress(OPAQUE))}


def test_what_cannot_be_decoded_is_served_and_not_blamed(folder: Folder, provider: Provider) -> None:
    """A body in an unknown coding reaches the client as sent; it is neither judged nor stored, but its headers are."""
    serve(folder, provider, OPAQUE_ROWS)
    write_test(folder, OPAQUE_ROWS, f"assert httpx.get('{provider.url}' + path).content == {OPAQUE!r}")

    live, recorded = run(folder, "live"), run(folder, "record")
    provider.server.clear()
    serve(folder, provider, OPAQUE_ROWS, etag={"required": True, "schema": {"type": "string"}})
    without_header = run(folder, "live")

    assert live.status == 0, live.out
    for coding in ("exi", "x-own"):
        refusal = f"encoded as '{coding}', which the harness cannot decode, so it cannot be searched for secrets"
        assert refusal in recorded.out
    assert cassettes(folder) == []
    assert "observed: 200 without the header etag" in without_header.out
    assert "2 failed" in without_header.out


@pytest.mark.usefixtures("provider")
def test_coded_requests_are_judged_by_their_content(folder: Folder) -> None:
    """A compressed body that the document allows is not called no JSON, and one that it forbids is found."""
    spec = json.loads((folder.path / "openapi.json").read_text())
    body = spec["paths"]["/items"]["post"]["requestBody"]["content"]["application/json"]
    body["schema"] = {"type": "object", "required": ["name"]}
    folder.write("openapi.json", json.dumps(spec))

    for content, wrong in ((b'{"name": "one"}', 0), (b'{"nane": "one"}', 1)):
        calls = [
            f"    api.post('/items', content={pack(content)!r}, "
            f"headers={ {'content-type': JSON, 'content-encoding': coding} }).raise_for_status()"
            for coding, pack in PACKED.values()
        ]
        folder.write("test_own.py", "\n".join(["def test_creates(api):", *calls]))
        for mode in ("live", "record"):
            ended = run(folder, mode)
            assert ended.status == wrong, ended.out
            assert ended.out.count('observed: body $: "name" is a required property') == wrong


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
