"""A recording reverse proxy: forwards everything to the provider, and stores it, redacted, in a cassette."""

from __future__ import annotations

import datetime as dt
import json
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from http import HTTPStatus
from typing import Protocol

import httpx
import msgspec

from harness.core.whole_numbers import whole_number
from harness.errors import CassetteError, HarnessError, NetworkError
from harness.http.codings import CodingError, CodingFault, decoded
from harness.http.content import coding_of
from harness.http.event_streams import is_stream, whole_messages
from harness.http.forwarding import forwarded, forwarded_headers
from harness.http.link_rewriter import LinkRewriter
from harness.http.loopback_server import CommandServer, RawAnswer
from harness.http.message import HOP_BY_HOP, Headers, Request, Response, reason_phrase
from harness.http.parser import MAX_BODY, BadMessageError
from harness.http.server_connection import ServerConnection
from harness.http.writer import has_no_body
from harness.process.ending_signals import ending_signals
from harness.secrets.redaction.redactor import MAX_SEARCHED

FLUSH_S = 1.0
"""How often what was recorded is written: what a kill -9 can cost. Each writing may take a tenth of the time."""
GRACE_S = 2.0
"""How long exchanges that are under way at the end are waited for."""
MAX_SESSION = 16 << 20
"""Bytes of all that is recorded: a cassette is written as a whole each time. More only passes."""
WITHIN_S = 600.0
"""Seconds for a whole response: a stream without an end is ended then, and anything else broken off."""


class ExchangeSink(Protocol):
    """Takes what passed."""

    recorded: int
    """How many exchanges were taken."""
    refused: list[str]
    """Why exchanges were not taken."""

    def add(self, request: Request, response: Response, *, began: dt.datetime, start: float, latency_s: float) -> None:
        """Take one exchange; raises `CassetteError` where it cannot.

        ``began`` is its date, and ``start`` the same by the clock that is never set, `time.monotonic`.
        """

    def write(self) -> None:
        """Write what is new, where it is written at all; raises `CassetteError`."""


class RecordingProxy(CommandServer):
    """Passes on to one upstream, and records what it answers."""

    def __init__(
        self,
        upstream: str,
        client: httpx.Client,
        recorder: ExchangeSink,
        *,
        port: int = 0,
        log: Callable[[str], None] = lambda _text: None,
    ) -> None:
        """``upstream`` is the provider's base URL, reached through ``client``."""
        super().__init__("recording-proxy", port=port, max_body=MAX_BODY, grace_s=GRACE_S)
        self.upstream = upstream.rstrip("/")
        self.client = client
        self.recorder = recorder
        self.log = log
        self._recorded = 0
        self.failed = 0
        """Requests that could not be passed on."""

    def refuse(self, error: BadMessageError) -> Response:
        """Answer that the request was not forwarded, and why."""
        self.log(f"refused: {error}")
        return _problem(error.status, f"The request was not forwarded: {reason_phrase(error.status)}: {error}.")

    def report(self, text: str) -> None:
        """Log it."""
        self.log(text)

    def respond(self, request: Request) -> Response | RawAnswer:
        """Pass on a request, and its answer as it comes."""
        try:
            return self._responded_by_upstream(request)
        except Exception as exc:  # noqa: BLE001 - the client gets an answer, and the exit status counts it
            return self._failed(request, HTTPStatus.BAD_GATEWAY, f"The proxy failed: {_described(exc)}.")

    def _responded_by_upstream(self, request: Request) -> Response | RawAnswer:
        if not request.target.startswith("/"):  # it could change the host of the URL
            return self._failed(request, HTTPStatus.NOT_FOUND, f"{request.target!r} is not a path.")
        began, start = dt.datetime.now(tz=dt.UTC), time.monotonic()
        url = self.upstream + request.target
        try:
            answer = self.client.send(forwarded(request, url, self.client), stream=True)
        except NetworkError as exc:
            return self._failed(request, HTTPStatus.FORBIDDEN, str(exc))
        except (httpx.TransportError, httpx.InvalidURL) as exc:
            return self._failed(
                request, HTTPStatus.BAD_GATEWAY, f"{self.upstream} sent no response: {_described(exc)}."
            )

        def keep(content: bytes) -> None:
            latency_s = time.monotonic() - start
            recorded = Request(method=request.method, url=url, headers=forwarded_headers(request), body=request.body)
            head = _head_of(answer)
            fields = tuple(h for h in head.headers if h[0].lower() not in HOP_BY_HOP)
            response = msgspec.structs.replace(head, headers=fields, body=content)
            try:
                self.one_at_a_time(self._record, recorded, response, began=began, start=start, latency_s=latency_s)
            except CassetteError as exc:
                self._not_recorded(request, str(exc))
            except Exception as exc:  # noqa: BLE001 - such as no memory: the client's answer goes on
                self._not_recorded(request, f"The response was not recorded: {_described(exc)}.")
            else:
                self.log(f"{request.method} {request.target} {answer.status_code}")

        return lambda connection: self._pass_back(request, answer, connection, keep)

    def _pass_back(
        self, request: Request, answer: httpx.Response, connection: ServerConnection, keep: Callable[[bytes], None]
    ) -> bool:
        """Stream the response to the client; ``keep`` gets its body before the client sees the end of it.

        So every response that a client received whole is recorded, also when the proxy ends at that moment.
        """
        try:
            self._stream(request, answer, connection, keep)
        except httpx.TransportError as exc:
            self._report(request, f"{self.upstream} broke off its response: {_described(exc)}. It was not recorded.")
            return False
        except OSError:
            self.log(f"{request.method} {request.path}: the client hung up before the end")
            return False
        except ValueError as exc:  # a header that cannot be sent
            self._report(request, f"{self.upstream} answered with what cannot be passed on: {exc}.")
            return False
        finally:
            answer.close()
        return True

    def _stream(
        self, request: Request, answer: httpx.Response, connection: ServerConnection, keep: Callable[[bytes], None]
    ) -> None:
        head = _head_of(answer)
        links = LinkRewriter([self.upstream], self.url)
        head = msgspec.structs.replace(head, headers=links.headers(head.headers))
        length = whole_number(head.header("content-length"))
        if has_no_body(head.status, request.method) or length == 0:
            keep(answer.read())
            connection.start(head, length=length)
            return
        chunked = connection.start(head, length=length)
        content, passed, end = bytearray(), 0, b"0\r\n\r\n" if chunked else b""
        try:
            for piece in _in_time(answer.iter_raw()):
                content += piece[: MAX_SEARCHED + 1 - len(content)]
                passed += len(piece)
                if length is not None and passed >= length:
                    end = piece
                    continue
                connection.socket.sendall(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
        except (httpx.TimeoutException, OSError) as exc:
            kind, too_long = head.header("content-type"), len(content) > MAX_SEARCHED
            if not content or not (too_long or is_stream(kind)):
                raise
            keep(bytes(content) if too_long else whole_messages(bytes(content), kind))
            if isinstance(exc, OSError):  # the client has what it wanted
                raise
        else:
            keep(bytes(content))
        connection.socket.sendall(end)

    def _record(
        self, request: Request, response: Response, *, began: dt.datetime, start: float, latency_s: float
    ) -> None:
        _check_size("request", request.headers, request.body)
        _check_size("response", response.headers, response.body)
        self._recorded += _size(request) + _size(response)
        if self._recorded > MAX_SESSION:
            raise CassetteError(
                f"With it, over {MAX_SESSION >> 20} MiB would be recorded, the most of one run of `harness record`. It "
                "was passed on and not recorded; run the command again for the rest, with another --cassette."
            )
        self.recorder.add(request, response, began=began, start=start, latency_s=latency_s)

    def _not_recorded(self, request: Request, text: str) -> None:
        self.recorder.refused.append(text)
        self.log(f"{request.method} {request.path}: {text}")

    def _failed(self, request: Request, status: HTTPStatus, text: str) -> Response:
        self._report(request, text)
        return _problem(status, text)

    def _report(self, request: Request, text: str) -> None:
        self.failed += 1
        self.log(f"{request.method} {request.target}: {text}")


def _head_of(answer: httpx.Response) -> Response:
    """Return status and headers byte for byte, as text in ISO-8859-1."""
    fields = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in answer.headers.raw)
    reason: bytes = answer.extensions.get("reason_phrase", b"")
    return Response(status=answer.status_code, reason=reason.decode("latin-1"), headers=fields)


