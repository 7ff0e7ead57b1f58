"""The client of the provider: it waits as it is asked, within bounds, and says why an answer is missing."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from harness.core.dates import as_http_date
from harness.errors import NetworkError
from harness.http.client import Network
from harness.http.provider_client import UNSENDABLE, NoAnswer, ProviderClient, SendResult, json_of

if TYPE_CHECKING:
    from tests.unit.conftest import Misbehave

NOW = 1_790_000_000.0
URL = "http://provider.test/v1"
Act = Callable[[socket.socket], None]


def limited(after: str | None, status: int = 429) -> httpx.Response:
    return httpx.Response(status, headers={} if after is None else {"retry-after": after})


def fine() -> httpx.Response:
    return httpx.Response(200, json={})


class Provider:
    """Answers from a list, the last answer for ever, and notes requests and waits."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []
        self.waits: list[float] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

    def client(self, **options: Any) -> ProviderClient:
        transport = httpx.MockTransport(self)
        credential = {"authorization": "Bearer x"}
        return ProviderClient(
            Network(), URL, credential, transport=transport, clock=lambda: NOW, sleep=self.waits.append, **options
        )

    def asked(self, **options: Any) -> SendResult:
        with self.client(**options) as client:
            return client.send(client.build("GET", "/things"))


WAITS: dict[str, tuple[httpx.Response, float]] = {
    "seconds": (limited("3"), 3.0),
    "a date": (limited(as_http_date(NOW + 20)), 20.0),
    "a date that has passed": (limited(as_http_date(NOW - 20)), 0.0),
    "garbage": (limited("soon"), 1.0),
    "a fraction": (limited("0.5"), 1.0),
    "an empty value": (limited(""), 1.0),
    "no time at all": (limited(None), 1.0),
    "overload": (limited("3", 503), 3.0),
    "overload until a date": (limited(as_http_date(NOW + 2), 503), 2.0),
}


@pytest.mark.parametrize("answer, wait", WAITS.values(), ids=WAITS.keys())
def test_it_waits_once_as_it_is_asked(answer: httpx.Response, wait: float) -> None:
    """429 and 503 are waited for in seconds or until the date, a short while without a time, and asked once more."""
    provider = Provider(answer, fine())
    result = provider.asked()

    assert (result.response is not None and result.response.status_code, provider.waits) == (200, [wait])
    assert len(provider.requests) == 2
    assert [r.status_code for r in result.limited] == [answer.status_code]


def test_other_statuses_are_not_waited_for() -> None:
    """A Retry-After beside another status, such as a redirect, is for its reader (RFC 9110 section 10.2.3)."""
    provider = Provider(limited("3", 301))

    assert provider.asked().response is not None
    assert provider.waits == []


@pytest.mark.parametrize("after, waits", [(None, []), ("soon", [1.0])], ids=["missing", "garbage"])
def test_a_limit_without_retry_after_can_be_the_answer(after: str | None, waits: list[float]) -> None:
    """Where the caller wants it so, only a limit that names a time, if not a readable one, is waited for."""
    provider = Provider(limited(after), fine())
    result = provider.asked(wait_unasked_s=None)

    assert result.response is not None
    assert (result.response.status_code, provider.waits) == (429 if after is None else 200, waits)


TOO_LONG = {
    "in one wait": ("31", [], "asked to wait 31 s after 0 s of waiting"),
    "without end": ("9" * 400, [], "asked to wait inf s after 0 s of waiting"),
    "until a date in an hour": (as_http_date(NOW + 3600), [], "asked to wait 3600 s after 0 s of waiting"),
    "in all": ("30", [30.0] * 4, "asked to wait 30 s after 120 s of waiting"),
    "in number": ("0", [0.0] * 10, "asked to wait again after 10 waits"),
}


