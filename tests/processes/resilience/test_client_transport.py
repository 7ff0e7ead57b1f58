"""Where small real clients send their credential: at each operation, and to servers that they cannot verify."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from harness.http.client import Network
from harness.model import Finding, Outcome
from harness.model.config import Policy
from harness.resilience.credential_leak import CERTIFIED, OTHER_HEADER, REDIRECTED, URL, TransportCase
from harness.resilience.runner import ClientUnderTest
from harness.resilience.transport_runs import UNREAD, check_transport

SECRET = os.urandom(8).hex()
# {first} is what it does first, {again} what its second attempts have in their query, {follows}
# is whether it follows a redirect of its second call, {context} how it verifies, {tries} how often it tries.
CLIENT = """
import http.client, os, socket, ssl, sys, urllib.parse
url, key = urllib.parse.urlsplit(os.environ["URL"]), os.environ["KEY"]
{first}
def call(url, path):
    where = (url.hostname, url.port)
    if url.scheme == "https":
        context = {context}
        connection = http.client.HTTPSConnection(*where, timeout=5, context=context)
    else:
        connection = http.client.HTTPConnection(*where, timeout=5)
    connection.request("GET", path, headers={{"Authorization": "Bearer " + key}})
    return connection.getresponse()
for path in ("/first", "/second"):
    for attempt in range({tries}):
        try:
            answer = call(url, path + ("?" + {again} if attempt and {again} else ""))
            if answer.status < 500:
                break
        except OSError as exc:
            print(exc)
    else:
        sys.exit(1)
    if answer.status in (302, 307) and path == "/second" and {follows}:
        there = urllib.parse.urlsplit(answer.headers["Location"])
        answer = call(there, there.path)
    if answer.status != 200:
        sys.exit(1)
"""
CAREFUL: dict[str, object] = {
    "first": "",
    "again": '""',
    "follows": False,
    "context": "ssl.create_default_context()",
    "tries": 4,
}


@contextmanager
def client(server: HTTPServer, folder: Path, **changes: object) -> Iterator[ClientUnderTest]:
    for path in ("/first", "/second"):
        server.expect_request(path).respond_with_data("ok")
    with Network().client() as http:
        yield ClientUnderTest(
            command=[sys.executable, "-c", CLIENT.format(**{**CAREFUL, **changes})],
            env={"URL": "{fault_server}", "KEY": SECRET},
            cwd=folder,
            timeout_s=40,
            policy=Policy(),
            log=folder / "client.log",
            upstream=server.url_for(""),
            http=http,
        )


def checked(case: TransportCase, tried: ClientUnderTest) -> Finding:
    found = check_transport(case, tried, lambda data: ["env:KEY"] if SECRET.encode() in data else [])
    assert SECRET not in found.observed
    return found


@pytest.mark.parametrize("case", REDIRECTED, ids=lambda c: c.id)
@pytest.mark.parametrize("follows", [False, True], ids=["careful", "follows"])
def test_each_operation_is_redirected(
    case: TransportCase,
    follows: bool,  # noqa: FBT001
    httpserver: HTTPServer,
    tmp_path: Path,
) -> None:
    """A credential that follows a redirect of the second call alone is found, and the finding names that call."""
    with client(httpserver, tmp_path, follows=follows) as tried:
        found = checked(case, tried)

    assert found.outcome is (Outcome.FAIL if follows else Outcome.PASS), found.observed
    if follows:
        assert found.observed == "the request after the redirect of GET /second carries authorization"
    else:
        assert [part.partition(":")[0] for part in found.observed.split("; ")] == ["GET /first", "GET /second"]


def test_a_request_that_the_fault_server_did_not_log_is_no_pass(httpserver: HTTPServer, tmp_path: Path) -> None:
    """A credential may be in what was refused: the finding names it, and is an error."""
    cut = "s = socket.create_connection((url.hostname, url.port)); s.sendall(b'GET /'); s.shutdown(1); s.recv(9)"
    with client(httpserver, tmp_path, first=cut) as tried:
        found = checked(URL, tried)

    assert found.outcome is Outcome.ERROR
    assert (found.summary, found.observed) == (UNREAD, "requests whose heads are cut or not HTTP/1.1 (1)")


@pytest.mark.parametrize("again, wanted", [('""', Outcome.PASS), ('"token=" + key', Outcome.FAIL)], ids=["no", "yes"])
def test_a_credential_in_the_url_of_a_second_attempt_is_found(
    again: str, wanted: Outcome, httpserver: HTTPServer, tmp_path: Path
) -> None:
    """The undisturbed run does not show it: the client is run until it repeats a call."""
    with client(httpserver, tmp_path, again=again) as tried:
        found = checked(URL, tried)

    assert found.outcome is wanted
    seen = {Outcome.PASS: "14 calls in 4 runs", Outcome.FAIL: "GET /first carries the value of env:KEY in its URL"}
    assert found.observed == seen[wanted]


def outcomes(tried: ClientUnderTest) -> tuple[list[Outcome], list[str]]:
    found = [checked(case, tried) for case in CERTIFIED]
    return [f.outcome for f in found], [f.observed for f in found]


@pytest.mark.parametrize("tries", [1, 4], ids=["tries once", "tries again"])
def test_a_client_that_verifies_passes(tries: int, httpserver: HTTPServer, tmp_path: Path) -> None:
    """Each certificate is refused for its own reason, and a right one is taken, in one run or in several."""
    with client(httpserver, tmp_path, tries=tries) as tried:
        found, observed = outcomes(tried)

    assert found == [Outcome.PASS] * 3
    reasons = ("unknown ca", "certificate expired", "")
    for text, reason in zip(observed, reasons, strict=True):
        assert text.startswith("1 handshake ended with TLS: ")
        assert reason in text
        assert text.endswith("With a right certificate it sends its request")


LATE = """
shake_hands = http.client.HTTPSConnection.connect
def connect(self):
    shake_hands(self)
    if ("IP Address", self.host) not in self.sock.getpeercert()["subjectAltName"]:
        self.close()
        raise OSError("the certificate is for another name")
