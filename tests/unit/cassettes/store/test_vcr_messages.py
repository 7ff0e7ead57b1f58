"""Bodies as clients hand them to vcrpy, and as they were sent."""

from __future__ import annotations

import gzip
import io
import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs, to_builtins
from vcr import matchers
from vcr.request import Request

from harness.cassettes.play.matching import body
from harness.cassettes.play.request_index import RequestIndex
from harness.cassettes.store.cassette_file import CassetteFile
from harness.cassettes.store.recording import KEY, Recording
from harness.cassettes.store.storage import Storage
from harness.cassettes.store.vcr_messages import (
    body_bytes,
    exchange_of,
    interaction_of,
    received,
    recordings,
    stored_request,
    vcr_request,
    vcr_response,
    with_bytes,
)
from harness.errors import CassetteError
from harness.http.message import Request as Message
from harness.http.message import Response

URL = "http://127.0.0.1/echo"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
CHUNKED = {"Transfer-Encoding": "chunked"}
BODIES: dict[str, tuple[Any, dict[str, str], bytes]] = {
    "none": (None, {}, b""),
    "empty": (b"", {}, b""),
    "bytes": (b"\xff\0", {}, b"\xff\0"),
    "bytearray": (bytearray(b"abc"), {}, b"abc"),
    "memoryview": (memoryview(b"abc"), {}, b"abc"),
    "text": ("Zürich", {}, "Zürich".encode()),
    "file": (io.BytesIO(b"abc"), {}, b"abc"),
    "text file": (io.StringIO("Zürich"), {}, "Zürich".encode()),
    "iterator": (iter([b"a", b"bc"]), {}, b"abc"),
    "iterator of text": (iter(["a", "ü"]), {}, "aü".encode()),
    "empty iterator": (iter([]), {}, b""),
    "generator of buffers": ((bytearray([n]) for n in b"abc"), {}, b"abc"),
    "chunks of a connection": (b"3\r\nabc\r\n1;x=y\r\nd\r\n0\r\nTrailer: x\r\n\r\n", CHUNKED, b"abcd"),
    "chunks that are declared and not made": (b"3\r\nab", CHUNKED, b"3\r\nab"),
    "content beside chunks that are declared": (b'{"a": 1}', CHUNKED, b'{"a": 1}'),
    "mapping": ({"a": 1, "b": [None]}, {}, b'{"a": 1, "b": [null]}'),
    "mapping as a form": ({"a": "1", "b": ["2", "3"]}, FORM, b"a=1&b=2&b=3"),
    "list": ([1, "two"], {}, b'[1, "two"]'),
    "list of chunks": ([b"a", b"b"], {}, b"ab"),
    "pairs": ([("a", "1"), ("a", "&")], {}, b"a=1&a=%26"),
    "number": (7, {}, b"7"),
    "false": (False, {}, b"false"),
}


@pytest.mark.parametrize("given,headers,expected", BODIES.values(), ids=BODIES)
def test_a_body_is_the_bytes_that_were_sent(given: Any, headers: dict[str, str], expected: bytes) -> None:
    """Whatever a client hands to vcrpy, one function says which bytes it stands for."""
    request = with_bytes(Request("POST", URL, given, headers))

    assert (request.body, body_bytes(request)) == (expected, expected)
    assert with_bytes(request).body == expected


def test_a_body_that_cannot_be_written_is_refused_by_its_type() -> None:
    """The error names the call without its query, and the type, never the content."""
    with pytest.raises(CassetteError) as error:
        body_bytes(Request("POST", URL + "?key=hunter2", {"a": object()}, {}))

    assert str(error.value) == (
        f"The body of POST {URL} is of type dict, which cannot be written as bytes. "
        "Send bytes, text, or what JSON can hold."
    )


def test_a_stored_mapping_is_read_as_json() -> None:
    """Old cassettes of aiohttp hold the value of ``json=`` as YAML."""
    request = stored_request({"method": "POST", "uri": URL, "body": {"a": 1}, "headers": {"Accept": ["*/*"]}})

    assert request.body == b'{"a": 1}'
    assert request.headers == {"Accept": "*/*", "Content-Type": "application/json"}


