"""A client of a provider that is a function, for tests that send no request."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import httpx

from harness.http.client import Network
from harness.http.provider_client import ProviderClient

Handler = Callable[[httpx.Request], httpx.Response]


def client_of(
    provider: Handler,
    base_url: str = "http://provider.test",
    credential: Mapping[str, str] | None = None,
    *,
    sleep: Callable[[float], None] = lambda _: None,
) -> ProviderClient:
    """Return a client whose answers come as a stream, as from a network: only then they know how long they took."""

    def streamed(request: httpx.Request) -> httpx.Response:
        answer = provider(request)
        return httpx.Response(answer.status_code, headers=answer.headers, stream=httpx.ByteStream(answer.content))

    transport = httpx.MockTransport(streamed)
    return ProviderClient(Network(), base_url, credential or {}, transport=transport, sleep=sleep)
