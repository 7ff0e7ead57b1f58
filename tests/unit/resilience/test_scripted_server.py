"""A server by script: rules in order, aimed, before a provider or without one."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence

import httpx
import pytest
from pytest_httpserver import HTTPServer

from harness.http.client import Network
from harness.resilience.fault_words import rules_of
from harness.resilience.scripted_server import ScriptedServer
from tests.waiting import wait_for


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with Network().client() as made:
        yield made


def scripted(client: httpx.Client, *lines: str, upstream: str | None = None) -> ScriptedServer:
    return ScriptedServer(rules_of(lines, str), client, upstream=upstream)


def statuses(server: ScriptedServer, calls: Sequence[str]) -> list[int]:
    """Return what each call is answered with: 0 for a broken connection."""
    found = []
    for call in calls:
        method, path = call.split()
        try:
            found.append(httpx.request(method, server.url + path, trust_env=False).status_code)
        except httpx.TransportError:
            found.append(0)
    return found


@pytest.mark.parametrize(
    "lines, calls, expected",
    [
        (["503x2", "reset"], ["GET /"] * 4, [503, 503, 0, 200]),
        (["503, pass, 500"], ["GET /"] * 4, [503, 200, 500, 200]),
        (["POST /a: 503", "500"], ["GET /a", "POST /a", "POST /a"], [500, 503, 200]),
        (["/a: 404 always", "503"], ["GET /a", "GET /a", "GET /b", "GET /b"], [404, 404, 503, 200]),
        (["pass always", "503"], ["GET /a"] * 2, [200, 200]),
    ],
    ids=["in order", "pass", "aimed", "always", "pass always"],
)
def test_each_call_meets_the_next_fault(
    client: httpx.Client, lines: list[str], calls: list[str], expected: list[int]
) -> None:
    """Each request gets the next fault of the first rule that aims at it and has one left."""
    with scripted(client, *lines) as server:
        assert statuses(server, calls) == expected


def test_without_a_provider_a_call_is_answered_with_nothing(client: httpx.Client) -> None:
    """So that a client can be tried alone; each call is reported as it comes."""
    seen: list[str] = []
    with ScriptedServer(rules_of(["503"], str), client, each=seen.append) as server:
        statuses(server, ["GET /a"])
        assert httpx.post(f"{server.url}/a?b=1", trust_env=False).json() == {}

    assert [line.partition(" s  ")[2] for line in seen] == ["GET /a  503", "POST /a?b=1  200"]


def test_the_providers_answer_comes_late_slowly_and_behind_another(
    client: httpx.Client, httpserver: HTTPServer
) -> None:
    """It arrives whole in each case."""
    httpserver.expect_request("/").respond_with_data(b"x" * 100)
    lines = ["slow 300ms, bandwidth 250, interim 103"]
    with scripted(client, *lines, upstream=httpserver.url_for("")) as server:
        began = time.monotonic()
        bodies = [client.get(server.url).content]
        late = time.monotonic() - began
        began = time.monotonic()
        bodies.append(client.get(server.url).content)
        slow = time.monotonic() - began
        bodies.append(client.get(server.url).content)

    assert bodies == [b"x" * 100] * 3
    assert late >= 0.3
    assert slow >= 0.2
    assert [a.fault for a in server.attempts] == ["200, slow 0.3 s", "200, bandwidth 250 B/s", "200, interim 103"]


CUTS = {
    "cut head": httpx.RemoteProtocolError,
    "cut after head": httpx.RemoteProtocolError,
    "cut body": httpx.ReadError,
    "short": httpx.RemoteProtocolError,
    "long": None,
}


@pytest.mark.parametrize("words, error", CUTS.items(), ids=CUTS)
def test_cut_head_cut_body_and_wrong_length_are_different(
    client: httpx.Client, httpserver: HTTPServer, words: str, error: type[Exception] | None
) -> None:
    """Each breaks the provider's response in a way of its own, after the provider has done what was asked."""
    whole, received = b'{"id": "run_1"}', b""
    httpserver.expect_request("/").respond_with_data(whole)
    with scripted(client, words, upstream=httpserver.url_for("")) as server:
        try:
            with client.stream("POST", server.url) as answer:
                for piece in answer.iter_raw():
                    received += piece
            raised = None
        except httpx.TransportError as exc:
            raised = type(exc)

    assert raised is error
    assert received == (b"" if "head" in words else whole[: len(whole) // 2])
    assert len(httpserver.log) == 1


def test_a_connection_that_was_used_is_closed_under_a_call(client: httpx.Client) -> None:
    """The first call of a connection is passed on, and the next one ends it; the one on a new connection is passed."""
    with scripted(client, "stale") as server, httpx.Client(base_url=server.url, trust_env=False) as own:
        first = own.get("/").status_code
        with pytest.raises(httpx.RemoteProtocolError):
            own.get("/")
        third = own.get("/").status_code

    assert (first, third) == (200, 200)
    assert [a.fault for a in server.attempts] == ["", "stale", ""]


def test_a_redirect_can_lead_to_itself(client: httpx.Client) -> None:
    """`{target}` is the target of the call."""
    with scripted(client, "307 location={target}&again=1") as server:
        answer = client.get(f"{server.url}/a?b=1")

    assert answer.headers["location"] == "/a?b=1&again=1"


def test_a_client_that_hangs_up_is_let_go(client: httpx.Client) -> None:
    """A long delay ends with the connection, and no thread stays."""
    with scripted(client, "slow 60s") as server:
        with pytest.raises(httpx.ReadTimeout):
            httpx.get(server.url, timeout=0.3, trust_env=False)
        wait_for(lambda: not server._connections)
    assert not [t for t in threading.enumerate() if t.name == "fault-server"]
