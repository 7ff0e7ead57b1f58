"""Puts requests on the wire in the way that a case asks for."""

from __future__ import annotations

from harness.http.message import Request
from harness.http.wire import Wire
from harness.webhooks.cases import Framing

_EXPECT_S = 0.2
_SLOW_S = 0.05


def framed(wire: Wire, built: Request, framing: Framing) -> tuple[list[bytes], float]:
    """Return the pieces of a request, and the seconds between them."""
    body = built.body
    length = ("content-length", str(len(body)))
    if framing is Framing.CHUNKED:
        head = wire.head(built, ("transfer-encoding", "chunked"))
        halves = (body[: len(body) // 2], body[len(body) // 2 :])
        return [head, *(b"%x\r\n%s\r\n" % (len(half), half) for half in halves if half), b"0\r\n\r\n"], 0.0
    if framing is Framing.EXPECT:
        return [wire.head(built, length, ("expect", "100-continue")), body], _EXPECT_S
    version = "1.0" if framing is Framing.HTTP_1_0 else "1.1"
    head = wire.head(built, length, version=version)
    if framing is Framing.SLOW:
        size = max(1, len(body) // 4)
        return [head, *(body[at : at + size] for at in range(0, len(body), size))], _SLOW_S
    return [head, body], 0.0
