"""A signature over the URL is judged by the URL that the sender saw, whatever stands between."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner

from harness.cli.main import main
from harness.http.address import Address, public_url
from harness.http.curl import curl
from harness.http.load import Outgoing, Writer
from harness.http.message import Headers, Request
from harness.http.wire import Wire
from harness.webhooks.events import EventFormat
from harness.webhooks.schemes import scheme_named
from harness.webhooks.sender_urls import sender_urls
from harness.webhooks.signature_check import signature_complaint

NOW = 1_700_000_000
SECRET = "of-the-account"
BASIC = f"Basic {base64.b64encode(b'me:p@ss').decode()}"


class Seen(NamedTuple):
    """What the sender signed, and what arrived."""

    signed: str
    target: str
    headers: Headers
    given: str = ""


SEEN = [
    Seen("http://127.0.0.1:8080/h", "/h", (("host", "127.0.0.1:8080"),)),
    Seen("https://a.ngrok.app/h?b=2&a=1", "/h?b=2&a=1", (("host", "a.ngrok.app"), ("x-forwarded-proto", "https"))),
    Seen("https://a.example/h", "/h", (("host", "127.0.0.1:1"), ("x-forwarded-host", "a.example, proxy.local"))),
    Seen("https://a.example:8443/h", "/h", (("host", "a.example"), ("x-forwarded-port", "8443"))),
    Seen("https://a.example/h", "/h", (("host", "a.example:443"),)),
    Seen("https://a.example:443/h", "/h", (("host", "a.example"), ("x-forwarded-proto", "https"))),
    Seen("https://a.example/v1/h", "/h", (("host", "a.example"), ("x-forwarded-prefix", "/v1/"))),
    Seen("https://a.example/api/h?x=1", "/h", (("host", "a.example"), ("x-original-uri", "/api/h?x=1"))),
    Seen("https://a.example/h", "/h", (("host", "in"), ("forwarded", 'for=1.2.3.4;host="a.example";proto=https'))),
    Seen("https://b.example:81/h", "/h", (("host", "in"), ("forwarded", 'Host="b.example:81", for="[::1]";host=in'))),
    Seen("https://a.example/h/", "/h", (("host", "a.example"),)),
    Seen("https://a.example/h%2Fi?q=%20+%C3%A9", "/h%2Fi?q=%20+%C3%A9", (("host", "a.example"),)),
    Seen("https://a.example/h?q=a:b@c", "/h?q=a%3Ab%40c", (("host", "a.example"),)),
    Seen("https://me:p@ss@a.example/h", "/h", (("host", "a.example"), ("authorization", BASIC))),
    Seen("https://me:p%40ss@a.example/h", "/h", (("host", "a.example"), ("authorization", BASIC))),
    Seen("https://a.example/h", "/h", (("host", "a.example"), ("authorization", BASIC))),
    Seen("https://t.example/deep/h?k=1", "/h", (("host", "127.0.0.1"),), "https://t.example/deep/h?k=1"),
    Seen("https://u:p@t.example/h?x=1", "/h?x=1", (("host", "127.0.0.1"),), "https://u:p@t.example/h"),
    Seen("https://t.example/other", "/other", (("host", "127.0.0.1"),), "https://t.example/h"),
]


@pytest.mark.parametrize("seen", SEEN, ids=range(len(SEEN)))
@pytest.mark.parametrize("name", ["twilio", "square", "hubspot", "twilio-sha256"])
def test_genuine_is_judged_genuine(name: str, seen: Seen) -> None:
    """Every scheme that signs the URL: through tunnels and proxies, with ports, prefixes and credentials."""
    assert _complaint(name, seen, signed=seen.signed, body=b"A=1&B=%C3%A9") is None


@pytest.mark.parametrize("signed", ["https://other.example/h", "https://a.example/hh", "https://you@a.example/h"])
@pytest.mark.parametrize("name", ["twilio", "square", "hubspot"])
def test_the_signature_of_another_url_is_not_genuine(name: str, signed: str) -> None:
    """No set of candidates is so wide that another host, path or user passes."""
    seen = SEEN[13]

    assert _complaint(name, seen, signed=signed, body=b"A=1") is not None


@pytest.mark.parametrize("body", [b'{"a":1}', b"[1, 2]\n"])
def test_a_digest_in_the_url_is_signed_once(body: bytes) -> None:
    """Twilio puts the digest of JSON into the URL, which therefore arrives with it; another body is not genuine."""
    scheme = scheme_named("twilio")
    signed = scheme.address("https://a.example/h?x=1", body)
    seen = Seen(signed, signed.removeprefix("https://a.example"), (("host", "a.example"),))

    assert _complaint("twilio", seen, signed=signed, body=body) is None
    assert _complaint("twilio", seen, signed=signed, body=body, arrived=b'{"a":2}') is not None


def _complaint(name: str, seen: Seen, *, signed: str, body: bytes, arrived: bytes | None = None) -> object:
    scheme = scheme_named(name)
    headers = (*seen.headers, *scheme.sign(body, secret=SECRET, timestamp=NOW, url=signed))
    request = Request(method="POST", url=seen.target, headers=headers, body=body if arrived is None else arrived)
    event = EventFormat(scheme=scheme).received(headers, request.body)
    urls = sender_urls(request, given=seen.given)
    return signature_complaint(scheme, event, secret=SECRET, urls=urls, now=NOW)


@pytest.mark.parametrize(
    "url, authorization",
    [
        ("http://me:p%40ss@127.0.0.1:9/h", BASIC),
        ("https://only-user@h.example/", f"Basic {base64.b64encode(b'only-user:').decode()}"),
        ("http://:%C3%BC@h.example/a@b", f"Basic {base64.b64encode(':ü'.encode()).decode()}"),
    ],
)
def test_credentials_of_a_url_are_sent_and_never_shown(url: str, authorization: str) -> None:
    """They go out as Basic authentication, in every way of sending, unless the request has other ones."""
    address = Address.of(url)
    request = Request(method="POST", url=url, body=b"{}")
    own = Request(method="POST", url=url, headers=(("Authorization", "Bearer x"),))

    head = Writer(address).write(Outgoing("e", "1", request)).decode().partition("\r\n\r\n")[0]
    wired = Wire(url, check=lambda *_: None, timeout_s=1).head(request).decode()

    assert f"authorization: {authorization}" in head.splitlines()
    assert f"authorization: {authorization}" in wired.splitlines()
    assert address.authorized(own.headers) == own.headers
    assert "@" not in public_url(url).partition("//")[2].partition("/")[0]
    assert url.partition("//")[2].partition("@")[0] not in curl(url, (), b"")


@pytest.mark.parametrize("to", ["env:RECEIVER_URL", "http://me:p%40ss-word@127.0.0.1:9/h"])
def test_a_dry_run_shows_no_credentials_of_the_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, to: str) -> None:
    """A URL may stand in the environment; its user and password appear in no form, and its deliveries are signed."""
    monkeypatch.setenv("RECEIVER_URL", "http://me:p%40ss-word@127.0.0.1:9/h")
    monkeypatch.setenv("S", SECRET)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "e.json").write_text('{"id": "e1", "type": "t"}')

    result = CliRunner().invoke(
        main, ["deliver", "e.json", "--to", to, "--scheme", "square", "--secret", "env:S", "--dry-run"]
    )

    assert result.exit_code == 0, result.output
    assert "authorization: Basic [REDACTED" in result.output
    assert "http://127.0.0.1:9/h" in result.output
    assert not any(text in result.output for text in ("p%40ss", "p@ss", base64.b64encode(b"me:p@ss-word").decode()))


@pytest.mark.parametrize(
    "to, scheme, message",
    [
        ("env:RECEIVER_URL", "hmac", "--to: env:RECEIVER_URL is not a URL. Set it to http://HOST:PORT/PATH, or https."),
        ("fresh:X", "hmac", "--to is fresh:X, which is no URL. Write a URL, or env:NAME."),
        ("http://u:pw-of-u@127.0.0.1/", "cloudevents", "Remove the credentials from the URL."),
    ],
)
def test_a_url_that_cannot_be_used_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, to: str, scheme: str, message: str
) -> None:
    """The message names what to do and shows nothing of the value."""
    monkeypatch.setenv("RECEIVER_URL", "pw-of-u")
    monkeypatch.setenv("S", SECRET)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "e.json").write_text('{"id": "e1", "type": "t"}')

    result = CliRunner().invoke(main, ["deliver", "e.json", "--to", to, "--scheme", scheme, "--secret", "env:S"])

    assert message in result.output
    assert "pw-of-u" not in result.output
    assert result.exit_code == 4


TWILIO_FORM = b"CallSid=CA1234567890ABCDE&Digits=1234&From=%2B14158675309&To=%2B18005551212&Caller=%2B14158675309"
TWILIO_JSON = b'{"property": "value", "boolean": true}'
TWILIO_DIGEST = "&bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"


@pytest.mark.parametrize(
    "target, body, signature",
    [
        ("/myapp.php?foo=1&bar=2", TWILIO_FORM, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        (f"/myapp.php?foo=1&bar=2{TWILIO_DIGEST}", TWILIO_JSON, "a9nBmqA0ju/hNViExpshrM61xv4="),
    ],
)
def test_the_vectors_of_twilio_are_genuine_behind_a_tunnel(target: str, body: bytes, signature: str) -> None:
    """From the tests of twilio-python, test_request_validator.py: https://mycompany.com, token 12345."""
    headers = (("host", "127.0.0.1:80"), ("x-forwarded-host", "mycompany.com"), ("x-forwarded-proto", "https"))
    request = Request(method="POST", url=target, headers=(*headers, ("x-twilio-signature", signature)), body=body)
    scheme = scheme_named("twilio")
    event = EventFormat(scheme=scheme).received(request.headers, body)

    assert signature_complaint(scheme, event, secret="12345", urls=sender_urls(request), now=NOW) is None
