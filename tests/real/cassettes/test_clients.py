"""Clients that come with code of users: the fixture `cassette` covers them as it covers those the harness has."""

from __future__ import annotations

import gzip
import itertools
import json
import os
import secrets
import subprocess
import sys
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from harness.cassettes.store.storage import Storage
from tests.real.cassettes.conftest import SPEC

TIMEOUT_S = 120
CLIENTS = {
    "aiohttp": """
    async def go():
        async with aiohttp.ClientSession() as session, session.get(URL) as response:
            return await response.json()
    return asyncio.run(go())
""",
    "httpx2": "    return httpx2.get(URL).json()",
    "httpx2-async": """
    async def go():
        async with httpx2.AsyncClient() as client:
            return (await client.get(URL)).json()
    return asyncio.run(go())
""",
}


@pytest.fixture
def packages(real_python: Callable[[str], str]) -> Path:
    """Where the clients are installed."""
    (folder,) = Path(real_python("clients")).parents[1].glob("lib/python3*/site-packages")
    return folder


def describe(spec: dict[str, Any], url: str, folder: Path) -> None:
    """Write the target: a provider at ``url``, and its document."""
    (folder / "openapi.json").write_text(json.dumps(spec), encoding="utf-8")
    toml = f'[target]\nname = "x"\n[provider]\nspec = "openapi.json"\nbase_url = "{url}"\n'
    (folder / "harness.toml").write_text(toml, encoding="utf-8")


def passes_in(modes: Iterable[str], test: str, folder: Path, packages: Path, **env: str) -> None:
    """Assert that a file of tests passes in one mode after another."""
    (folder / "test_own.py").write_text(test, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:schemathesis", f"--rootdir={folder}"]
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "HARNESS_"))}
    for mode in modes:
        ended = subprocess.run(
            [*command, f"--harness-mode={mode}"],
            cwd=folder,
            env={**kept, "PYTHONPATH": str(packages), **env},
            capture_output=True,
            text=True,
            check=False,
            timeout=TIMEOUT_S,
        )
        assert ended.returncode == 0, f"{mode}: {ended.stdout}{ended.stderr}"


@pytest.mark.parametrize("name", CLIENTS)
def test_a_client_of_the_users_own_is_recorded_and_played_back(
    name: str, tmp_path: Path, httpserver: HTTPServer, packages: Path
) -> None:
    """Its call is recorded, and answered from the cassette when the server is silent."""
    url = f"http://127.0.0.1:{httpserver.port}"
    httpserver.expect_oneshot_request("/item").respond_with_json({"id": "item-1"})
    describe(SPEC, url, tmp_path)
    test = f"import asyncio, {name.partition('-')[0]}\nURL = '{url}/item'\ndef get():\n{CLIENTS[name]}\n"
    test += "def test_it(cassette):\n    assert get() == {'id': 'item-1'}\n    assert len(cassette.exchanges) == 1\n"
    passes_in(("record", "replay"), test, tmp_path, packages)

    assert len(httpserver.log) == 1
    assert len(Storage().read(tmp_path / "cassettes" / "test_own" / "test_it.yaml").interactions) == 1


CODED: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "deflate": zlib.compress}
CITIES = ["Zürich", "北京"]
READS = """
import asyncio, aiohttp, pytest
async def read(path):
    async with aiohttp.ClientSession() as session:
        headers = {"x-from": CITIES[0], "x-town": CITIES[1]}
        async with session.get(URL + path, headers=headers) as response:
            return await response.json(), response.headers["x-from"], response.headers["x-town"]
@pytest.mark.parametrize("coding", CODINGS)
def test_it(cassette, coding):
    assert asyncio.run(read(f"/{coding}")) == ({"id": "item-1"}, *CITIES)
"""


def test_coded_bodies_and_values_beyond_ascii_of_aiohttp_pass_in_every_mode(
    tmp_path: Path, httpserver: HTTPServer, packages: Path
) -> None:
    """The client unpacks bodies and leaves their header, and reads values as UTF-8: so it does from a cassette."""
    url, received = f"http://127.0.0.1:{httpserver.port}", list[list[str]]()

    def answer(request: Request) -> Response:
        values = [request.headers[name] for name in ("x-from", "x-town")]
        received.append([value.encode("latin-1").decode() for value in values])
        coding = request.path[1:]
        headers = {"content-encoding": coding, "x-from": values[0], "x-town": values[1]}
        return Response(CODED[coding](b'{"id": "item-1"}'), headers=headers, content_type="application/json")

    (item,) = json.loads(json.dumps(SPEC))["paths"].values()
    spec = {**SPEC, "paths": {f"/{coding}": item for coding in CODED}}
    for coding in CODED:
        httpserver.expect_request(f"/{coding}").respond_with_handler(answer)
    describe(spec, url, tmp_path)
    text = READS.replace("URL", repr(url)).replace("CODINGS", str(list(CODED))).replace("CITIES", str(CITIES))
    passes_in(("record", "replay", "rewrite", "live", "verify"), text, tmp_path, packages)

    assert received == [CITIES] * (4 * len(CODED))


