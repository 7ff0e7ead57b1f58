"""The proxy before the provider, in a process of its own: what it passes on, to whom, and what it reports."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from harness.cassettes.record.provider_proxy import ProviderProxy
from harness.errors import ProcessError
from tests.certificates import self_signed
from tests.ports import free_port


def get(url: str, **headers: str) -> httpx.Response:
    return httpx.get(url, headers=headers, trust_env=False, timeout=30)


def raw(url: str, target: str) -> bytes:
    with socket.create_connection(("127.0.0.1", httpx.URL(url).port or 0)) as connection:
        connection.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        return connection.makefile("rb").read()


def test_the_address_stands_for_the_base_url(httpserver: HTTPServer) -> None:
    """It has the path of the base URL, and whatever is called passes unchanged, below that path and beside it."""
    seen: list[Request] = []

    def answer(request: Request) -> Response:
        seen.append(request)
        return Response(b"\x00\xff", 201, {"X-Kept": "yes", "Set-Cookie": "a=b"})

    httpserver.expect_request("/v1/notes").respond_with_handler(answer)
    httpserver.expect_request("/token").respond_with_handler(answer)

    with ProviderProxy(httpserver.url_for("/v1/"), production=False) as proxy:
        origin = proxy.url.removesuffix("/v1")
        first = httpx.post(f"{proxy.url}/notes?a=%20", content=b"\x01\xfe", headers={"X-Mine": "1"}, trust_env=False)
        get(f"{origin}/token")
        passed = proxy.taken(0)

    assert (first.status_code, first.content, first.headers["x-kept"]) == (201, b"\x00\xff", "yes")
    assert seen[0].get_data() == b"\x01\xfe"
    assert seen[0].headers["X-Mine"] == "1"
    assert seen[0].headers["Host"] == httpx.URL(httpserver.url_for("/")).netloc.decode()
    assert "Cookie" not in seen[1].headers
    assert [e.request.url for e in passed] == [httpserver.url_for("/v1/notes?a=%20"), httpserver.url_for("/token")]
    assert passed[0].request.body == b"\x01\xfe"
    assert passed[0].response is not None
    assert passed[0].response.body == b"\x00\xff"


def test_it_is_no_general_proxy(httpserver: HTTPServer) -> None:
    """Whatever a request names, it goes to the provider's origin or nowhere."""
    httpserver.expect_request("/x").respond_with_data("the provider")

    with ProviderProxy(httpserver.url_for("/"), production=False) as proxy, HTTPServer() as other:
        other.expect_request("/x").respond_with_data("another")
        with httpx.Client(proxy=proxy.url, trust_env=False) as client:
            assert client.get(other.url_for("/x")).text == "the provider"
        for target in ("@127.0.0.1/x", "*", "..//x"):
            assert raw(proxy.url, target).startswith(b"HTTP/1.1 4")
        assert other.log == []


def test_only_what_began_since_is_reported_and_once(httpserver: HTTPServer) -> None:
    """An exchange that an earlier test began is not reported to the next one, and none is reported twice."""
    httpserver.expect_request("/x").respond_with_data("")

    with ProviderProxy(httpserver.url_for("/"), production=False) as proxy:
        get(f"{proxy.url}/x")
        assert proxy.taken(time.monotonic() + 1) == []
        begun = time.monotonic()
        get(f"{proxy.url}/x")
        assert len(proxy.taken(begun)) == 1
        assert proxy.taken(begun) == []


def test_a_provider_that_is_switched_off_leaves_no_exchange() -> None:
    """The client gets 502 with the reason, and nothing passed."""
    with ProviderProxy(f"http://127.0.0.1:{free_port()}", production=False) as proxy:
        answer = get(f"{proxy.url}/x")

        assert answer.status_code == 502
        assert "sent no response" in answer.json()["detail"]
        assert proxy.taken(0) == []


def test_production_is_only_read(httpserver: HTTPServer) -> None:
    """In production, a writing request is refused before it is sent."""
    with ProviderProxy(httpserver.url_for("/"), production=True) as proxy:
        answer = httpx.post(f"{proxy.url}/x", trust_env=False)

    assert answer.status_code == 403
    assert httpserver.log == []


def test_a_proxy_that_ended_is_an_error(httpserver: HTTPServer) -> None:
    """Where its process was killed, nobody can tell what passed."""
    with ProviderProxy(httpserver.url_for("/"), production=False) as proxy:
        os.kill(proxy._process.pid, signal.SIGKILL)
        proxy._process.wait()

        with pytest.raises(ProcessError, match="The proxy before the provider ended by itself: exit status -9"):
            proxy.taken(0)


def test_its_process_ends_with_the_block(httpserver: HTTPServer) -> None:
    """Nothing is left behind."""
    with ProviderProxy(httpserver.url_for("/"), production=False) as proxy:
        process = proxy._process

    assert process.returncode == 0


PARENT = """
import sys, time
from harness.cassettes.record.provider_proxy import ProviderProxy
with ProviderProxy("http://127.0.0.1:1", production=False) as proxy:
    print(proxy.url, flush=True)
    time.sleep(600)
"""


def test_it_ends_with_the_process_that_started_it() -> None:
    """Where pytest is killed, nothing goes on forwarding."""
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        port = httpx.URL(parent.stdout.readline().strip()).port or 0
        parent.kill()

    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            break
        time.sleep(0.01)


@pytest.mark.parametrize("trusted", [True, False])
def test_a_provider_behind_tls_is_verified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, trusted: bool) -> None:
    """The client calls it without TLS, and the proxy trusts what every client of the harness trusts."""
    certificate, key = self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with HTTPServer(host="localhost", ssl_context=context) as provider:
        provider.expect_request("/x").respond_with_data("over TLS")
        with ProviderProxy(provider.url_for("/"), production=False) as proxy:
            answer = get(f"{proxy.url}/x")
            passed = proxy.taken(0)

    assert (answer.status_code, len(passed)) == ((200, 1) if trusted else (502, 0))
