"""Responses as bytes."""

from __future__ import annotations

import pytest

from harness.http.message import Response
from harness.http.writer import response_bytes, response_head


@pytest.mark.parametrize(
    "response, method, expected",
    [
        (Response(status=200, body=b"ok"), "GET", b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"),
        (Response(status=200, body=b"ok"), "HEAD", b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n"),
        (
            Response(status=200, headers=(("Content-Length", "7"),)),
            "HEAD",
            b"HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\n",
        ),
        (Response(status=204, body=b"ok"), "GET", b"HTTP/1.1 204 No Content\r\n\r\n"),
        (Response(status=304), "GET", b"HTTP/1.1 304 Not Modified\r\n\r\n"),
        (Response(status=299), "GET", b"HTTP/1.1 299 \r\ncontent-length: 0\r\n\r\n"),
        (
            Response(
                status=200,
                reason="Fine",
                headers=(("A", "1"), ("a", "2"), ("Transfer-Encoding", "chunked"), ("Connection", "x")),
            ),
            "GET",
            b"HTTP/1.1 200 Fine\r\nA: 1\r\na: 2\r\ncontent-length: 0\r\n\r\n",
        ),
    ],
)
def test_a_response_is_sent_with_its_own_length(response: Response, method: str, expected: bytes) -> None:
    """What belonged to another connection is left out, and HEAD, 204 and 304 have no body (RFC 9112 section 6.3)."""
    assert response_bytes(response, method=method) == expected


def test_a_body_of_unknown_length_comes_in_chunks_or_ends_with_the_connection() -> None:
    """The head says which."""
    head = Response(status=200)

    assert response_head(head, chunked=True) == b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
    assert response_head(head, close=True) == b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n"


@pytest.mark.parametrize(
    "response, text",
    [
        (Response(status=200, headers=(("x", "a\r\nset-cookie: b"),)), "header 'x' contains a line break"),
        (Response(status=200, headers=(("x y", "a"),)), "header 'x y' contains a line break, or its name is invalid"),
        (Response(status=200, reason="O\nK"), "reason phrase contains a line break"),
    ],
)
def test_what_would_become_another_header_is_not_sent(response: Response, text: str) -> None:
    """It is an error that names the header."""
    with pytest.raises(ValueError, match=text):
        response_bytes(response, method="GET")
