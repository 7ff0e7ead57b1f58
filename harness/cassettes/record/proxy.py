"""A recording reverse proxy: passes everything on to the provider, and keeps it, redacted, in a cassette."""

from __future__ import annotations

import datetime as dt
import http.server
import json
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import httpx
from vcr.request import Request

from harness.cassettes.play.replay_connection import HOST, port_refused
from harness.cassettes.record.recorder import Recorder
from harness.errors import CassetteError, ConfigurationError, HarnessError, NetworkError
from harness.http.parser import HOP_BY_HOP, MAX_BODY, BadRequestError, take_body

FLUSH_S = 1.0
"""How often what was recorded is written: what a kill -9 can cost. Each writing may take a tenth of the time."""
GRACE_S = 2.0
"""How long exchanges that are under way at the end are waited for."""
IDLE_S = 60.0
CODINGS = "gzip, deflate"
"""What the provider may encode bodies in: what can be searched for secrets."""
_NOT_PASSED_ON = HOP_BY_HOP | {"host", "content-length", "accept-encoding", "expect"}


class _InFlight:
    """Counts exchanges that have begun and not ended."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._count = 0

    def __enter__(self) -> None:
        with self._changed:
            self._count += 1

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._count -= 1
            self._changed.notify_all()

    def wait(self, timeout_s: float) -> None:
        """Wait until there are none, for ``timeout_s`` at most."""
        with self._changed:
            self._changed.wait_for(lambda: self._count == 0, timeout_s)


class RecordingProxy(http.server.ThreadingHTTPServer):
    """Listens on loopback, and passes on to one upstream."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(
        self, upstream: str, client: httpx.Client, recorder: Recorder, *, port: int, log: Callable[[str], None]
    ) -> None:
        """``upstream`` is the provider's base URL, reached through ``client``.

        Raises `ConfigurationError` for a port that is taken.
        """
        self.upstream = upstream.rstrip("/")
        self.client = client
        self.recorder = recorder
        self.log = log
        self.busy = _InFlight()
        self.failed = 0
        """Requests that could not be passed on."""
        try:
            super().__init__((HOST, port), _Handler)
        except OSError as exc:
            raise ConfigurationError(port_refused(port, exc)) from None

    @property
    def url(self) -> str:
        """Where the client must call."""
        return f"http://{HOST}:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that hung up."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: RecordingProxy
    timeout = IDLE_S
    disable_nagle_algorithm = True
    wbufsize = -1

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class' signature
        """Leave the log to the proxy."""

    def _pass_on(self) -> None:
        with self.server.busy:
            self._exchange()

    def _exchange(self) -> None:
        try:
            body = take_body(self.rfile, self.headers.get("transfer-encoding", ""), self.headers.get("content-length"))
        except BadRequestError as exc:
            self.close_connection = True
            self._problem(exc.status, f"The request was not passed on: {exc.status.phrase}.")
            return
        parts = urlsplit(self.path)
        url = self.server.upstream + parts._replace(scheme="", netloc="").geturl()
        headers = [(k, v) for k, v in self.headers.items() if k.lower() not in _NOT_PASSED_ON]
        sent = [*headers, ("accept-encoding", CODINGS if "accept-encoding" in self.headers else "identity")]
        began, start = dt.datetime.now(tz=dt.UTC), time.perf_counter()
        try:
            request = self.server.client.build_request(self.command, url, headers=sent, content=body)
            response = self.server.client.send(request, stream=True)
        except NetworkError as exc:
            self._failed(HTTPStatus.FORBIDDEN, str(exc))
            return
        except (httpx.TransportError, httpx.InvalidURL) as exc:
            self._failed(HTTPStatus.BAD_GATEWAY, f"{self.server.upstream} gave no answer: {_said(exc)}.")
            return

        def keep(content: bytes) -> None:
            recorded = Request(self.command, url, body, _several(headers))
            self._keep(recorded, response, content, began=began, latency_s=time.perf_counter() - start)

        try:
            self._answer(response, keep)
        except httpx.TransportError as exc:
            self._failed(None, f"{self.server.upstream} broke off its answer: {_said(exc)}. It was not recorded.")
        except OSError:
            self.server.log(f"{self.command} {parts.path}: the client hung up before the end")
            self.close_connection = True
        finally:
            response.close()

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _pass_on  # noqa: N815 - http.server's names

    def _answer(self, response: httpx.Response, keep: Callable[[bytes], None]) -> None:
        """Send the answer to the client as it comes; ``keep`` gets its body before the client sees the end of it.

        So whatever a client was wholly answered is recorded, also when everything ends right then.
        """
        self.send_response_only(response.status_code, response.reason_phrase)
        for name, value in response.headers.multi_items():
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, self._here(value) if name.lower() == "location" else value)
        length = response.headers.get("content-length")
        bodyless = self.command == "HEAD" or response.status_code in (204, 304) or length == "0"
        chunked = not bodyless and length is None
        if chunked:
            self.send_header("transfer-encoding", "chunked")
        if bodyless:
            keep(response.read())
        self.end_headers()
        if not bodyless:
            self._stream(response, keep, expected=None if chunked else int(length or 0))

    def _stream(self, response: httpx.Response, keep: Callable[[bytes], None], *, expected: int | None) -> None:
        """Send a body of ``expected`` bytes, or of unknown length in chunks."""
        content, end = bytearray(), b"" if expected else b"0\r\n\r\n"
        for piece in response.iter_raw():
            content += piece
            if len(content) > MAX_BODY:
                raise httpx.ReadError(f"more than {MAX_BODY >> 20} MB")
            if expected and len(content) >= expected:
                end = piece
                continue
            self.wfile.write(piece if expected else b"%x\r\n%b\r\n" % (len(piece), piece))
            self.wfile.flush()
        keep(bytes(content))
        self.wfile.write(end)
        self.wfile.flush()

    def _here(self, location: str) -> str:
        """Keep a client that is sent elsewhere at the upstream with this proxy."""
        return (
            self.server.url + location.removeprefix(self.server.upstream)
            if location.startswith(self.server.upstream + "/")
            else location
        )

    def _keep(
        self, request: Request, response: httpx.Response, content: bytes, *, began: dt.datetime, latency_s: float
    ) -> None:
        headers: dict[str, list[str]] = {}
        for name, value in response.headers.multi_items():
            if name.lower() not in HOP_BY_HOP:
                headers.setdefault(name, []).append(value)
        answer = {
            "status": {"code": response.status_code, "message": response.reason_phrase},
            "headers": headers,
            "body": {"string": content},
        }
        try:
            self.server.recorder.add(request, answer, began=began, latency_s=latency_s)
        except CassetteError as exc:
            self.server.recorder.refused.append(str(exc))
            self.server.log(f"{self.command} {urlsplit(self.path).path}: {exc}")
            return
        self.server.log(f"{self.command} {self.path} {response.status_code}")

    def _failed(self, status: HTTPStatus | None, text: str) -> None:
        self.server.failed += 1
        self.server.log(f"{self.command} {self.path}: {text}")
        self.close_connection = True
        if status is not None:
            self._problem(status, text)

    def _problem(self, status: HTTPStatus, text: str) -> None:
        body = json.dumps({"title": "Not passed on", "status": status.value, "detail": text}).encode()
        with suppress(OSError):
            self.send_response_only(status.value, status.phrase)
            self.send_header("content-type", "application/problem+json")
            self.send_header("content-length", str(len(body)))
            self.send_header("connection", "close")
            self.end_headers()
            self.wfile.write(body)


