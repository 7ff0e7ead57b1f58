"""The server in front of an authorization server, on real sockets."""

from __future__ import annotations

import secrets

import httpx
from pytest_httpserver import HTTPServer

from harness.http.client import Network
from harness.resilience.token_server import TokenGate, TokenServer


def test_a_request_for_a_token_is_passed_on_with_nothing_added(httpserver: HTTPServer) -> None:
    """The client learns the token, the harness too, and no cookie of the first answer comes with the second request."""
    token, learned = secrets.token_hex(), list[str]()
    httpserver.expect_request("/token").respond_with_json({"access_token": token}, headers={"Set-Cookie": "session=1"})
    with Network().client() as http:
        gate = TokenGate(url=httpserver.url_for("/token"), http=http, learn=learned.append)
        with TokenServer(gate, then=None, hold_s=0) as server:
            answers = [http.send(httpx.Request("POST", server.url, content=b"a=b")) for _ in range(2)]

    assert [answer.json()["access_token"] for answer in answers] == learned == [token] * 2
    sent = [{name.lower() for name, _ in request.headers} for request, _ in httpserver.log]
    assert sent == [{"host", "content-length", "accept-encoding"}] * 2
    assert [request.get_data() for request, _ in httpserver.log] == [b"a=b"] * 2
