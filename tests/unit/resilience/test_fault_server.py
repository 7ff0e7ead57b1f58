"""The fault server on real sockets: each fault is what it says, and what is passed on is passed on whole."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import httpx
import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from harness.http.client import Network
from harness.resilience.fault_server import FaultServer
from harness.resilience.faults import CLOSE, RESET, SILENCE, TRICKLE, Action, Corruption, Fault, respond
from harness.resilience.key_places import KeyPlaces


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with Network().client() as made:
        yield made


BROKEN = {
    "reset": (RESET, httpx.ReadError),
    "closed": (CLOSE, httpx.RemoteProtocolError),
}


@pytest.mark.parametrize("fault, error", BROKEN.values(), ids=BROKEN.keys())
def test_a_connection_is_broken_as_scripted(client: httpx.Client, fault: Fault, error: type[Exception]) -> None:
    """Reset and close look to a client like what they are named after."""
    with FaultServer("http://127.0.0.1:9", client, faults=[fault]) as server, pytest.raises(error):
        client.get(server.url)

    assert [a.status for a in server.attempts] == [None]


CORRUPTED = {
    "cut": (Corruption.CUT, httpx.ReadError),
    "short": (Corruption.SHORT, httpx.RemoteProtocolError),
    "malformed": (Corruption.MALFORMED, '{"id": '),
    "blank": (Corruption.BLANK, ""),
}


@pytest.mark.parametrize("kind, seen", CORRUPTED.values(), ids=CORRUPTED.keys())
def test_an_answer_of_the_provider_is_spoilt_as_scripted(
    client: httpx.Client, httpserver: HTTPServer, kind: Corruption, seen: type[Exception] | str
) -> None:
    """The call arrives at the provider; its answer is cut by a reset, cut short, or whole with half or no content."""
    httpserver.expect_oneshot_request("/", "POST").respond_with_data('{"id": "run_1"}', 201)

    with FaultServer(httpserver.url_for(""), client, faults=[Fault(action=Action.CORRUPT, corruption=kind)]) as server:
        if not isinstance(seen, str):
            with pytest.raises(seen):
                client.post(server.url)
        else:
            answer = client.post(server.url)
            assert (answer.status_code, answer.text) == (201, seen)

    assert [(a.fault, a.status) for a in server.attempts] == [(f"201, {kind}", None)]
    assert len(httpserver.log) == 1


def test_an_answer_without_a_body_cannot_be_spoilt(client: httpx.Client, httpserver: HTTPServer) -> None:
    """That is trouble of the case, not of the client, and is kept as such."""
    httpserver.expect_request("/").respond_with_data("", 200)

    with (
        FaultServer(httpserver.url_for(""), client, faults=[Fault(action=Action.CORRUPT)]) as server,
        suppress(httpx.TransportError),
    ):
        client.post(server.url)

    assert server.errors == ["POST / has no response body that could be corrupted"]


@pytest.mark.parametrize("fault", [SILENCE, TRICKLE], ids=["silence", "dribble"])
def test_what_never_ends_ends_after_all(client: httpx.Client, fault: Fault) -> None:
    """A client that waits for ever is let go by a reset, once it has waited long enough to be seen."""
    with (
        FaultServer("http://127.0.0.1:9", client, faults=[fault], hold_s=0.3) as server,
        pytest.raises(httpx.ReadError),
    ):
        client.get(server.url)


def test_each_write_meets_the_fault_once(client: httpx.Client, httpserver: HTTPServer) -> None:
    """The first attempt of every write is refused; its second and every read are passed on."""
    httpserver.expect_request("/").respond_with_data("ok")

    with FaultServer(httpserver.url_for(""), client, faults=[respond(503)], each_write=True) as server:
        calls = (("GET", b""), ("POST", b"a"), ("POST", b"a"), ("POST", b"b"), ("GET", b""), ("POST", b"b"))
        seen = [client.request(method, server.url, content=body).status_code for method, body in calls]

    assert seen == [200, 503, 200, 503, 200, 200]


def test_nothing_is_added_to_what_the_client_sends(client: httpx.Client, httpserver: HTTPServer) -> None:
    """No header is added, and a cookie that the provider sets comes with no later request of anybody."""
    httpserver.expect_request("/").respond_with_data("", headers={"Set-Cookie": "session=1; Path=/"})
    with FaultServer(httpserver.url_for(""), client, faults=[]) as server:
        for _ in range(2):
            client.send(httpx.Request("GET", server.url))

    sent = [{name.lower() for name, _ in request.headers} for request, _ in httpserver.log]
    assert sent == [{"host", "accept-encoding"}] * 2  # that one names what the fault server can decode


def test_faults_are_met_in_order_then_calls_are_passed_on(client: httpx.Client, httpserver: HTTPServer) -> None:
    """Statuses and Retry-After come as scripted; afterwards method, path, query, headers and body arrive unchanged."""
    seen: list[Request] = []
    headers = {"Idempotency-Key": "k", "Traceparent": "00-a-b-01"}

    def answer(request: Request) -> Response:
        seen.append(request)
        return Response(b"made", 201, {"X-Id": "7"})

    httpserver.expect_request("/things").respond_with_handler(answer)
    with FaultServer(httpserver.url_for(""), client, faults=[respond(503), respond(429, retry_after=2)]) as server:
        first, second, third = (
            client.post(f"{server.url}/things?a=%20b", content=b"\x00raw", headers=headers) for _ in range(3)
        )

    assert [first.status_code, second.status_code, third.status_code] == [503, 429, 201]
    assert second.headers["retry-after"] == "2"
    assert (third.content, third.headers["x-id"]) == (b"made", "7")
    assert (seen[0].query_string, seen[0].data, seen[0].headers["idempotency-key"]) == (b"a=%20b", b"\x00raw", "k")
    assert [(a.fault, a.status, a.key) for a in server.attempts] == [
        ("503", 503, "k"),
        ("429 Retry-After 2", 429, "k"),
        ("", 201, "k"),
    ]
    assert {a.traceparent for a in server.attempts} == {"00-a-b-01"}


def test_a_client_without_end_is_refused(
    client: httpx.Client, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What comes after as many attempts as are noted gets a 503, and is neither passed on nor noted, but counted."""
    monkeypatch.setattr("harness.resilience.fault_server.MAX_ATTEMPTS", 2)
    httpserver.expect_request("/").respond_with_data("ok")

    with FaultServer(httpserver.url_for(""), client, faults=[]) as server:
        seen = [client.get(server.url).status_code for _ in range(3)]

    assert seen == [200, 200, 503]
    assert len(server.attempts) == 2
    assert server.heads.unread == ["requests beyond the first 10,000, or 16 MiB of targets and keys (1)"]