def _size(message: Request | Response) -> int:
    target = len(message.url) if isinstance(message, Request) else 0
    return target + sum(len(name) + len(value) for name, value in message.headers) + len(message.body)


def _check_size(what: str, headers: Headers, body: bytes) -> None:
    """Raise `CassetteError` for a body that is too long, as it is or unpacked; a beginning suffices."""
    over = (
        f"over {MAX_SEARCHED >> 20} MiB. It was passed on and not recorded; exclude the call, or ask for less at once."
    )
    if len(body) > MAX_SEARCHED:
        raise CassetteError(f"The {what} is {over}")
    try:
        decoded(body, coding_of(headers), limit=MAX_SEARCHED)
    except CodingError as exc:
        if exc.fault is CodingFault.TOO_LARGE:
            raise CassetteError(f"The {what} unpacks to {over}") from None


def _in_time(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the pieces of a body; raises `httpx.TransportError` for one that does not end."""
    deadline = time.monotonic() + WITHIN_S
    for piece in pieces:
        if time.monotonic() > deadline:
            raise httpx.ReadTimeout(f"not ended after {WITHIN_S:g} s")
        yield piece


def _problem(status: HTTPStatus, text: str) -> Response:
    body = json.dumps({"title": "Not forwarded", "status": status.value, "detail": text}).encode()
    headers = (("content-type", "application/problem+json"),)
    return Response(status=status, headers=headers, body=body)


def record(proxy: RecordingProxy, *, started: Callable[[str], None]) -> None:
    """Pass on and record until Ctrl-C, SIGTERM or the end of the terminal, writing every second.

    Raises `CassetteError` where that fails. What was recorded before is written in any case, as long as it can be.
    """
    ended = threading.Event()
    before = {n: signal.signal(n, lambda *_: ended.set()) for n in ending_signals()}
    with ExitStack() as stack:
        for number, handler in before.items():
            stack.callback(signal.signal, number, handler)
        proxy.__enter__()
        stack.callback(proxy.recorder.write)
        stack.push(proxy)
        proxy.recorder.write()  # shows at once that the file can be written
        started(proxy.url)
        pause = FLUSH_S
        while not ended.wait(pause):
            begun = time.perf_counter()
            try:
                proxy.recorder.write()
            except HarnessError as exc:
                proxy.log(f"{exc} Retrying.")
            pause = max(FLUSH_S, 9 * (time.perf_counter() - begun))


def _described(exc: Exception) -> str:
    text = str(exc)
    return f"{type(exc).__name__}{f' ({text})' if text else ''}"
