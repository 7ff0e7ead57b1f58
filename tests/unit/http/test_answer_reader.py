"""Answers, read in pieces of any size."""

from __future__ import annotations

import pytest

from harness.http.answer_reader import ANSWER_BYTES, STORED_BYTES, AnswerReader
from harness.http.parser import MAX_HEAD, BadMessageError

WHOLE = {
    "with a length": (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", 200, b"ok", True),
    "with no body": (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b"", True),
    "without a reason": (b"HTTP/1.1 202\r\nContent-Length: 0\r\n\r\n", 202, b"", True),
    "in chunks": (
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n3;x=y\r\nabc\r\n0\r\n\r\n",
        200,
        b"okabc",
        True,
    ),
    "in chunks, with a trailer": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nx-sum: 1\r\n\r\n",
        200,
        b"ok",
        True,
    ),
    "that ends the connection": (
        b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok",
        200,
        b"ok",
        False,
    ),
    "of HTTP/1.0": (b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok", 200, b"ok", False),
    "of HTTP/1.0 that keeps the connection": (
        b"HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 2\r\n\r\nok",
        200,
        b"ok",
        True,
    ),
    "after interim ones": (
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
        200,
        b"ok",
        True,
    ),
    "with bare line feeds": (b"HTTP/1.1 200 OK\ncontent-length: 2\n\nok", 200, b"ok", True),
    "with more behind it": (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n", 200, b"ok", False),
}


@pytest.mark.parametrize("size", [1, 7, 10_000])
@pytest.mark.parametrize("answer, status, body, reusable", WHOLE.values(), ids=WHOLE.keys())
def test_an_answer_is_complete_when_it_is(answer: bytes, status: int, body: bytes, reusable: bool, size: int) -> None:  # noqa: FBT001
    """Whatever pieces it arrives in, its status, its body, and whether the connection can be used again are known."""
    reading = AnswerReader()
    fed = 0
    while fed < len(answer) and not reading.feed(answer[fed : fed + size]):
        fed += size

    assert reading.complete
    assert reading.head is not None
    assert (reading.head.status, reading.body) == (status, body)
    assert reading.reusable is reusable or size < len(answer)


@pytest.mark.parametrize("framing", [b"content-length: 5", b"transfer-encoding: chunked", b"server: any"])
def test_the_answer_to_a_head_request_ends_with_its_head(framing: bytes) -> None:
    """What it states of a body is that of the answer to a GET, and no body follows (RFC 9112 section 6.3)."""
    reading = AnswerReader(method="HEAD")

    assert reading.feed(b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n\r\n")
    assert (reading.complete, reading.body) == (True, b"")


@pytest.mark.parametrize(
    "answer, said",
    [
        (b"hello there\r\n", "an answer that is not HTTP, beginning b'hello there"),
        (b"HTTP/2 200\r\n\r\n", "an answer that is not HTTP"),
        (b"HTTP/1.1 20 OK\r\n\r\n", "an answer that is not HTTP"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: two\r\n\r\n", "an answer with content-length b'two'"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", "an answer with a chunk that begins b'zz"),
        (b"HTTP/1.1 200 OK\r\nx: " + b"y" * MAX_HEAD, "an answer whose head is over 64 KiB"),
    ],
)
def test_what_is_no_answer_is_told(answer: bytes, said: str) -> None:
    """The message shows what stood where an answer belongs."""
    with pytest.raises(BadMessageError) as caught:
        AnswerReader().feed(answer)

    assert str(caught.value).startswith(said)


def test_the_end_of_the_connection_ends_an_answer_without_a_length() -> None:
    """Its body is what came until then; within a head it is no answer."""
    reading, cut = AnswerReader(), AnswerReader()

    assert not reading.feed(b"HTTP/1.0 200 OK\r\n\r\nok")
    reading.end()
    cut.feed(b"HTTP/1.1 200 OK\r\n")

    assert (reading.complete, reading.body, reading.reusable) == (True, b"ok", False)
    with pytest.raises(BadMessageError, match="closed within the head"):
        cut.end()


@pytest.mark.parametrize("head", [b"", b"content-length: 99999999999\r\n", b"transfer-encoding: chunked\r\n"])
def test_of_an_endless_answer_no_more_is_read_than_has_to_be(head: bytes) -> None:
    """After a mebibyte it is taken for complete, its beginning alone kept, and its connection not used again."""
    reading = AnswerReader()
    reading.feed(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n")
    piece = b"ffff\r\n" + b"x" * 0xFFFF + b"\r\n" if b"chunked" in head else b"x" * 0xFFFF
    fed = 0
    while not reading.feed(piece):
        fed += len(piece)
        assert fed < ANSWER_BYTES + len(piece)

    assert len(reading.body) == STORED_BYTES
    assert not reading.reusable