def record(proxy: RecordingProxy, *, started: Callable[[str], None]) -> None:
    """Pass on and record until Ctrl-C or SIGTERM, writing every second; raises `CassetteError` where that fails.

    What was recorded before is written in any case, as long as it can be.
    """
    ended = threading.Event()
    before = {n: signal.signal(n, lambda *_: ended.set()) for n in (signal.SIGINT, signal.SIGTERM)}
    thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.1}, name="recording-proxy")
    thread.start()
    try:
        proxy.recorder.write()  # shows at once that the file can be written
        started(proxy.url)
        pause = FLUSH_S
        while not ended.wait(pause):
            begun = time.perf_counter()
            try:
                proxy.recorder.write()
            except HarnessError as exc:
                proxy.log(f"{exc} It is tried again.")
            pause = max(FLUSH_S, 9 * (time.perf_counter() - begun))
    finally:
        proxy.shutdown()
        proxy.server_close()
        thread.join()
        proxy.busy.wait(GRACE_S)
        for number, handler in before.items():
            signal.signal(number, handler)
        proxy.recorder.write()


def _several(headers: list[tuple[str, str]]) -> dict[str, str]:
    """Return headers as vcrpy has those of a request: one that is repeated once, joined (RFC 9110 section 5.3)."""
    joined: dict[str, str] = {}
    for name, value in headers:
        joined[name] = f"{joined[name]}, {value}" if name in joined else value
    return joined


def _said(exc: Exception) -> str:
    text = str(exc)
    return f"{type(exc).__name__}{f' ({text})' if text else ''}"
