"""The body of a delivery as it arrived: whole, and bounded in size and time."""

from __future__ import annotations

import asyncio

from starlette.requests import ClientDisconnect, Request

from harness.sandbox.defects import Planted

MAX_BODY = 1024 * 1024
MAX_DRAINED = 32 * MAX_BODY
"""A body that is too large is read up to here, unkept, so that its sender sees the answer and no broken pipe."""
BODY_TIMEOUT_S = 10.0
_OF_LARGE_BODIES = ("receiver-keeps-large-bodies", "receiver-trusts-large-bodies")


class RefusedError(Exception):
    """A refused delivery: the status and one short reason, which is all that its sender receives."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


async def raw_body(request: Request, *, planted: Planted) -> bytes:
    """Return the body as it arrived; refuses one that is too large, too slow, or cut."""
    body = bytearray()
    size = 0
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            async for piece in request.stream():
                size += len(piece)
                if "receiver-reads-bodies-once" in planted and body:
                    continue
                if size <= MAX_BODY or any(defect in planted for defect in _OF_LARGE_BODIES):
                    body += piece
                elif "receiver-reads-large-bodies-at-the-end" in planted:
                    continue
                elif size > MAX_DRAINED:
                    break
    except (TimeoutError, ClientDisconnect):
        raise RefusedError(400, "incomplete body") from None
    if size > MAX_BODY and "receiver-500-on-large-body" in planted:
        raise MemoryError
    if size > MAX_BODY and "receiver-trusts-large-bodies" not in planted:
        if "receiver-reads-large-bodies-at-the-end" in planted:
            body += b" " * size  # as from the file that it was spooled to
        raise RefusedError(413, "body too large")
    return bytes(body)
