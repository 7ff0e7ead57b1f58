"""A response on its way from the provider to a client: recorded while it passes, and bounded."""

from __future__ import annotations

import time
from typing import Any, Protocol

from vcr.request import Request

from harness.errors import CassetteError
from harness.http.answer_bounds import MAX_ANSWER_BYTES
from harness.http.client import WHOLE_WITHIN_S
from harness.http.event_streams import is_stream, whole_messages
from harness.http.message import header

DRAIN_S = 5.0
"""Seconds in which the rest of a response is read that its client did not want: what is recorded should be whole."""


class ResponseSink(Protocol):
    """Takes the responses that passed."""

    passing: list[PassingResponse]
    """Those that have not ended."""

    def append(self, request: Request, response: dict[str, Any]) -> None:
        """Take what a client was answered."""


class PassingResponse:
    """Collects the body of one response; it is recorded when it ends, or the client closes it."""

    def __init__(self, sink: ResponseSink, request: Request, head: dict[str, Any]) -> None:
        """``head`` is a response in vcrpy's form, whose body is added."""
        self._sink, self._request, self._head = sink, request, head
        self._content = bytearray()
        self._deadline = time.monotonic() + WHOLE_WITHIN_S
        self._type = header([(name, str(value[0])) for name, value in head["headers"].items() if value], "content-type")
        self.is_stream = is_stream(self._type)
        """Whether it is one that need not end, of which a part is as good as all."""
        self.open = True
        """Whether it may still be recorded."""
        sink.passing.append(self)

    def take(self, piece: bytes) -> None:
        """Take what came; raises `CassetteError` for a response that is too long, in bytes or in seconds."""
        self._content += piece
        if len(self._content) > MAX_ANSWER_BYTES or time.monotonic() > self._deadline:
            self.drop()
            raise too_long(self._request)

    def finish(self, *, whole: bool = True) -> None:
        """Record it, once; what is not ``whole`` up to its last whole message."""
        if self.open:
            self.drop()
            content = bytes(self._content)
            content = content if whole or not self.is_stream else whole_messages(content, self._type)
            self._sink.append(self._request, {**self._head, "body": {"string": content}})

    def fail(self) -> None:
        """Take that the connection broke: a stream ends with it, and anything else is not recorded."""
        if self.is_stream and self._content:
            self.finish(whole=False)
        elif self.open:
            self.drop()

    def drop(self) -> None:
        """Do not record it."""
        self.open = False
        self._sink.passing.remove(self)

    def hasten(self) -> None:
        """Leave it `DRAIN_S` for its rest."""
        self._deadline = min(self._deadline, time.monotonic() + DRAIN_S)


def too_long(request: Request) -> CassetteError:
    """Return the error for a response that a cassette cannot hold: what to do instead."""
    return CassetteError(
        f"{request.method} {request.path}: the response had not ended after {WHOLE_WITHIN_S:g} s or "
        f"{MAX_ANSWER_BYTES >> 20} MiB, and was not recorded. If it is a stream without an end, read it as one (with "
        "httpx `client.stream(...)`, with requests `stream=True`) and close it when the test has what it needs."
    )
