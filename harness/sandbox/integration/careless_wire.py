"""Planted ways to read an answer: as a client does that wrote its own HTTP, and reads less than the whole of it."""

from __future__ import annotations

import socket
import time
from typing import NamedTuple

import httpx

from harness.sandbox.defects import Planted

CUT_HEADS = "client-takes-cut-heads"
CONTINUES = "client-takes-a-100-for-the-answer"
CARELESS = frozenset({CUT_HEADS, CONTINUES})
_PIECE = 64 * 1024
_UNKNOWN = b'{"id": "unknown", "status": "succeeded"}'


class CarelessAnswer(NamedTuple):
    """What was read."""

    status: int
    retry_after: str
    body: bytes


def careless_answer(request: httpx.Request, within_s: float, planted: Planted) -> CarelessAnswer:
    """Send one request on a connection of its own and return its answer; raises OSError."""
    status, data = 100, _received(request, within_s)
    while status < 200:
        head, ended, data = data.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        if not first:
            raise ConnectionError("no answer")
        status = int(first.split(" ")[1])
        if status == 100 and CONTINUES in planted:
            break
    if not ended and CUT_HEADS in planted:
        return CarelessAnswer(status, "", _UNKNOWN)
    fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    length = int(fields.get("content-length", len(data)))
    if not ended or len(data) < length:
        raise ConnectionError("an answer that was cut")
    return CarelessAnswer(status, fields.get("retry-after", ""), data[:length])


def _received(request: httpx.Request, within_s: float) -> bytes:
    """Return all that comes until the connection ends."""
    ends, found = time.monotonic() + within_s, bytearray()
    fields = [(name, value) for name, value in request.headers.items() if name != "connection"]
    lines = [f"{request.method} {request.url.raw_path.decode()} HTTP/1.1", "connection: close"]
    head = "\r\n".join([*lines, *(f"{name}: {value}" for name, value in fields), "", ""])
    with socket.create_connection((request.url.host, request.url.port or 80), within_s) as connection:
        connection.sendall(head.encode("latin-1") + request.content)
        while piece := connection.recv(_PIECE):
            found += piece
            connection.settimeout(max(0.001, ends - time.monotonic()))
    return bytes(found)