@pytest.mark.parametrize("after, waits, detail", TOO_LONG.values(), ids=TOO_LONG.keys())
def test_patience_has_an_end(after: str, waits: list[float], detail: str) -> None:
    """A limit that outlasts the bounds is no answer, and the last of it can be looked at."""
    provider = Provider(limited(after))
    result = provider.asked()

    assert (result.response, result.reason, result.detail) == (None, NoAnswer.RATE_LIMIT, detail)
    assert provider.waits == waits
    assert result.last is not None
    assert result.last.status_code == 429


def test_an_overload_that_lasts_is_the_answer() -> None:
    """503 is what the provider answers, if it answers that for ever."""
    result = Provider(limited("3600", 503)).asked()

    assert result.reason is None
    assert result.response is not None
    assert result.response.status_code == 503


def test_all_waits_of_a_client_count() -> None:
    """What one request waited is missing for the next."""
    provider = Provider(limited("30"), limited("30"), limited("30"), fine(), limited("30"), limited("1"))
    with provider.client() as client:
        results = [client.send(client.build("GET", "/things")) for _ in range(2)]

    assert [r.reason for r in results] == [None, NoAnswer.RATE_LIMIT]
    assert client.waited_s == 120.0


RAISED = {
    "nobody listens": (httpx.ConnectError("refused"), NoAnswer.UNREACHABLE, 1),
    "no connection in time": (httpx.ConnectTimeout("late"), NoAnswer.UNREACHABLE, 1),
    "nothing comes": (httpx.ReadTimeout("late"), NoAnswer.TIMEOUT, 1),
    "no HTTP": (httpx.RemoteProtocolError("illegal status line"), NoAnswer.GARBAGE, 1),
    "no such coding": (httpx.DecodingError("gzip"), NoAnswer.GARBAGE, 1),
    "ended": (httpx.RemoteProtocolError("Server disconnected without sending a response."), NoAnswer.CLOSED, 2),
    "reset": (httpx.ReadError("reset"), NoAnswer.CLOSED, 2),
    "reset while sending": (httpx.WriteError("reset"), NoAnswer.CLOSED, 2),
}


@pytest.mark.parametrize("error, reason, requests", RAISED.values(), ids=RAISED.keys())
def test_a_missing_answer_has_a_reason(error: Exception, reason: NoAnswer, requests: int) -> None:
    """Whatever the HTTP library raises has one of few names; a connection that ended is tried once more."""
    provider = Provider(error)
    result = provider.asked()

    assert (result.response, result.reason, result.last) == (None, reason, None)
    assert result.detail.startswith(type(error).__name__)
    assert len(provider.requests) == requests


def test_a_connection_that_ended_between_requests_costs_nothing() -> None:
    """The provider may close an idle connection just when it is used again (RFC 9112 section 9.5)."""
    provider = Provider(httpx.ReadError("reset"), fine())

    assert provider.asked().response is not None


def end(connection: socket.socket, *, reset: bool) -> None:
    """Answer one request, and end the connection when the next one is on its way."""
    connection.sendall(b"HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n")
    connection.recv(65536)
    if reset:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@pytest.mark.parametrize("reset", [True, False])
def test_many_idle_connections_that_end_cost_nothing(misbehave_at_once: Misbehave, reset: bool) -> None:  # noqa: FBT001
    """The second attempt takes no other idle connection, which would have ended too."""
    url = misbehave_at_once(partial(end, reset=reset))
    with ProviderClient(Network(), url) as client, ThreadPoolExecutor(8) as threads:
        results = list(threads.map(lambda _: client.send(client.build("GET", "/things")), range(200)))

    assert [result.detail for result in results if result.response is None] == []


def test_the_request_that_ends_the_provider_is_no_unreachable_one() -> None:
    """Where nobody listens any more after the connection ended, that it ended is the news."""
    provider = Provider(httpx.ReadError("reset"), httpx.ConnectError("refused"))

    assert provider.asked().reason is NoAnswer.CLOSED


