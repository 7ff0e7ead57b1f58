"""Where a client's credential travels: what is given away is told, an error is never a pass."""

from __future__ import annotations

import os
import socket

import httpx
import pytest

from harness.model import Attempt, Finding, Level, Outcome
from harness.resilience.client_process import ClientRun
from harness.resilience.credential_leak import CASES, MAX_REQUESTS, Elsewhere, TransportCase
from harness.resilience.transport_runs import UNREAD, judge, searched

RUN = ClientRun(exit_status=1, seconds=0.1, tail="boom")
SECRET = os.urandom(8).hex()
URL, OTHER, REDIRECT, *_ = CASES


def attempt(path: str, fault: str = "302") -> Attempt:
    return Attempt(at=0, method="GET", path=path, key="", body_digest="", fault=fault, status=200)


def outcome(
    case: TransportCase, path: str = "/runs", elsewhere: tuple[str, bytes] | None = None
) -> tuple[Outcome, str]:
    arrived = [elsewhere] if elsewhere else []
    found = judge(case, [attempt(path)], arrived, RUN, lambda data: ["env:KEY"] if SECRET.encode() in data else [])
    assert SECRET not in found.observed
    return found.outcome, found.observed


def test_a_secret_in_a_url_is_named_but_not_shown() -> None:
    """The finding names reference and path, never the value."""
    said = outcome(URL, f"/runs?api_key={SECRET}")

    assert said == (Outcome.FAIL, "GET /runs carries the value of env:KEY in its URL")


def test_a_key_where_the_provider_takes_it_is_a_risk() -> None:
    """It is one finding, a recommendation; anywhere else in a URL it is a failure still."""

    def found(case: TransportCase, path: str) -> Finding:
        search = lambda data: ["env:KEY"] if SECRET.encode() in data else []  # noqa: E731
        return judge(case, [attempt(path)], [], RUN, search, key_names=["key"])

    risk = found(URL, f"/runs?a=1&key={SECRET}")
    assert (risk.outcome, risk.level) == (Outcome.FAIL, Level.SHOULD)
    assert risk.observed.startswith(
        "1 of 1 calls carry the credential in the parameter key, where the provider takes it. "
    )
    assert "replace the key often" in risk.observed
    assert found(REDIRECT, f"/runs?key={SECRET}").outcome is Outcome.PASS
    assert found(URL, f"/runs?key={SECRET}&other={SECRET}").level is not Level.SHOULD
    assert found(URL, "/runs").outcome is Outcome.PASS


def test_a_credential_that_follows_a_redirect_is_told() -> None:
    """A header that authenticates, or a known secret anywhere in the request, counts."""
    assert outcome(REDIRECT, elsewhere=("authorization", b""))[0] is Outcome.FAIL
    assert outcome(REDIRECT, elsewhere=("", SECRET.encode()))[1].endswith("carries env:KEY")


def test_a_careful_client_passes() -> None:
    """Not following passes, and so does following without the credential."""
    assert outcome(REDIRECT) == (Outcome.PASS, "1 calls, 0 at the other origin, without the credential")
    assert outcome(REDIRECT, elsewhere=("", b"GET /"))[0] is Outcome.PASS


def test_a_redirect_that_no_call_met_proves_nothing() -> None:
    """Where the workflow no more makes the call, the message names it and states what to do."""
    found = judge(REDIRECT, [attempt("/runs", fault="")], [], RUN, lambda _: [], place="GET /runs/{id}")

    assert found.outcome is Outcome.ERROR
    assert found.observed.startswith("the workflow made no call of GET /runs/{id} in 3 runs: let it make the same")


def test_a_request_that_could_not_be_searched_does_not_pass() -> None:
    """A credential may be there; the finding has the reasons, each once. One that is found is still a failure."""
    passed = judge(URL, [attempt("/runs")], [], RUN, lambda _: [], reproduce="again")
    failed = judge(URL, [attempt("/runs")], [], RUN, lambda _: ["env:KEY"])

    unproven = searched(URL, passed, ["the first", "the rest", "the first"])

    assert (unproven.outcome, unproven.observed) == (Outcome.ERROR, "the first; the rest")
    assert (unproven.summary, unproven.reproduce) == (UNREAD, "again")
    assert searched(URL, failed, ["the rest"]) is failed
    assert searched(URL, passed, []) is passed


def test_a_client_that_never_called_is_not_known() -> None:
    """Without a call there is an error that shows what the client printed."""
    found = judge(URL, [], [], RUN, lambda _: [])

    assert found.outcome is Outcome.ERROR
    assert "never called the fault server" in found.observed
    assert "boom" in found.observed


def test_the_other_origin_keeps_what_arrives() -> None:
    """A followed redirect arrives with its headers and body, and is answered 404."""
    with Elsewhere() as elsewhere, httpx.Client() as client:
        answer = client.post(elsewhere.url, content=b"body", headers={"Authorization": "x", "X-Api-Key": "y"})

    assert answer.status_code == 404
    telling, sent = elsewhere.arrived[0]
    assert telling == "authorization"
    assert b"X-Api-Key: y" in sent or b"x-api-key: y" in sent
    assert sent.endswith(b"body")


@pytest.mark.parametrize(
    "sent, named",
    [
        ([b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999\r\n\r\n"], ["bodies over 1 MiB (1)"]),
        ([b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nab"], ["bodies that are cut or not HTTP/1.1 (1)"]),
        ([b"GET / HTTP/1.1\r\nHo"], ["requests whose heads are cut or not HTTP/1.1 (1)"]),
        ([b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"] * (MAX_REQUESTS + 2), ["requests beyond the first 100 (2)"]),
        ([b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"], []),
    ],
    ids=["large", "cut-body", "cut-head", "many", "searched"],
)
def test_the_other_origin_names_what_it_did_not_record(sent: list[bytes], named: list[str]) -> None:
    """A body that is refused, a head that cannot be read, and each request too many are counted."""
    with Elsewhere() as elsewhere, socket.create_connection(("127.0.0.1", elsewhere.port)) as client:
        client.sendall(b"".join(sent))
        client.shutdown(socket.SHUT_WR)
        while client.recv(65536):
            pass

    assert elsewhere.unread == named
