"""The call that ends the credential is found at the first refusal after it, and nothing is sent after that."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from harness.errors import CredentialLostError
from harness.http.client import Network
from harness.http.credential_state import MOST_KNOWN, MOST_READ_AGAIN, CredentialState
from harness.http.provider_client import ProviderClient

URL = "http://127.0.0.1:9"
Answer = Callable[[httpx.Request], int]


class Provider:
    """Answers by a function, and remembers the requests."""

    def __init__(self, answer: Answer) -> None:
        self.sent: list[str] = []
        self._answer = answer

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(f"{request.method} {request.url.path}")
        return httpx.Response(self._answer(request))


class Renewable:
    """A provider whose token ends with one call, or with a number of requests."""

    def __init__(self, *, status: int = 401, by: str = "/me/reset-token", public: str = "/public") -> None:
        self.works = True
        self._status, self._by, self._public = status, by, public

    def __call__(self, request: httpx.Request) -> int:
        path = request.url.path
        if path == self._public:
            return 200
        if not self.works:
            return self._status
        self.works = path != self._by
        return 403 if path == "/forbidden" else 201 if request.method == "POST" else 200


def client(provider: Provider, folder: Path) -> ProviderClient:
    state = CredentialState(folder, lambda r: None if r.url.path == "/public" else f"{r.method} {r.url.path}")
    transport = httpx.MockTransport(provider)
    return ProviderClient(Network(), URL, {"authorization": "right"}, credential=state, transport=transport)


def send(opened: ProviderClient, method: str, path: str) -> int:
    response = opened.send(opened.build(method, path)).response
    assert response is not None
    return response.status_code


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("method, path", [("POST", "/things"), ("GET", "/things"), ("GET", "/other")])
def test_the_call_that_ended_the_credential_is_named(tmp_path: Path, method: str, path: str, status: int) -> None:
    """The answer to what came after it is nobody's, and the next request is not sent at all."""
    provider = Provider(Renewable(status=status))
    with client(provider, tmp_path) as opened:
        assert (send(opened, "GET", "/things"), send(opened, "POST", "/me/reset-token")) == (200, 201)
        with pytest.raises(CredentialLostError) as lost:
            send(opened, method, path)
        sent = len(provider.sent)
        with pytest.raises(CredentialLostError):
            send(opened, "GET", "/public")

    assert (
        str(lost.value)
        == opened.lost
        == (
            f"The credential no longer works: GET /things answered {status}, and 2xx before. The last call before that "
            "changed something: POST /me/reset-token answered 201. Nothing was sent after that."
        )
    )
    assert len(provider.sent) == sent


def test_every_process_of_the_run_knows(tmp_path: Path) -> None:
    """Another client with the run's folder sends nothing either."""
    provider = Provider(Renewable())
    with client(provider, tmp_path) as first, client(provider, tmp_path) as other:
        send(first, "GET", "/things")
        send(first, "POST", "/me/reset-token")
        with pytest.raises(CredentialLostError):
            send(first, "GET", "/things")
        provider.sent.clear()
        with pytest.raises(CredentialLostError, match="POST /me/reset-token"):
            send(other, "GET", "/things")

    assert provider.sent == []


def test_what_is_forbidden_is_no_loss(tmp_path: Path) -> None:
    """A 403 of one operation is checked once, however often it comes."""
    provider = Provider(Renewable())
    with client(provider, tmp_path) as opened:
        send(opened, "GET", "/things")
        assert [send(opened, "GET", "/forbidden") for _ in range(5)] == [403] * 5

        assert opened.lost == ""
    assert provider.sent.count("GET /things") <= 1 + MOST_READ_AGAIN


def test_an_operation_that_needs_no_credential_proves_nothing(tmp_path: Path) -> None:
    """That a public one still answers does not hide the loss, and its refusals are its own."""
    renewable = Renewable()
    provider = Provider(renewable)
    with client(provider, tmp_path) as opened:
        send(opened, "GET", "/things")
        send(opened, "GET", "/public")
        renewable.works = False
        with pytest.raises(
            CredentialLostError, match=r"The last that was accepted: GET /public answered 200\. Nothing"
        ):
            send(opened, "GET", "/other")


def test_a_refusal_of_a_moment_is_no_loss(tmp_path: Path) -> None:
    """What is refused once more is read again."""
    statuses = iter([200, 401, 401, 200])
    provider = Provider(lambda _: next(statuses))
    with client(provider, tmp_path) as opened:
        assert (send(opened, "GET", "/things"), send(opened, "GET", "/things")) == (200, 401)
        assert opened.lost == ""


def test_a_wrong_credential_shows_nothing_of_the_right_one(tmp_path: Path) -> None:
    """Only requests with the right credential count."""
    provider = Provider(lambda r: 200 if r.headers.get("authorization") == "right" else 401)
    with client(provider, tmp_path) as opened:
        send(opened, "GET", "/things")
        wrong = opened.build("GET", "/things", {"authorization": "wrong"})
        assert opened.send(wrong).response is not None

    assert provider.sent == ["GET /things"] * 2


@pytest.mark.parametrize("status", [401, 403])
def test_what_another_credential_reads_shows_nothing(tmp_path: Path, status: int) -> None:
    """The loss of one of several credentials is seen by what that one could read, however much the others read."""
    works = {"admin": True}

    def answer(request: httpx.Request) -> int:
        is_admin = request.url.path.startswith("/admin")
        works["admin"] = works["admin"] and request.method != "POST"
        return status if is_admin and not works["admin"] else 200

    state = CredentialState(tmp_path, lambda r: f"{r.method} {r.url.path}", lambda r: r.url.path.startswith("/admin"))
    transport = httpx.MockTransport(Provider(answer))
    with ProviderClient(Network(), URL, {"authorization": "right"}, credential=state, transport=transport) as opened:
        for number in range(MOST_KNOWN + 1):
            send(opened, "GET", f"/public/{number}")
        assert [send(opened, "GET", "/admin/{id}"), send(opened, "POST", "/x")] == [200, 200]
        with pytest.raises(CredentialLostError, match=r"GET /admin/\{id\} answered 40[13], and 2xx before"):
            send(opened, "GET", "/admin/other")
