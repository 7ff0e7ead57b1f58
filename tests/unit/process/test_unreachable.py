"""Why nothing answers at a URL: what this machine shows is named with what to do, and nothing else is."""

from __future__ import annotations

import socket
import sys

import pytest

from harness.process.unreachable import proxy_of_loopback, why_unreachable
from tests.ports import free_port

VARIABLES = ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy")


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Be on a machine without a proxy."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere 127.0.0.2 is no address of the machine")
def test_a_program_on_another_address_of_the_same_port_is_named() -> None:
    """As for a server that listens on ::1, or on the bridge of a container, alone."""
    with socket.create_server(("127.0.0.2", 0)) as elsewhere:
        port = elsewhere.getsockname()[1]

        reason = why_unreachable(f"http://127.0.0.1:{port}/hook")

    assert reason == (
        f"A program listens on port {port} of 127.0.0.2: write that address, or let it listen on 127.0.0.1."
    )


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_port_on_which_nothing_listens_has_no_reason(host: str) -> None:
    """The caller then advises to start the program."""
    assert why_unreachable(f"http://{host}:{free_port()}/") == ""


def test_an_unknown_name_is_taken_for_one_of_docker_compose(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is known only inside the network of the containers."""

    def unknown(*_: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)

    reason = why_unreachable("http://receiver:3000/hook")

    assert reason.startswith("This machine does not know the name receiver. The name of a Docker Compose service")
    assert reason.endswith("publish the port of the service, and write 127.0.0.1.")


def test_a_proxy_that_the_harness_does_not_use_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """For a host elsewhere, which may be reachable through it alone."""
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: [(0, 0, 0, "", ("192.0.2.1", 0))])
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")

    reason = why_unreachable("https://api.example.com/v1")

    assert reason == "https_proxy is set, but the harness uses no proxy: allow direct connections to api.example.com."


@pytest.mark.parametrize(
    "variables, named",
    [
        ({}, ""),
        ({"HTTP_PROXY": "http://127.0.0.1:9"}, "HTTP_PROXY"),
        ({"all_proxy": "socks5://127.0.0.1:9", "NO_PROXY": "localhost"}, "all_proxy"),
        ({"http_proxy": "http://127.0.0.1:9", "no_proxy": "example.com, 127.0.0.1"}, ""),
        ({"http_proxy": "http://127.0.0.1:9", "NO_PROXY": "*"}, ""),
        ({"HTTPS_PROXY": "http://127.0.0.1:9"}, ""),
    ],
)
def test_a_proxy_for_calls_of_this_machine_is_found(
    variables: dict[str, str], named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unless 127.0.0.1 is exempt; one for HTTPS alone does not matter there."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert proxy_of_loopback() == named
