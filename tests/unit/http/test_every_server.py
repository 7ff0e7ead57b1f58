"""Every server of the harness takes every well-formed request, and answers clearly what is none."""

from __future__ import annotations

import io
import re
import socket
from collections.abc import Iterator
from http.client import HTTPResponse
from pathlib import Path

import pytest

from tests.servers import SERVERS, Provider, Running, collector

PATH = "/v1/logs"


@pytest.fixture(params=SERVERS, ids=[server.__name__ for server in SERVERS])
def running(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Running]:
    with Provider() as provider, request.param(tmp_path, provider) as found:
        yield found


class Answers(io.BytesIO):
    """Several answers one behind another: each reader leaves it open for the next."""

    def makefile(self, _: str) -> Answers:
        """Be the socket and its file."""
        return self

    def close(self) -> None:
        """Stay open."""


def statuses(data: bytes, methods: list[str]) -> list[int]:
    """Return the statuses of the answers to requests with these methods; fails for bytes that belong to none."""
    answers, found = Answers(data), []
    for method in methods:
        answer = HTTPResponse(answers, method=method)  # type: ignore[arg-type]  # it only makes a file of the socket
        answer.begin()
        answer.read()
        found.append(answer.status)
    assert answers.read() == b""
    return found


def asked(port: int, pieces: list[bytes]) -> bytes:
    """Return what comes back until the server hangs up; each piece behind a go-ahead waits for it."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        got = b""
        for piece in pieces:
            if piece == b"(100)":
                while b"100 Continue\r\n\r\n" not in got:
                    got += connection.recv(65536)
            else:
                connection.sendall(piece)
        while more := connection.recv(65536):
            got += more
        return got


HEAD = f"POST {PATH} HTTP/1.1\r\nHost: x\r\n".encode()
CLOSE = b"Connection: close\r\n"
GOOD: dict[str, tuple[list[bytes], list[bytes]]] = {
    "with a length": ([HEAD + CLOSE + b"Content-Length: 2\r\n\r\nok"], [b"ok"]),
    "in chunks": ([HEAD + CLOSE + b"Transfer-Encoding: chunked\r\n\r\n1\r\no\r\n01\r\nk\r\n0\r\n\r\n"], [b"ok"]),
    "in chunks with extensions and trailers": (
        [HEAD + CLOSE + b'transfer-encoding: Chunked\r\n\r\n2;a="b";c\r\nok\r\n0;x\r\nX-Sum: 1\r\nX-B: 2\r\n\r\n'],
        [b"ok"],
    ),
    "with a length, when told to go ahead": (
        [HEAD + CLOSE + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n", b"(100)", b"ok"],
        [b"ok"],
    ),
    "in chunks, when told to go ahead": (
        [
            HEAD + CLOSE + b"Expect: 100-Continue\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"(100)",
            b"2\r\nok\r\n0\r\n\r\n",
        ],
        [b"ok"],
    ),
    "byte by byte": (
        [bytes([byte]) for byte in HEAD + CLOSE + b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"],
        [b"ok"],
    ),
    "with an absolute target": (
        [f"POST http://example.com{PATH} HTTP/1.1\r\nHost: x\r\n".encode() + CLOSE + b"Content-Length: 2\r\n\r\nok"],
        [b"ok"],
    ),
    "of HTTP/1.0": ([f"POST {PATH} HTTP/1.0\r\nContent-Length: 2\r\n\r\nok".encode()], [b"ok"]),
    "without a body": ([HEAD + CLOSE + b"\r\n"], [b""]),
    "behind an empty line": ([b"\r\n" + HEAD + CLOSE + b"Content-Length: 2\r\n\r\nok"], [b"ok"]),
    "that ends the connection among other options": (
        [HEAD + b"Connection: x-a, Close\r\nContent-Length: 2\r\n\r\nok"],
        [b"ok"],
    ),
    "that ends the connection in a second line of options": (
        [HEAD + b"Connection: x-a\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"],
        [b"ok"],
    ),
    "with empty and padded headers": ([HEAD + CLOSE + b"X-A:\r\nContent-Length:\t2 \r\n\r\nok"], [b"ok"]),
}


@pytest.mark.parametrize("pieces, bodies", GOOD.values(), ids=GOOD.keys())
def test_a_delivery_in_whatever_form_is_taken(running: Running, pieces: list[bytes], bodies: list[bytes]) -> None:
    """A POST arrives with its body, whichever of the forms of RFC 9112 it has, and is answered once."""
    answer = asked(running.port, pieces)

    assert len(statuses(answer, ["POST"])) == 1
    assert not re.match(rb"HTTP/1\.1 (400|405|408|411|413|417|431|505)", answer)
    assert running.bodies() == bodies


@pytest.mark.parametrize(
    "line",
    ["GET /", "HEAD /", "post /v1/logs", "PURGE /a", "M-SEARCH /", "OPTIONS *", "DELETE //a?b=%20&c", "GET /?http://x"],
)
def test_any_method_and_target_gets_an_answer(running: Running, line: str) -> None:
    """What a server has no use for is answered all the same, as an HTTP server answers it."""
    method = line.partition(" ")[0]

    answer = asked(running.port, [f"{line} HTTP/1.1\r\nHost: x\r\n".encode() + CLOSE + b"\r\n"])

    (status,) = statuses(answer, [method])
    assert status in {200, 404, 405, 501, 502}


def test_requests_behind_one_another_are_answered_in_order(running: Running, request: pytest.FixtureRequest) -> None:
    """Pipelined requests share a connection: none is lost, whatever came before, and HEAD has no body."""
    one = HEAD + b"Content-Length: 3\r\n\r\none"
    two = HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\ntwo\r\n0\r\n\r\n"
    look = f"HEAD {PATH} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    last = HEAD + CLOSE + b"Content-Length: 4\r\n\r\nlast"

    answer = asked(running.port, [one + two + look + last])

    if request.node.callspec.params["running"] is collector:  # which ends every connection after its first answer
        assert len(statuses(answer, ["POST"])) == 1
        assert running.bodies() == [b"one"]
    else:
        assert len(statuses(answer, ["POST", "POST", "HEAD", "POST"])) == 4
        assert [body for body in running.bodies() if body] == [b"one", b"two", b"last"]


BAD = {
    "no HTTP": (b"hello\r\n\r\n", 400),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    "a header without a colon": (b"GET / HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n", 400),
    "a space in a header's name": (b"GET / HTTP/1.1\r\nHost: x\r\nX A: 1\r\n\r\n", 400),
    "a NUL in a header": (b"GET / HTTP/1.1\r\nHost: x\r\nX-A: \0\r\n\r\n", 400),
    "a negative length": (HEAD + b"Content-Length: -1\r\n\r\n", 400),
    "a length that is no number": (HEAD + b"Content-Length: 0x10\r\n\r\n", 400),
    "two lengths": (HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
    "a chunk without a size": (HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
    "a chunk of a negative size": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n-5\r\n", 400),
    "a chunk longer than it says": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n", 400),
    "a coding that is not known": (HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n", 501),
    **{
        f"smuggling: {name}": (HEAD + framing + b"2\r\nok\r\n0\r\n\r\n", 400)
        for name, framing in {
            "both lengths": b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n",
            "both lengths, the other way round": b"Transfer-Encoding: chunked\r\nContent-Length: 12\r\n\r\n",
            "two codings": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
            "a space before a colon": b"Transfer-Encoding : chunked\r\n\r\n",
            "a folded coding": b"Transfer-Encoding:\r\n chunked\r\n\r\n",
            "a folded header": b"X-A: a\r\n\tb\r\nTransfer-Encoding: chunked\r\n\r\n",
            "a bare LF between headers": b"X-A: a\nTransfer-Encoding: chunked\r\n\r\n",
            "a bare CR between headers": b"X-A: a\rTransfer-Encoding: chunked\r\n\r\n",
            "a bare LF at the end of the head": b"Transfer-Encoding: chunked\r\n\n",
            "two equal lengths": b"Content-Length: 12\r\nContent-Length: 12\r\n\r\n",
            "two equal lengths in one": b"Content-Length: 12, 12\r\n\r\n",
            "a length with a sign": b"Content-Length: +12\r\n\r\n",
            "a length in words": b"Content-Length: 1_2\r\n\r\n",
            "an empty length": b"Content-Length:\r\n\r\n",
            "two hosts": b"Host: y\r\nTransfer-Encoding: chunked\r\n\r\n",
            "a NUL in a name": b"Transfer-Encoding\0: chunked\r\n\r\n",
            "a name beyond ASCII": b"Transfer-Encoding\xa0: chunked\r\n\r\n",
            "no name": b": chunked\r\n\r\n",
        }.items()
    },
    **{
        f"smuggling: {name}": (HEAD + b"Transfer-Encoding: " + coding + b"\r\n\r\n2\r\nok\r\n0\r\n\r\n", 501)
        for name, coding in {
            "identity": b"identity",
            "xchunked": b"xchunked",
            "chunked twice": b"chunked, chunked",
            "an empty coding before": b",chunked",
            "a parameter": b"chunked;a=b",
            "a quoted coding": b'"chunked"',
            "a vertical tab": b"\x0bchunked",
        }.items()
    },
    **{
        f"smuggling: {name}": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunks, 400)
        for name, chunks in {
            "a chunk's line ends with LF": b"2\nok\r\n0\r\n\r\n",
            "a chunk ends with LF": b"2\r\nok\n0\r\n\r\n",
            "a LF in an extension": b"2;a\nok\r\n2\r\nok\r\n0\r\n\r\n",
            "a CR in an extension": b"2;a\rb\r\nok\r\n0\r\n\r\n",
            "a space before an extension": b"2 ;a\r\nok\r\n0\r\n\r\n",
            "a space before a size": b" 2\r\nok\r\n0\r\n\r\n",
            "a prefixed size": b"0x2\r\nok\r\n0\r\n\r\n",
            "a size with an underscore": b"0_2\r\nok\r\n0\r\n\r\n",
            "a size of 68 bits": b"10000000000000002\r\nok\r\n0\r\n\r\n",
            "an empty size": b"\r\nok\r\n0\r\n\r\n",
            "a trailer without a colon": b"2\r\nok\r\n0\r\nX-A\r\n\r\n",
            "a space in a trailer": b"2\r\nok\r\n0\r\nX-A : 1\r\n\r\n",
        }.items()
    },
    **{
        f"smuggling: {name}": (head + b"Content-Length: 2\r\n\r\nok", 400)
        for name, head in {
            "chunks of HTTP/1.0": b"POST /v1/logs HTTP/1.0\r\nTransfer-Encoding: chunked\r\n",
            "bare LF throughout": b"POST /v1/logs HTTP/1.1\nHost: x\n",
            "no host": b"POST /v1/logs HTTP/1.1\r\n",
            "a space before the first header": b"POST /v1/logs HTTP/1.1\r\n Host: x\r\n",
            "a tab in the request line": b"POST\t/v1/logs HTTP/1.1\r\nHost: x\r\n",
            "two spaces in the request line": b"POST  /v1/logs HTTP/1.1\r\nHost: x\r\n",
            "a target beyond ASCII": b"POST /v1/logs\xff HTTP/1.1\r\nHost: x\r\n",
            "a target with a NUL": b"POST /v1/logs\0 HTTP/1.1\r\nHost: x\r\n",
            "HTTP/0.9": b"GET /v1/logs\r\n",
            "a lower-case protocol": b"POST /v1/logs http/1.1\r\nHost: x\r\n",
            "a target that is no URL": b"GET http://[::1/ HTTP/1.1\r\nHost: x\r\n",
        }.items()
    },
    "a body that is too large": (HEAD + b"Content-Length: 99999999999\r\n\r\n", 413),
    "a body that is too large, not yet sent": (
        HEAD + b"Expect: 100-continue\r\nContent-Length: 99999999999\r\n\r\n",
        413,
    ),
    "a head that is too large": (b"GET / HTTP/1.1\r\nHost: x\r\nX-A: " + b"a" * 200_000, 431),
}


@pytest.mark.parametrize("data, status", BAD.values(), ids=BAD.keys())
def test_what_is_no_request_is_refused(running: Running, data: bytes, status: int) -> None:
    """It gets the status that RFC 9110 has for it, the connection ends, nothing is kept, and the next one is taken."""
    answer = asked(running.port, [data])

    assert statuses(answer, ["POST"]) == [status]
    assert not any(running.bodies())
    asked(running.port, [HEAD + CLOSE + b"Content-Length: 2\r\n\r\nok"])
    assert running.bodies()[-1:] == [b"ok"]
