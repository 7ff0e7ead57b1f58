"""The network guard: nothing leaves for a host that the target does not name, and production is only read."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import httpx
import pytest
from pytest_httpserver import HTTPServer

from harness.errors import NetworkError
from harness.http.client import CALLER, GuardedTransport, Network, answers
from harness.http.message import Exchange


def client(network: Network) -> httpx.Client:
    answer = httpx.MockTransport(lambda _: httpx.Response(200))  # what is tested is whether anything gets here
    return httpx.Client(transport=GuardedTransport(network, answer))


def test_a_host_that_the_target_does_not_name_is_refused() -> None:
    """The message names the host and those that are allowed."""
    with pytest.raises(NetworkError, match=r"Refused to send GET to evil\.example.*it names api\.example"):
        client(Network(["https://api.example/v1"])).get("http://evil.example/")


@pytest.mark.parametrize("url", ["https://api.example/x", "http://127.0.0.1:1/", "http://localhost/"])
def test_the_target_and_loopback_are_allowed(url: str) -> None:
    """The hosts of harness.toml and this machine are reached."""
    assert client(Network(["https://api.example/v1"])).get(url).status_code == 200


def test_production_is_read_but_not_written() -> None:
    """GET passes; POST is refused, with the reason."""
    network = Network(production=True)

    assert client(network).get("http://localhost/").status_code == 200
    with pytest.raises(NetworkError, match=r"Refused to send POST /runs: .* production"):
        client(network).post("http://localhost/runs")


class Endless(httpx.SyncByteStream):
    """A body without end, of pieces of one size, each after a while."""

    def __init__(self, size: int, wait_s: float) -> None:
        self.piece = b" " * size
        self.wait_s = wait_s

    def __iter__(self) -> Iterator[bytes]:
        while True:
            time.sleep(self.wait_s)
            yield self.piece


@pytest.mark.parametrize("size, wait_s, said", [(1, 0.02, "after 0.2 s"), (1 << 24, 0, "after 64 MiB")])
def test_an_answer_without_end_is_a_timeout(size: int, wait_s: float, said: str) -> None:
    """Whether it trickles or floods; only who asks for it gets what has no bound."""
    plays = httpx.MockTransport(lambda _: httpx.Response(200, stream=Endless(size, wait_s)))

    bounded = GuardedTransport(Network(), plays, 0.2 if wait_s else None)
    with (
        httpx.Client(transport=bounded) as client,
        pytest.raises(httpx.ReadTimeout, match=f"{said} the answer had not ended"),
    ):
        client.get("http://localhost/")
    with (
        httpx.Client(transport=GuardedTransport(Network(), plays, bounded=False)) as free,
        free.stream("GET", "http://localhost/") as response,
    ):
        pieces = response.iter_raw()
        assert [len(next(pieces)) for _ in range(5)] == [size] * 5


def test_every_answer_is_observed_with_its_body() -> None:
    """The observer is shown what the caller reads, of a stream what was read until its end; the caller still has it."""
    seen: list[tuple[int, str, bytes]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        status = 404 if request.url.path == "/lost" else 200
        return httpx.Response(status, headers={"x-a": "b"}, stream=httpx.ByteStream(b"the body"))

    def note(exchange: Exchange) -> None:
        assert exchange.response is not None
        seen.append((exchange.response.status, exchange.response.header("X-A"), exchange.response.body))

    network = Network()
    network.answer_observer = note
    plays = httpx.MockTransport(answer)
    with network.client(transport=plays) as made:
        assert made.get("http://localhost/found").text == "the body"
        assert made.get("http://localhost/lost").text == "the body"
        with made.stream("GET", "http://localhost/unread"):
            assert len(seen) == 2

    async def call() -> None:
        async with network.async_client(transport=plays) as client:
            assert (await client.get("http://localhost/later")).text == "the body"

    asyncio.run(call())

    assert seen == [(200, "b", b"the body"), (404, "b", b"the body"), (200, "b", b""), (200, "b", b"the body")]


def test_an_observer_of_a_client_takes_the_place_of_the_networks() -> None:
    """What runs beside the tests has its own."""
    own: list[Exchange] = []
    network = Network()
    network.answer_observer = lambda _: pytest.fail("the other one")
    plays = httpx.MockTransport(lambda _: httpx.Response(200, text="read"))

    with network.client(transport=plays, answer_observer=own.append) as client:
        client.get("http://localhost/")

    assert [exchange.response and exchange.response.body for exchange in own] == [b"read"]


def test_every_answer_is_told_to_the_observer() -> None:
    """Answers of sync and async clients, over whatever transport, reach the run's one observer."""
    network = Network()
    told: list[tuple[str, int]] = []
    network.observers.append(lambda response: told.append((response.request.method, response.status_code)))
    plays = httpx.MockTransport(lambda _: httpx.Response(204))

    with network.client(transport=plays) as client:
        client.get("http://provider.test/")

    async def call() -> None:
        async with network.async_client(transport=plays) as client:
            await client.post("http://provider.test/")

    asyncio.run(call())

    assert told == [("GET", 204), ("POST", 204)]


def test_an_answer_bears_the_name_of_its_caller() -> None:
    """Observers can tell the calls of the integration's client from those of the checks beside it."""
    network = Network()
    callers: list[object] = []
    network.observers.append(lambda response: callers.append(response.extensions.get(CALLER)))
    plays = httpx.MockTransport(lambda _: httpx.Response(204))

    for caller in ("client", ""):
        with network.client(transport=plays, caller=caller) as client:
            client.get("http://provider.test/")

    assert callers == ["client", None]


@pytest.mark.parametrize("status, ready", [(200, True), (204, True), (302, False), (404, False), (503, False)])
def test_what_answers_2xx_is_ready(httpserver: HTTPServer, status: int, *, ready: bool) -> None:
    """Any other status, or no answer at all, is not ready, and no error."""
    httpserver.expect_request("/healthz").respond_with_data("", status=status)

    with Network().client() as here:
        assert answers(here, httpserver.url_for("/healthz")) is ready
        assert not answers(here, "http://127.0.0.1:1/healthz")