BODIES = {
    "json": ("json={'user': 'ann', 'password': SECRET}", "application/json"),
    "json list": ("json=[{'password': SECRET}]", "application/json"),
    "json of text": ("json={'a': '1'}", "application/json"),
    "json zero": ("json=0", "application/json"),
    "empty mapping": ("json={}", "application/json"),
    "payload": ("data=aiohttp.JsonPayload({'password': SECRET})", "application/json"),
    "parts": ("data=parts()", "multipart/mixed"),
    "form in parts": ("data=aiohttp.FormData({'password': SECRET}, default_to_multipart=True)", "multipart/form-data"),
    "mapping": ("data={'user': 'ann', 'password': SECRET}", "application/x-www-form-urlencoded"),
    "pairs": ("data=[('a', '1'), ('password', SECRET)]", "application/x-www-form-urlencoded"),
    "form": ("data=form()", "multipart/form-data"),
    "text": ("data='password=' + SECRET", "text/plain"),
    "bytes": ("data=b'plain'", ""),
    "file": ("data=io.BytesIO(b'plain')", "application/octet-stream"),
    "none": ("data=None", ""),
    "chunks": ("data=chunks()", ""),
}
ECHOES = """
import asyncio, io, os, aiohttp
SECRET = os.environ["SECRET_OF_TEST"]
def form():
    found = aiohttp.FormData({"a": "1", "password": SECRET})
    found.add_field("file", io.BytesIO(b"content"), filename="a.txt")
    return found
def parts():
    found = aiohttp.MultipartWriter("mixed")
    found.append_json({"password": SECRET})
    found.append_form([("password", SECRET)])
    return found
async def chunks():
    yield b"one"
    yield b"two"
async def post_twice(**options):
    async with aiohttp.ClientSession() as session:
        for _ in range(2):
            made = {name: make() for name, make in options.items()}
            async with session.post(URL, **made) as response:
                assert await response.read() == b"{}"
"""


def test_bodies_of_aiohttp_are_recorded_as_they_are_sent_without_secrets(
    tmp_path: Path, httpserver: HTTPServer, packages: Path
) -> None:
    """Whatever `json=` and `data=` hold, the server gets the same bytes as ever, and the cassette has them redacted."""
    url, secret = f"http://127.0.0.1:{httpserver.port}", secrets.token_hex(12)
    httpserver.expect_request("/item").respond_with_json({})
    spec = json.loads(json.dumps(SPEC).replace('"get"', '"post"'))
    describe(spec, url, tmp_path)
    tests = [ECHOES.replace("URL", repr(f"{url}/item"))]
    for name, (option, _) in BODIES.items():
        key, _, value = option.partition("=")
        call = f"post_twice({key}=lambda: {value})"
        tests.append(f"def test_{name.replace(' ', '_')}(cassette):\n    asyncio.run({call})\n")
    passes_in(("record", "replay"), "".join(tests), tmp_path, packages, SECRET_OF_TEST=secret)

    assert len(httpserver.log) == 2 * len(BODIES)
    for number, (name, (_, media_type)) in enumerate(BODIES.items()):
        sent = httpserver.log[2 * number][0]
        (path,) = (tmp_path / "cassettes").rglob(f"test_{name.replace(' ', '_')}.yaml")
        recorded = Storage().read(path).interactions[0]["request"]
        assert secret not in path.read_text(), name
        assert isinstance(recorded["body"], bytes), name
        assert sent.mimetype == (media_type or "application/octet-stream"), name
        if secret.encode() not in sent.get_data():
            assert recorded["body"] == sent.get_data(), name
        if media_type:
            assert recorded["headers"]["Content-Type"] == [sent.headers["Content-Type"]], name


STREAMED = """
import aiohttp, asyncio
async def go():
    async with aiohttp.ClientSession() as session, session.get("{url}/item") as response:
        return await response.content.readline()
def test_it(cassette):
    assert asyncio.run(go()) == b"data: 0\\n"
"""


def test_a_stream_without_an_end_is_recorded_as_aiohttp_reads_it(
    tmp_path: Path, httpserver: HTTPServer, packages: Path
) -> None:
    """The test has its event before the next is sent, and the cassette has it too."""
    url = f"http://127.0.0.1:{httpserver.port}"
    ended = threading.Event()

    def events() -> Iterator[str]:
        for number in itertools.count():
            yield f"data: {number}\n\n"
            if ended.wait(0.1):
                return

    httpserver.expect_request("/item").respond_with_handler(
        lambda _: Response(events(), content_type="text/event-stream")
    )
    spec = {**SPEC, "paths": {"/item": {"get": {"responses": {"200": {"description": "Events"}}}}}}
    describe(spec, url, tmp_path)
    try:
        passes_in(("record", "replay", "live"), STREAMED.format(url=url), tmp_path, packages)
    finally:
        ended.set()