def test_a_stored_mapping_is_found_whatever_the_order_of_its_keys() -> None:
    """The value of ``json=`` is stored with its keys sorted, and without the Content-Type that aiohttp adds."""
    index = RequestIndex([matchers.method, matchers.path, body])
    index.add(stored_request({"method": "POST", "uri": URL, "body": {"a": 1, "b": 2}, "headers": {}}))

    for sent, found in ((b'{"b": 2, "a": 1}', [0]), (b'{"b": 1, "a": 2}', [])):
        assert index.matching(Request("POST", URL, sent, {"Content-Type": "application/json"})) == found


def test_an_absent_body_and_an_empty_one_are_the_same() -> None:
    """Clients hand vcrpy either, and cassettes hold either."""
    index = RequestIndex([body])
    for stored in (None, "", b""):
        index.add(stored_request({"method": "GET", "uri": URL, "body": stored, "headers": {}}))

    assert index.matching(with_bytes(Request("GET", URL, None, {}))) == [0, 1, 2]
    assert index.matching(with_bytes(Request("GET", URL, "", {}))) == [0, 1, 2]


CODED: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "x-gzip": ("x-gzip", gzip.compress),
    "deflate": ("deflate", zlib.compress),
    "said to be gzip, and plain": ("gzip", bytes),
    "said to be deflate, and plain": ("deflate", bytes),
    "said to be br and gzip, and plain, which none can tell": ("br, gzip", bytes),
    "no header": ("", bytes),
}


@pytest.mark.parametrize("name", CODED)
def test_a_response_is_judged_as_its_client_saw_it(name: str) -> None:
    """Whether the body was unpacked before it came here or not, the content is plain and no header says otherwise."""
    coding, pack = CODED[name]
    content = json.dumps({"a": 1}).encode()
    headers = {"Content-Type": ["application/json"], **({"Content-Encoding": [coding]} if coding else {})}
    response = {"status": {"code": 200, "message": "OK"}, "headers": headers, "body": {"string": pack(content)}}

    found = exchange_of(Request("GET", URL, None, {}), response).response

    assert found == received(response)
    assert found is not None
    assert found.body == content
    assert found.headers == (("Content-Type", "application/json"),)


def test_a_response_without_a_body_has_an_empty_one() -> None:
    """A client hands over none where reading it fails."""
    assert received({"status": {"code": 204, "message": None}, "headers": {}, "body": {}}).body == b""


def test_a_cassette_whose_header_says_gzip_of_a_plain_body_is_read_without_the_header(tmp_path: Path) -> None:
    """Stock vcrpy writes such a one for clients that unpack on their own; playing it back must not unpack it again."""
    path = tmp_path / "c.yaml"
    path.write_text(
        "interactions:\n"
        f"- request: {{body: null, headers: {{}}, method: GET, uri: {URL}}}\n"
        "  response:\n"
        "    body: {string: '{}'}\n"
        "    headers: {Content-Encoding: [gzip], x-city: [Zürich]}\n"
        "    status: {code: 200, message: OK}\n"
        "version: 1\n",
        encoding="utf-8",
    )

    (only,) = Storage().read(path).interactions

    assert only["response"]["headers"] == {"x-city": ["Zürich"]}


def test_a_recording_stays_the_same_through_a_cassette(tmp_path: Path) -> None:
    """Bodies that are no text, headers that are repeated, times that are known or not: all come back as they were."""
    request = Message(method="PUT", url=URL, headers=(("x-a", "1, 2"),), body=b"\xff\0")
    headers = (("set-cookie", "a=1"), ("set-cookie", "b=2"), ("x-b", ""))
    response = Response(status=201, reason="Created", headers=headers, body=b"\0")
    timed = Recording(request=request, response=response, recorded_at="2026-11-25T10:00:00Z", latency_s=0.5)
    untimed = structs.replace(timed, latency_s=None)
    interactions = [interaction_of(vcr_request(r.request), vcr_response(r.response)) for r in (timed, untimed)]
    metadata = {"recorded_at": timed.recorded_at, KEY: to_builtins([timed.timing, untimed.timing])}
    path = tmp_path / "c.yaml"

    Storage().write(path, CassetteFile(interactions, metadata))

    found = list(recordings(Storage().read(path), place="c.yaml"))
    assert found == [structs.replace(r, place="c.yaml") for r in (timed, untimed)]


def test_a_stored_request_without_a_body_or_with_more() -> None:
    """A request that another tool wrote may leave its body out, and have members that vcrpy does not know."""
    request = stored_request({"method": "GET", "uri": URL, "headers": {"Accept": ["*/*"]}, "id": 7})

    assert body_bytes(request) == b""
    assert dict(request.headers) == {"Accept": "*/*"}
