"""Bodies that are no bytes: the provider receives what it receives without the harness, and the cassette holds that."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING

import pytest
from werkzeug import Request, Response

from harness.cassettes.store.storage import Storage

from .conftest import run

if TYPE_CHECKING:
    from tests.plugins.conftest import Folder

    from .conftest import Provider

SECRET = secrets.token_hex(12)
JSON = json.dumps({"password": SECRET}).encode()
FORM = f"a=1&password={SECRET}".encode()
BODIES: dict[str, tuple[str, bytes]] = {
    "requests json": ("requests.post(URL, json=DOCUMENT)", JSON),
    "requests mapping": ("requests.post(URL, data=FIELDS)", FORM),
    "requests pairs": ("requests.post(URL, data=list(FIELDS.items()))", FORM),
    "requests text": ("requests.post(URL, data='Zürich')", "Zürich".encode()),
    "requests pieces": ("requests.post(URL, data=pieces())", JSON),
    "requests file": ("requests.post(URL, data=io.BytesIO(b''.join(pieces())))", JSON),
    "requests name in bytes": ("requests.post(URL, data=FORM, headers={'content-type': FORM_TYPE.encode()})", FORM),
    "urllib3 text": ("urllib3.request('POST', URL, body='Zürich')", "Zürich".encode()),
    "urllib3 pieces of text": ("urllib3.request('POST', URL, body=iter(['a', 'ü']))", "aü".encode()),
    "urllib3 array": ("urllib3.request('POST', URL, body=array.array('B', b'xy'))", b"xy"),
    "urllib3 view": ("urllib3.request('POST', URL, body=memoryview(b'xy'))", b"xy"),
    "urllib3 text file": ("urllib3.request('POST', URL, body=io.StringIO('ü'))", "ü".encode()),
    "urllib pieces": ("urllib.request.urlopen(urllib.request.Request(URL, pieces()))", JSON),
    "urllib file": ("urllib.request.urlopen(urllib.request.Request(URL, io.BytesIO(b'xyz')))", b"xyz"),
    "http.client text": ("connected('Zürich')", "Zürich".encode("latin-1")),
    "http.client text file": ("connected(io.StringIO('ü'))", b"\xfc"),
    "http.client none": ("connected(None)", b""),
    "http.client sends a file": ("connected(None, io.BytesIO(b'abcd'))", b"abcd"),
    "http.client sends pieces": ("connected(b'ab', iter([b'c', b'd']))", b"abcd"),
    "httpx pieces": ("httpx.post(URL, content=pieces(), trust_env=False)", JSON),
    "httpx mapping": ("httpx.post(URL, data=FIELDS, trust_env=False)", FORM),
}
TEST = """
import array, http.client, io, json, os, pytest, httpx, requests, urllib.request, urllib3
FIELDS = {{"a": "1", "password": os.environ["SECRET_OF_TEST"]}}
FORM, FORM_TYPE = urllib.parse.urlencode(FIELDS), "application/x-www-form-urlencoded"
DOCUMENT = {{"password": os.environ["SECRET_OF_TEST"]}}
URL = ""
def pieces():
    text = json.dumps(DOCUMENT).encode()
    yield text[:20]
    yield text[20:]
def connected(body, *sent):
    connection = http.client.HTTPConnection("{host}", timeout=30)
    path = URL.partition("{host}")[2]
    if sent:
        connection.putrequest("POST", path)
        connection.putheader("Content-Length", "4")
        connection.endheaders(body)
        for data in sent:
            connection.send(data)
    else:
        connection.request("POST", path, body)
    assert connection.getresponse().status == 200
CALLS = {calls}
@pytest.mark.parametrize("number", range(len(CALLS)))
def test_creates(cassette, number):
    global URL
    URL = f"{url}/sent/{{number}}"
    eval(CALLS[number])
"""


def test_bodies_are_sent_and_recorded_as_without_the_harness(
    folder: Folder, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every body reaches the provider, live and recorded; the cassette holds it without secrets, and plays it."""
    received: dict[str, list[bytes]] = {}

    def answer(request: Request) -> Response:
        received.setdefault(request.path.rpartition("/")[2], []).append(request.get_data())
        return Response(b"")

    for number in range(len(BODIES)):
        provider.server.expect_request(f"/sent/{number}").respond_with_handler(answer)
    spec = json.loads((folder.path / "openapi.json").read_text())
    parameter = {"name": "number", "in": "path", "required": True, "schema": {"type": "string"}}
    operation = {"parameters": [parameter], "responses": {"200": {"description": "One"}}}
    spec["paths"]["/sent/{number}"] = {"post": operation}
    folder.write("openapi.json", json.dumps(spec))
    calls = [call for call, _ in BODIES.values()]
    host = provider.url.partition("://")[2]
    folder.write("test_own.py", TEST.format(url=provider.url, host=host, calls=calls))
    monkeypatch.setenv("SECRET_OF_TEST", SECRET)

    for mode in ("record", "live", "replay"):
        ended = run(folder, mode)
        assert ended.status == 0, f"{mode}: {ended.out}"

    for number, (name, (_, body)) in enumerate(BODIES.items()):
        assert received[str(number)] == [body] * 2, name
        path = folder.path / f"cassettes/test_own/test_creates-{number}.yaml"
        stored = Storage().read(path).interactions[0]["request"]["body"]
        assert SECRET.encode() not in path.read_bytes(), name
        assert stored == body or (SECRET.encode() in body and b"REDACTED" in stored), name
