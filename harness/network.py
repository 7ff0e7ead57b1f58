"""The only module that makes HTTP clients: one shared TLS context, a host allow-list, and the production guard."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Collection, Mapping
from functools import cache
from urllib.parse import urlsplit

import httpx

from harness.errors import NetworkError

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})  # RFC 9110 section 9.2.1, without TRACE
TIMEOUT_S = 15.0

Observer = Callable[[httpx.Request, int], None]


@cache
def tls_context() -> ssl.SSLContext:
    """Return the one TLS context of the process: loading the CA bundle costs 25 ms each time."""
    return ssl.create_default_context()


class Network:
    """Where this run may send to: loopback, and the hosts that harness.toml names."""

    def __init__(self, urls: Collection[str] = (), *, production: bool = False) -> None:
        """Allow loopback and the hosts of ``urls``; with ``production``, refuse every writing request."""
        self.hosts = LOOPBACK | {host for url in urls if (host := urlsplit(url).hostname)}
        self.production = production
        self.observer: Observer = lambda _request, _status: None
        """Told of every request that was answered, with the status."""

    def client(
        self,
        *,
        base_url: str = "",
        headers: Mapping[str, str] | None = None,
        timeout_s: float = TIMEOUT_S,
        connections: int = 32,
    ) -> httpx.Client:
        """Return a client that checks every request against the allow-list and never follows redirects."""
        transport = GuardedTransport(self, httpx.HTTPTransport(verify=tls_context(), limits=_limits(connections)))
        return httpx.Client(transport=transport, base_url=base_url, headers=headers, timeout=timeout_s, trust_env=False)

    def check(self, method: str, url: httpx.URL) -> None:
        """Raise `NetworkError` unless the target's description allows this request."""
        if url.host not in self.hosts:
            raise NetworkError(
                f"Refused to send {method} to {url.host}: harness.toml names no such host "
                f"(it names {', '.join(sorted(self.hosts - LOOPBACK)) or 'only loopback'}). "
                "If the call is meant, add the host to the target; if it is a redirect, look where it comes from."
            )
        if self.production and method.upper() not in SAFE_METHODS:
            raise NetworkError(
                f"Refused to send {method} {url.path}: [target] environment is production, where the harness only "
                "reads. Run against staging, or mark the check as not for production."
            )


class GuardedTransport(httpx.BaseTransport):
    """Asks the `Network` before every request; vcrpy patches the transport inside."""

    def __init__(self, network: Network, inner: httpx.BaseTransport) -> None:
        """Guard ``inner``."""
        self._network = network
        self._inner = inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Check, send, and tell the observer."""
        self._network.check(request.method, request.url)
        response = self._inner.handle_request(request)
        self._network.observer(request, response.status_code)
        return response

    def close(self) -> None:
        """Close the transport inside."""
        self._inner.close()


def _limits(connections: int) -> httpx.Limits:
    return httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
