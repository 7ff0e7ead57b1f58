"""The fast parser: requests and chunks, in pieces of any size."""

from __future__ import annotations

import pytest

from harness.http import parser
from harness.http.message import Request
from harness.http.parser import MAX_LINE, BadMessageError, ChunkDecoder, RequestReader

HEAD = b"POST /a?b=1 HTTP/1.1\r\nHost: x\r\n"
WHOLE = {
    "with a length": (HEAD + b"Content-Length: 2\r\n\r\nok", b"ok", False),
    "without a body": (HEAD + b"\r\n", b"", False),
    "in chunks": (
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n1;x=y\r\no\r\n1\r\nk\r\n0\r\nX-Sum: 1\r\n\r\n",
        b"ok",
        False,
    ),
    "that ends the connection": (HEAD + b"connection: x, Close\r\n\r\n", b"", True),
    "of HTTP/1.0": (b"POST /a?b=1 HTTP/1.0\r\nHost: x\r\n\r\n", b"", True),
    "of HTTP/1.0 that keeps the connection": (
        b"POST /a?b=1 HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\n\r\n",
        b"",
        False,
    ),
}


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize("data, body, closes", WHOLE.values(), ids=WHOLE.keys())
def test_requests_are_read_one_after_another(data: bytes, body: bytes, closes: bool, size: int) -> None:  # noqa: FBT001 - rows
    """Whatever pieces they arrive in, each is taken once it is whole, and what follows is the next one's."""
    reader, stream, found = RequestReader(), data * 2, list[Request]()
    for start in range(0, len(stream), size):
        reader.feed(stream[start : start + size])
        while (request := reader.take()) is not None:
            found.append(request)

    assert [(r.method, r.url, r.header("host"), r.body) for r in found] == [("POST", "/a?b=1", "x", body)] * 2
    assert (reader.closes, reader.busy) == (closes, False)


def test_a_reader_is_busy_while_a_part_has_come() -> None:
    """Between requests it is not, so that a server knows what it may take for a whole one."""
    reader = RequestReader()
    seen = []
    for piece in (b"POST / HTTP/1.1\r\nHost: x\r\n", b"Content-Length: 2\r\n\r\n", b"o", b"k"):
        reader.feed(piece)
        reader.take()
        seen.append(reader.busy)

    assert seen == [True, True, True, False]


def test_the_go_ahead_is_given_once_and_only_while_the_body_is_missing() -> None:
    """A client that waits for it gets it; one that has sent its body needs none (RFC 9110 section 10.1.1)."""
    waits, sends = RequestReader(), RequestReader()
    head = HEAD + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    waits.feed(head)
    sends.feed(head + b"ok")

    assert waits.take() is None
    assert (waits.awaits_go_ahead(), waits.awaits_go_ahead()) == (True, False)
    assert sends.take() is not None
    assert not sends.awaits_go_ahead()


@pytest.mark.parametrize(
    "data, status, text",
    [
        (b"\x16\x03\x01", 400, "what begins b'\\x16\\x03\\x01'"),
        (b"GET /a b HTTP/1.1\r\n\r\n", 400, "the request line 'GET /a b HTTP/1.1'"),
        (b"GET / HTTP/2.0\r\n\r\n", 505, "HTTP/2.0"),
        (HEAD + b"no colon\r\n\r\n", 400, "the header line 'no colon'"),
        (HEAD + b"x: a\rb\r\n\r\n", 400, "a head with a bare line break or a NUL in it"),
        (HEAD + b"Content-Length: +1\r\n\r\n", 400, "content-length '+1'"),
        (HEAD + b"Content-Length: 1\r\ncontent-length: 2\r\n\r\n", 400, "two headers content-length"),
        (HEAD + b"Content-Length: 33554433\r\n\r\n", 413, "a body of 33,554,433 bytes; 33,554,432 are allowed"),
        (HEAD + b"Transfer-Encoding: gzip\r\n\r\n", 501, "transfer-encoding 'gzip'"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n", 400, "a chunk that begins b'-1'"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nfffffff\r\n", 413, "a body of more than 33,554,432 bytes"),
        (b"GET / HTTP/1.1\r\nx: " + b"y" * 70_000, 431, "a head that is too large"),
    ],
)
def test_what_is_no_request_says_what_it_is(data: bytes, status: int, text: str) -> None:
    """The error has the status to answer with, and shows what stood there."""
    reader = RequestReader()
    reader.feed(data)

    with pytest.raises(BadMessageError) as caught:
        reader.take()

    assert (caught.value.status, str(caught.value)) == (status, text)


def test_chunks_beyond_the_bound_are_refused_as_they_come(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many small ones count as much as a large one."""
    monkeypatch.setattr(parser, "MAX_BODY", 10)
    reader = RequestReader()
    reader.feed(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"4\r\nabcd\r\n" * 2)
    assert reader.take() is None
    reader.feed(b"4\r\nabcd\r\n")

    with pytest.raises(BadMessageError, match="a body of more than 10 bytes"):
        reader.take()


@pytest.mark.parametrize(
    "data, text",
    [
        (b"2\r\nabc\r\n", "a chunk that begins b'c'"),
        (b"2 x\r\nab\r\n", "a chunk that begins b'2 x'"),
        (b"\r\n", "a chunk that begins b''"),
        (b"2;" + b"x" * (MAX_LINE + 1), f"a chunk that begins b'2;{'x' * 35}...'"),
    ],
)
def test_chunks_that_are_none_are_refused(data: bytes, text: str) -> None:
    """A size is hexadecimal, a chunk is as long as it says, and no line goes on for ever."""
    with pytest.raises(BadMessageError) as caught:
        ChunkDecoder().take(bytearray(data))

    assert str(caught.value) == text


def test_what_follows_the_last_trailer_stays_in_the_buffer() -> None:
    """It belongs to the next message."""
    decoder, buffer = ChunkDecoder(), bytearray(b"2\r\nok\r\n0\r\nX: 1\r\nY: 2\r\n\r\nnext")

    assert decoder.take(buffer) == b"ok"
    assert (decoder.complete, bytes(buffer)) == (True, b"next")
