"""Where a receiver's URL leads is read in one way, whichever way it is sent to."""

from __future__ import annotations

import secrets

import pytest

from harness.errors import ConfigurationError
from harness.http.address import Address
from harness.http.client import Network
from harness.http.load import LoadSender
from harness.http.message import Request
from harness.http.wire import Wire

READ = {
    "http://a/x": Address("a", 80, tls=False, netloc="a"),
    "https://A.example/x?y=1": Address("a.example", 443, tls=True, netloc="A.example"),
    "http://[::1]:8080/": Address("::1", 8080, tls=False, netloc="[::1]:8080"),
    "http://user:pass@a:81/": Address("a", 81, tls=False, netloc="a:81", authorization="Basic dXNlcjpwYXNz"),
}
NO_URL = {
    "": "is not a receiver's URL. Write http://HOST:PORT/PATH, or https.",
    "a:80/x": "is not a receiver's URL. Write http://HOST:PORT/PATH, or https.",
    "ftp://a/": "is not a receiver's URL. Write http://HOST:PORT/PATH, or https.",
    "http://": "is not a receiver's URL. Write http://HOST:PORT/PATH, or https.",
    "http://a:99999/": "is not a URL: Port out of range 0-65535. Write http://HOST:PORT/PATH.",
    "http://[::1/": "is not a URL: Invalid IPv6 URL. Write http://HOST:PORT/PATH.",
}


@pytest.mark.parametrize("url", READ)
def test_a_url_is_read(url: str) -> None:
    """Host, port and TLS are those of the URL; a user in it is nothing for the Host header."""
    address = Address.of(url)
    head = Wire(url, check=Network([url]).check, timeout_s=1).head(Request(method="POST", url=url))

    assert address == READ[url]
    assert f"\r\nhost: {address.netloc}\r\n".encode() in head
    assert b"pass" not in head


@pytest.mark.parametrize("url, why", NO_URL.items())
def test_what_is_no_url_is_refused_in_one_way(url: str, why: str) -> None:
    """The message shows the URL and how one is written, for single deliveries and for streams."""
    with pytest.raises(ConfigurationError) as single:
        Wire(url, check=lambda *_: None, timeout_s=1)
    with pytest.raises(ConfigurationError) as streamed:
        LoadSender(Network(), url, concurrency=1)

    assert str(single.value) == str(streamed.value) == f"{url!r} {why}"


@pytest.mark.parametrize(
    "url",
    [
        "ftp://user:{}@a/",
        "http://user:{}@a:99999/",
        "http://user:{}#x@a/",
        "//{}@",
        "user:{}@a",
        "http://user:{}//x@a:b/",
    ],
)
def test_a_password_in_a_url_is_not_shown(url: str) -> None:
    """What stands before the host is left out of the message, however the password upsets the URL."""
    password = secrets.token_urlsafe(12)

    with pytest.raises(ConfigurationError) as refused:
        Address.of(url.format(password))

    assert password not in str(refused.value)
    assert "Write http://HOST:PORT/PATH" in str(refused.value)
