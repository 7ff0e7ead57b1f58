"""Access tokens: asked for as RFC 6749 describes, kept, renewed in time, and refused in words that help."""

from __future__ import annotations

import base64
import secrets
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest

from harness.contract.access_tokens import AccessTokens, judge_replaced_secret
from harness.errors import NetworkError, TokenError
from harness.http.client import Network
from harness.model import Outcome, SecretRef
from harness.model.config import ClientAuth, ClientCredentials

URL = "https://login.example.com/oauth/token"
OLD = SecretRef("env:OLD")


class Server:
    """An authorization server: notes requests, and answers as it is told."""

    def __init__(self, **answer: Any) -> None:
        self.requests: list[httpx.Request] = []
        self.now = 0.0
        self.status = 200
        self.answer: Any = {"token_type": "bearer", "expires_in": 600} | answer
        self.content: bytes | None = None
        self.raises: Exception | None = None
        self.secret = secrets.token_hex(12) + " /+"
        self.kept: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if self.raises:
            raise self.raises
        if self.content is not None:
            return httpx.Response(self.status, content=self.content)
        fresh = {"access_token": secrets.token_urlsafe(16)} if self.status == 200 else {}
        return httpx.Response(self.status, json=fresh | self.answer)

    def tokens(self, **keys: Any) -> AccessTokens:
        section = ClientCredentials(token_url=URL, client_id="me:x", client_secret=SecretRef("env:S"), **keys)
        return AccessTokens(
            section,
            lambda text: {"env:S": self.secret, "env:OLD": "old"}.get(text, text),
            lambda: Network([URL]).client(transport=httpx.MockTransport(self)),
            self.kept.append,
            clock=lambda: self.now,
        )

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.requests[-1].content.decode()))


def test_the_secret_travels_in_a_header() -> None:
    """By default id and secret are encoded and joined as RFC 6749 section 2.3.1 demands."""
    server = Server()
    token = server.tokens(scope="a b", parameters={"audience": "https://api"}).current()

    sent = base64.b64decode(server.requests[0].headers["authorization"].removeprefix("Basic ")).decode()
    assert sent == f"me%3Ax:{server.secret[:24]}+%2F%2B"
    assert server.form == {"grant_type": "client_credentials", "scope": "a b", "audience": "https://api"}
    assert server.kept == [token]


def test_the_secret_travels_in_the_form() -> None:
    """client_secret_post puts both into the form, and nothing into a header."""
    server = Server()
    server.tokens(client_auth=ClientAuth.POST).current()

    assert "authorization" not in server.requests[0].headers
    assert server.form == {"grant_type": "client_credentials", "client_id": "me:x", "client_secret": server.secret}


@pytest.mark.parametrize(
    "expires_in, lasts_s",
    [(600, 540), (20, 10), ("601", 541), (None, 240), (-1, 240), ("soon", 240), (float("inf"), 240)],
)
def test_a_token_is_renewed_once_before_it_ends(expires_in: object, lasts_s: float) -> None:
    """One minute early, or at half its life; twenty threads at once cause one request."""
    server = Server()
    if expires_in != float("inf"):
        server.answer["expires_in"] = expires_in
    else:
        server.content = b'{"access_token": "abc", "token_type": "Bearer", "expires_in": 1e400}'
    tokens = server.tokens()

    def at(moment: float) -> set[str]:
        server.now = moment
        with ThreadPoolExecutor(20) as pool:
            return set(pool.map(lambda _: tokens.current(), range(20)))

    [first], [same], [renewed] = at(0.0), at(lasts_s - 0.1), at(lasts_s)
    assert first == same
    assert (first != renewed) is (server.content is None)
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    "status, content, words",
    [
        (401, b'{"error": "invalid_client"}', "HTTP 401, invalid_client. Compare client_id and client_secret"),
        (400, b'{"error": "invalid_scope"}', "invalid_scope. Correct scope"),
        (400, b'{"error": "unauthorized_client"}', "Allow this client the grant client_credentials"),
        (400, b'{"error": "their own"}', "HTTP 400 without an error code of RFC 6749 section 5.2. Write the URL"),
        (302, b"", "HTTP 302 without an error code"),
        (503, b"x", "HTTP 503 without an error code of RFC 6749 section 5.2. Is the authorization server well?"),
        (200, b"<html>log in</html>", "what is not a JSON object. Write the URL of the token endpoint"),
        (200, b"[1]", "what is not a JSON object"),
        (200, b'{"token_type": "bearer"}', "without an access_token that a header can carry"),
        (200, b'{"access_token": "a\\nb"}', "without an access_token that a header can carry"),
        (200, b'{"access_token": 7}', "without an access_token"),
        (200, b'{"access_token": "abc", "token_type": "DPoP"}', "another token_type than Bearer"),
    ],
)
def test_why_there_is_no_token(status: int, content: bytes, words: str) -> None:
    """The message names the key, the URL without its password, what was answered, and what to do."""
    server = Server()
    server.status, server.content = status, content
    tokens = server.tokens()

    for _ in range(3):
        with pytest.raises(TokenError) as caught:
            tokens.current()
    assert words in str(caught.value)
    assert str(caught.value).startswith(f"[provider] auth.token_url: {URL} ")
    assert server.secret not in repr(caught.value)
    assert len(server.requests) == 1  # a client that is refused again and again is locked
    server.status, server.content, server.now = 200, None, 60.0
    assert tokens.current()


def test_a_server_that_is_not_there_is_named() -> None:
    """The next step is to correct the URL, or to start it."""
    server = Server()
    server.raises = httpx.ConnectError("refused")
    with pytest.raises(TokenError, match=r"does not answer \(ConnectError\).*Correct the URL, or start"):
        server.tokens().current()


def test_a_token_is_asked_for_in_production_too() -> None:
    """The request changes nothing; any other POST is refused."""
    network = Network([URL], production=True)
    with pytest.raises(NetworkError, match="only reads"):
        network.check("POST", httpx.URL(URL))
    network.token_urls = frozenset({URL})
    network.check("POST", httpx.URL(URL))
    with pytest.raises(NetworkError, match="only reads"):
        network.check("POST", httpx.URL(URL + "/x"))


@pytest.mark.parametrize(
    "outcome, wrong", [(Outcome.FAIL, ""), (Outcome.PASS, "invalid_client"), (Outcome.ERROR, "invalid_scope")]
)
def test_a_replaced_secret_is_refused(outcome: Outcome, wrong: str) -> None:
    """Whether a rotated client secret still works is asked at the authorization server."""
    server = Server()
    tokens = server.tokens(client_auth=ClientAuth.POST)

    def answer(request: httpx.Request) -> httpx.Response:
        if b"client_secret=old" in request.content and wrong:
            return httpx.Response(400, json={"error": wrong})
        return server(request)

    tokens._http = lambda: Network([URL]).client(transport=httpx.MockTransport(answer))
    assert judge_replaced_secret(tokens, OLD, SecretRef("env:S")).outcome is outcome


@pytest.mark.parametrize(
    "keys, words", [({"scope": " a"}, "`scope` is ' a'"), ({"parameters": {"scope": "a"}}, "names scope")]
)
def test_keys_that_mean_nothing(keys: dict[str, Any], words: str) -> None:
    """Each is refused with its name."""
    with pytest.raises(ValueError, match=words):
        Server().tokens(**keys)
