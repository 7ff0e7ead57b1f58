"""httpx's transport, with the time of a whole answer bounded: a time-out bounds only the silence between bytes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import httpcore
import httpx

from harness.http.answer_bounds import seconds_left
from harness.http.client_tls import tls_context


class TimedTransport(httpx.HTTPTransport):
    """Waits for each byte no longer than `seconds_left`: a head that trickles, or follows others without end, ends."""

    def __init__(self, limits: httpx.Limits) -> None:
        super().__init__(verify=tls_context(), limits=limits)
        self._pool = httpcore.ConnectionPool(
            ssl_context=tls_context(),
            max_connections=limits.max_connections,
            max_keepalive_connections=limits.max_keepalive_connections,
            keepalive_expiry=limits.keepalive_expiry,
            network_backend=_TimedBackend(),
        )


class _TimedBackend(httpcore.SyncBackend):
    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        return _TimedStream(super().connect_tcp(host, port, _shorter(timeout), local_address, socket_options))


class _TimedStream(httpcore.NetworkStream):
    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner
        self.close = inner.close  # type: ignore[method-assign]
        self.get_extra_info = inner.get_extra_info  # type: ignore[method-assign]

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            return self._inner.read(max_bytes, _shorter(timeout))
        except httpcore.ReadTimeout:
            seconds_left()  # which has the better words
            raise

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, _shorter(timeout))

    def start_tls(self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None) -> Any:
        return _TimedStream(self._inner.start_tls(ssl_context, server_hostname, _shorter(timeout)))


def _shorter(timeout: float | None) -> float | None:
    left = seconds_left()
    return left if timeout is None else timeout if left is None else min(timeout, left)