def test_redirects_and_cookies_lead_nowhere() -> None:
    """The answer is the provider's own, and what it sets in one answer does not come with the next request."""
    set_cookie = {"set-cookie": "session=1; Path=/", "location": "http://elsewhere.test/"}
    provider = Provider(httpx.Response(302, headers=set_cookie))
    with provider.client() as client:
        results = [client.send(client.build("GET", "/things")) for _ in range(2)]

    assert [r.response.status_code for r in results if r.response] == [302, 302]
    assert [str(r.url) for r in provider.requests] == [f"{URL}/things"] * 2
    assert not any("cookie" in r.headers for r in provider.requests)


def test_headers_are_as_they_were_given() -> None:
    """The credential stands where no other value is given; repeated headers stay apart, and the URL may be whole."""
    provider = Provider(fine())
    with provider.client() as client:
        own = client.build("GET", "http://provider.test/other", {"Authorization": "Bearer y"})
        bare = client.build("POST", "things", [("x-a", "1"), ("x-a", "2")], authenticated=False, json={})
        plain = client.build("GET", "/things")

    assert (str(own.url), own.headers.get_list("authorization")) == ("http://provider.test/other", ["Bearer y"])
    assert (str(bare.url), bare.headers.get_list("x-a")) == (f"{URL}/things", ["1", "2"])
    assert "authorization" not in bare.headers
    assert plain.headers["authorization"] == "Bearer x"


def test_what_http_cannot_carry_is_an_error_of_its_own() -> None:
    """A header that no client can send is not taken for silence of the provider."""
    provider = Provider(httpx.LocalProtocolError("illegal header"))

    with pytest.raises(UNSENDABLE):
        provider.asked()


def test_another_host_is_refused() -> None:
    """The allow-list of the target holds for this client too."""
    with (
        ProviderClient(Network(), "http://127.0.0.1:1") as client,
        pytest.raises(NetworkError, match="does not name that host"),
    ):
        client.send(client.build("GET", "http://elsewhere.example/"))


@contextmanager
def listening(act: Act) -> Iterator[str]:
    """Hand every connection to ``act`` once its request has begun; gives the URL."""
    listener = socket.create_server(("127.0.0.1", 0))
    ended = threading.Event()

    def run() -> None:
        while not ended.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.recv(65536)
                try:
                    act(connection)
                except OSError:
                    continue

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    ended.set()
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(5)


def endless(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n")
    while True:
        connection.sendall(b"x")
        threading.Event().wait(0.02)


def nonsense(connection: socket.socket) -> None:
    connection.sendall(b"no HTTP at all\r\n\r\n")


SOCKETS: dict[str, tuple[Act, NoAnswer]] = {
    "an answer without end": (endless, NoAnswer.TIMEOUT),
    "no HTTP": (nonsense, NoAnswer.GARBAGE),
    "closed": (lambda _: None, NoAnswer.CLOSED),
}


@pytest.mark.parametrize("act, reason", SOCKETS.values(), ids=SOCKETS.keys())
def test_a_real_connection_gives_the_same_reasons(act: Act, reason: NoAnswer) -> None:
    """The whole answer is bounded, however steadily it trickles, and what is raised on the way has its name."""
    within_s = 0.3 if reason is NoAnswer.TIMEOUT else 60
    with listening(act) as url, ProviderClient(Network(), url, answer_within_s=5, whole_within_s=within_s) as client:
        result = client.send(client.build("GET", "/"))

    assert (result.response, result.reason) == (None, reason)


BAD_JSON = {
    "nothing": b"",
    "cut short": b"{",
    "not UTF-8": b"\xff",
    "lists without end": b"[" * 100_000 + b"]" * 100_000,
    "objects without end": b'{"a":' * 100_000,
}


@pytest.mark.parametrize("content", BAD_JSON.values(), ids=BAD_JSON.keys())
def test_an_answer_that_cannot_be_read_has_no_json(content: bytes) -> None:
    """Also one that nests too deeply, which Python refuses with a `RecursionError`."""
    assert json_of(httpx.Response(200, content=content)) is None
