"""What a proxy passes on: a request, to which no HTTP client adds its name or a cookie, and a decoded response."""

from __future__ import annotations

import httpx

from harness.http.codings import DECODABLE
from harness.http.content import in_pieces
from harness.http.message import HOP_BY_HOP, Headers, Request, Response, header_bytes

_OF_THE_NEXT_HOP = HOP_BY_HOP | {"host", "content-length", "accept-encoding", "expect"}
"""What the next hop sets itself (RFC 9110 section 7.6)."""


def forwarded_headers(request: Request) -> Headers:
    """Return the headers that go on."""
    return tuple((name, value) for name, value in request.headers if name.lower() not in _OF_THE_NEXT_HOP)


def forwarded(request: Request, url: str, client: httpx.Client) -> httpx.Request:
    """Return a request to ``url`` for ``client.send``.

    A cookie that one answer set would else come with the requests of everybody who shares the client.
    Raises `httpx.InvalidURL`.
    """
    codings = DECODABLE if request.header("accept-encoding") else "identity"
    return httpx.Request(
        request.method,
        url,
        headers=header_bytes([*forwarded_headers(request), ("accept-encoding", codings)]),
        content=in_pieces(request.body),
        extensions={"timeout": client.timeout.as_dict()},
    )


def decoded_response(answer: httpx.Response) -> Response:
    """Return an answer that was read whole, without its content codings."""
    return Response(
        status=answer.status_code,
        reason=answer.reason_phrase,
        headers=tuple(h for h in answer.headers.multi_items() if h[0].lower() != "content-encoding"),
        body=answer.content,
    )