http.client.HTTPSConnection.connect = connect
"""


def test_a_client_that_looks_at_the_name_after_the_handshake_passes(httpserver: HTTPServer, tmp_path: Path) -> None:
    """As curl does: it hangs up without a request."""
    context = CONTEXTS["verifies no name"][0]
    with client(httpserver, tmp_path, first=LATE, context=context) as tried:
        found, observed = outcomes(tried)

    assert found == [Outcome.PASS] * 3, observed
    assert observed[-1].startswith("1 handshake ended with no request after it. the client exited with status")
    assert observed[-1].endswith("With a right certificate it sends its request")


CONTEXTS = {
    "verifies nothing": ("ssl._create_unverified_context()", [Outcome.FAIL] * 3),
    "verifies no name": (
        "ssl.create_default_context(); context.check_hostname = False",
        [Outcome.PASS, Outcome.PASS, Outcome.FAIL],
    ),
}


@pytest.mark.parametrize("context, wanted", CONTEXTS.values(), ids=CONTEXTS.keys())
def test_a_client_that_takes_a_wrong_certificate_fails(
    context: str, wanted: list[Outcome], httpserver: HTTPServer, tmp_path: Path
) -> None:
    """What it sends after the handshake is the evidence."""
    with client(httpserver, tmp_path, context=context) as tried:
        found, observed = outcomes(tried)

    assert found == wanted, observed
    assert observed[-1].startswith("a request after the handshake carries authorization. the client exited with status")


def test_a_client_that_trusts_no_other_authority_proves_less(httpserver: HTTPServer, tmp_path: Path) -> None:
    """It passes, for it sends nothing; the detail states what that is worth, and how an authority is named."""
    with client(httpserver, tmp_path, context="ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)") as tried:
        found, observed = outcomes(tried)

    assert found == [Outcome.PASS] * 3
    assert (
        "this shows only that nothing was sent: it does not read which authority to trust from SSL_CERT" in observed[1]
    )


def test_a_client_without_tls_is_not_judged(httpserver: HTTPServer, tmp_path: Path) -> None:
    """A client that opens no connection to an https URL shows nothing of certificates."""
    with client(httpserver, tmp_path, context='sys.exit("https is not supported")') as tried:
        found = checked(CERTIFIED[0], tried)

    assert found.outcome is Outcome.NOT_APPLICABLE
    assert "the client opens no TLS connection to an https URL in place of {fault_server}" in found.summary


def test_what_is_not_http_after_the_handshake_shows_that_the_certificate_was_taken(
    httpserver: HTTPServer, tmp_path: Path
) -> None:
    """A client that sends what the server cannot read has verified nothing either."""
    other = (
        "ssl._create_unverified_context(); s = context.wrap_socket(socket.create_connection(where)); "
        "s.sendall(b'PRI * HTTP/2.0\\r\\n\\r\\n'); s.recv(9); sys.exit(1)"
    )
    with client(httpserver, tmp_path, context=other, tries=1) as tried:
        found = checked(CERTIFIED[0], tried)

    assert found.outcome is Outcome.FAIL, found.summary
    assert found.observed.startswith("after the handshake it sent what is no request of HTTP/1.1. the client exited")


def test_a_credential_in_another_header_is_found_in_the_same_runs(httpserver: HTTPServer, tmp_path: Path) -> None:
    """The URL and the other headers are searched in one set of runs."""
    tell = """http.client.HTTPConnection.putheader = (lambda put: lambda self, name, *values: put(
    self, name, *values) if name != "Accept-Encoding" else put(self, "User-Agent", "c/1 " + key))(
    http.client.HTTPConnection.putheader)"""
    with client(httpserver, tmp_path, first=tell) as tried:
        found = [checked(case, tried) for case in (URL, OTHER_HEADER)]

    assert [each.outcome for each in found] == [Outcome.PASS, Outcome.FAIL]
    assert found[1].observed == "GET /first carries the value of env:KEY in its header user-agent"