def test_a_chunked_body_is_read_whole(client: httpx.Client, httpserver: HTTPServer) -> None:
    """A request without Content-Length is passed on with all its pieces."""
    httpserver.expect_request("/", data=b"onetwo").respond_with_data("ok")

    with FaultServer(httpserver.url_for(""), client, faults=[]) as server:
        assert client.post(server.url, content=iter([b"one", b"two"])).text == "ok"


@pytest.mark.parametrize(
    "nonsense",
    [b"\x16\x03\x01 TLS hello\r\n\r\n", b"GET\r\n\r\n", b"\r\n", b"A" * 70000],
    ids=["tls", "a-word", "nothing", "no-end"],
)
def test_what_is_no_http_ends_its_connection_alone(client: httpx.Client, nonsense: bytes) -> None:
    """Garbage neither stops the server nor counts as an attempt; it is counted as what was not read."""
    with FaultServer("http://127.0.0.1:9", client, faults=[respond(204)]) as server:
        with socket.create_connection(("127.0.0.1", server.port), timeout=5) as raw:
            raw.sendall(nonsense)
            with suppress(OSError):  # the server may have closed the connection already
                raw.shutdown(socket.SHUT_WR)
                while raw.recv(1000):
                    pass
        assert client.get(server.url).status_code == 204

    assert len(server.attempts) == 1
    assert server.heads.unread == (["requests whose heads are cut or not HTTP/1.1 (1)"] if nonsense.strip() else [])


def test_nothing_stays_behind(client: httpx.Client) -> None:
    """After the block no thread of the server runs, even with a connection left open."""
    with FaultServer("http://127.0.0.1:9", client, faults=[]) as server:
        idle = socket.create_connection(("127.0.0.1", server.port))
    idle.close()

    assert not [t for t in threading.enumerate() if t.name == "fault-server"]


@pytest.mark.parametrize(
    "names, sent, key",
    [
        ((), {"Idempotency-Key": "k"}, "k"),
        ((), {"X-Idempotency-Key": "k"}, "k"),
        (("Request-Id",), {"request-id": "k"}, "k"),
        (("Request-Id",), {"Idempotency-Key": "k"}, ""),
        ((), {}, ""),
    ],
    ids=["standard", "prefixed", "own", "other than own", "none"],
)
def test_the_key_of_an_attempt_is_read_from_its_header(
    names: tuple[str, ...], sent: dict[str, str], key: str, client: httpx.Client, httpserver: HTTPServer
) -> None:
    """The name of the header is the provider's choice."""
    httpserver.expect_request("/").respond_with_data("ok")
    with FaultServer(
        httpserver.url_for(""), client, faults=[], keys=KeyPlaces(names) if names else KeyPlaces()
    ) as server:
        client.post(server.url, headers=sent)
    assert [attempt.key for attempt in server.attempts] == [key]


def test_a_client_that_follows_the_providers_links_stays_behind_the_server(
    client: httpx.Client, httpserver: HTTPServer
) -> None:
    """In `Location`, `Link` and the body, the provider's own absolute URLs are those of the fault server."""
    base = httpserver.url_for("/v1")
    page = {"next": f"{base}/things?page=2", "help": "https://elsewhere.test/v1"}
    headers = {"Location": f"{base}/things/1", "Link": f'<{base}/things?page=2>; rel="next"'}
    httpserver.expect_oneshot_request("/v1/things").respond_with_json(page, 201, headers)
    httpserver.expect_request("/v1/things").respond_with_json({})

    with FaultServer(base, client, faults=[]) as server:
        made = client.get(f"{server.url}/things")
        client.get(made.json()["next"])
        client.get(made.headers["location"])

    assert made.json() == {"next": f"{server.url}/things?page=2", "help": "https://elsewhere.test/v1"}
    assert made.links["next"]["url"] == f"{server.url}/things?page=2"
    assert [a.path for a in server.attempts] == ["/things", "/things?page=2", "/things/1"]
