"""The only module that makes HTTP clients: one shared TLS context, a host allow-list, and the production guard."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import httpx

from harness.errors import NetworkError
from harness.http.answer_bounds import AnswerBound, BoundedAsyncBody, BoundedBody, in_time
from harness.http.client_tls import tls_context
from harness.http.credential_places import placed
from harness.http.message import LOOPBACK, SAFE_METHODS
from harness.http.observed_bodies import AnswerObserver, observe_body

TIMEOUT_S = 15.0
WHOLE_WITHIN_S = 60.0
"""Seconds for the whole answer of an ordinary call; a timeout bounds only the silence between bytes."""
READY_WITHIN_S = 2.0
"""Seconds for the answer of a readiness URL."""
ANSWERED_S = "harness.answered_s"
"""Extension of a response with the seconds until its head had arrived; recorded ones and async ones have none."""
CALLER = "harness.caller"
"""Extension of a response with the name of who called, where that is not what runs just then."""

_OF_THE_BODY = ("content-encoding", "content-length", "transfer-encoding")

Observer = Callable[[httpx.Response], None]
Authenticate = Callable[[httpx.Request], httpx.Request]
"""Adds to a request what authenticates it."""


class Network:
    """Where this run may send to: loopback, and the hosts that harness.toml names."""

    def __init__(self, urls: Collection[str] = (), *, production: bool = False) -> None:
        """Allow loopback and the hosts of ``urls``; with ``production``, refuse every writing request."""
        self.hosts = LOOPBACK | {host for url in urls if (host := urlsplit(url).hostname)}
        self.production = production
        self.token_urls: frozenset[str] = frozenset()
        """Where access tokens are asked for: by POST, which changes nothing."""
        self.observers: list[Observer] = []
        """Called with every answer, also from a recording; the body may not have been read."""
        self.answer_observer: AnswerObserver = lambda _exchange: None
        """Called with every answer over the network, or from a recording, once its body has been read."""

    def client(
        self,
        *,
        base_url: str = "",
        headers: Mapping[str, str] | None = None,
        auth: Authenticate | None = None,
        timeout_s: float = TIMEOUT_S,
        connections: int = 32,
        keep_alive: bool = True,
        transport: httpx.BaseTransport | None = None,
        whole_within_s: float | None = None,
        bounded: bool = True,
        answer_observer: AnswerObserver | None = None,
        caller: str = "",
    ) -> httpx.Client:
        """Return a client that checks every request against the allow-list and never follows redirects.

        Without ``keep_alive`` each request has a connection of its own. A ``transport`` that sends nothing, such as one
        that plays recordings, takes the network's place. An answer that trickles or floods without end is a timeout,
        after ``whole_within_s``, by default `WHOLE_WITHIN_S` or ``timeout_s``, the longer, or `MAX_ANSWER_BYTES`,
        also as unpacked; unless ``bounded``, who reads it must bound it, and nobody observes it. Answers go to
        ``answer_observer``, by default to that of the network. Each bears the name of its ``caller``, if given, as
        `CALLER`.
        """
        if transport is None:
            from harness.http.timed_transport import TimedTransport

            idle = connections if keep_alive else 0
            limits = httpx.Limits(max_connections=connections, max_keepalive_connections=idle)
            transport = GuardedTransport(self, TimedTransport(limits), whole_within_s, bounded=bounded)
        made = httpx.Client(
            transport=transport, base_url=base_url, headers=headers, auth=auth, timeout=timeout_s, trust_env=False
        )
        if bounded:
            made.event_hooks["response"].append(partial(self._observe, answer_observer=answer_observer, caller=caller))
        return made

    def async_client(
        self,
        *,
        base_url: str = "",
        headers: Mapping[str, str] | None = None,
        auth: Authenticate | None = None,
        timeout_s: float = TIMEOUT_S,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> httpx.AsyncClient:
        """Return an async client like `client`; it leaves no connection open, so none outlives its event loop."""
        if transport is None:
            limits = httpx.Limits(max_keepalive_connections=0)
            transport = GuardedTransport(self, httpx.AsyncHTTPTransport(verify=tls_context(), limits=limits))
        made = httpx.AsyncClient(
            transport=transport, base_url=base_url, headers=headers, auth=auth, timeout=timeout_s, trust_env=False
        )
        made.event_hooks["response"].append(self._observe_async)
        return made

    def fetch(self, url: str, headers: Mapping[str, str] | None = None) -> bytes:
        """Return what a GET is answered with; raises `httpx.HTTPError`, also for another status than 2xx."""
        with self.client(headers=headers) as client:
            return client.get(url).raise_for_status().content

    def _observe(
        self, response: httpx.Response, answer_observer: AnswerObserver | None = None, caller: str = ""
    ) -> None:
        if caller:
            response.extensions[CALLER] = caller
        for observer in self.observers:
            observer(response)
        observe_body(response, answer_observer or self.answer_observer)

    async def _observe_async(self, response: httpx.Response) -> None:
        self._observe(response)

    def check(self, method: str, url: httpx.URL) -> None:
        """Raise `NetworkError` unless the target's description allows this request."""
        if url.host not in self.hosts:
            raise NetworkError(
                f"Refused to send {method} to {url.host}: harness.toml does not name that host "
                f"(it names {', '.join(sorted(self.hosts - LOOPBACK)) or 'only loopback'}). "
                "If the request is intended, add the host to harness.toml; if it is a redirect, look for its cause."
            )
        if self.production and method.upper() not in SAFE_METHODS and str(url) not in self.token_urls:
            raise NetworkError(
                f"Refused to send {method} {url.path}: [target] environment is production, where the harness only "
                "reads. Run against staging, or mark the check as not for production."
            )


class GuardedTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Asks the `Network` before every request, sync or async, and bounds every answer; vcrpy patches what is inside."""

    def __init__(
        self, network: Network, inner: Any, whole_within_s: float | None = None, *, bounded: bool = True
    ) -> None:
        """``whole_within_s`` None stands for `WHOLE_WITHIN_S`, or the request's own time-out where that is longer.

        Unless ``bounded``, who reads an answer must bound it.
        """
        self._network = network
        self._inner = inner
        self._whole_within_s = whole_within_s
        self._bounded = bounded

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Check, then send."""
        self._network.check(request.method, request.url)
        begun = time.monotonic()
        bound = self._bound(request)
        with bound.applied() if bound else nullcontext():
            response: httpx.Response = self._inner.handle_request(placed(request))
        response.extensions[ANSWERED_S] = time.monotonic() - begun
        if bound:
            assert isinstance(response.stream, httpx.SyncByteStream)
            bound.declare(response.headers.get("content-encoding", ""))
            response.stream = BoundedBody(response.stream, bound)
        return response

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Check, then send."""
        self._network.check(request.method, request.url)
        bound = self._bound(request)
        sent = self._inner.handle_async_request(placed(request))
        response: httpx.Response = await (in_time(sent, bound) if bound else sent)
        if bound:
            assert isinstance(response.stream, httpx.AsyncByteStream)
            bound.declare(response.headers.get("content-encoding", ""))
            response.stream = BoundedAsyncBody(response.stream, bound)
        return response

    def _bound(self, request: httpx.Request) -> AnswerBound | None:
        if not self._bounded:
            return None
        own = request.extensions.get("timeout", {}).get("read") or 0.0
        return AnswerBound(max(WHOLE_WITHIN_S, own) if self._whole_within_s is None else self._whole_within_s)

    def close(self) -> None:
        """Close the transport inside."""
        self._inner.close()

    async def aclose(self) -> None:
        """Close the transport inside."""
        await self._inner.aclose()


def read_bounded(
    client: httpx.Client,
    url: str,
    *,
    max_bytes: int,
    within_s: float,
    params: Mapping[str, str | Sequence[str]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> httpx.Response:
    """GET ``url``, and return the answer with at most ``max_bytes`` of decoded content.

    Raises `httpx.TransportError`, also where the answer is larger or has not ended within ``within_s`` seconds, and
    `NetworkError`.
    """
    deadline = time.monotonic() + within_s
    asked = {**(headers or {}), "accept-encoding": "identity"}  # a small compressed body can expand without end
    with client.stream("GET", url, params=params, headers=asked, timeout=within_s) as response:
        content = bytearray()
        for piece in response.iter_bytes():
            content += piece
            if len(content) > max_bytes:
                raise httpx.ReadTimeout(f"after {max_bytes >> 20} MiB the answer had not ended")
            if time.monotonic() > deadline:
                raise httpx.ReadTimeout(f"after {within_s:g} s the answer had not ended")
    kept = [(name, value) for name, value in response.headers.raw if name.decode("latin-1").lower() not in _OF_THE_BODY]
    return httpx.Response(response.status_code, headers=kept, content=bytes(content), request=response.request)


def answers(client: httpx.Client, url: str, status: int | None = None) -> bool:
    """Whether a GET of ``url`` is answered with ``status``, or else with 2xx, within `READY_WITHIN_S`."""
    try:
        response = client.get(url, timeout=READY_WITHIN_S)
    except httpx.TransportError:
        return False
    return response.is_success if status is None else response.status_code == status


@contextmanager
def offline() -> Iterator[None]:
    """Refuse every connection that would leave this machine, whichever library opens it, for the block."""
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex

    def check(refused: socket.socket, address: Any) -> None:
        host = address[0] if isinstance(address, tuple) else ""
        if host and not (host in LOOPBACK or str(host).startswith("127.")):
            refused.close()  # libraries close it after an OSError alone
            raise NetworkError(
                f"Refused to connect to {host}: in replay no request leaves this machine. Send it through the fixture "
                "`api`, or request the fixture `cassette`, which records and plays back every client's calls."
            )

    def guarded(self: socket.socket, address: Any) -> None:
        check(self, address)
        connect(self, address)

    def guarded_ex(self: socket.socket, address: Any) -> int:
        check(self, address)
        return connect_ex(self, address)

    socket.socket.connect, socket.socket.connect_ex = guarded, guarded_ex  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        socket.socket.connect, socket.socket.connect_ex = connect, connect_ex  # type: ignore[method-assign]
