"""A credential in a header that is for something else is found; where it belongs, it is none."""

from __future__ import annotations

import os
import socket

import httpx
import pytest

from harness.http.message import Request
from harness.http.parser import BadMessageError
from harness.model import Finding, Level, Outcome
from harness.resilience import sent_heads
from harness.resilience.credential_leak import OTHER_HEADER, URL
from harness.resilience.fault_server import FaultServer
from harness.resilience.misplaced_credentials import judge_headers
from harness.resilience.sent_heads import DeclaredPlaces, SentHeads
from harness.resilience.transport_runs import judge
from tests.unit.resilience.test_credential_leak import RUN

SECRET = os.urandom(8).hex()
DECLARED = DeclaredPlaces(fields=frozenset({"x-api-key", "session"}))


def search(data: bytes) -> list[str]:
    return ["env:KEY"] if SECRET.encode() in data else []


def found(*headers: tuple[str, str], path: str = "/runs?a=1") -> Finding:
    heads = SentHeads(bound="none", max_body=0)
    heads.note(Request(method="GET", url=path, headers=headers, body=b""))
    finding = judge_headers(OTHER_HEADER, [heads], 1, DECLARED, search)
    assert SECRET not in finding.observed
    assert SECRET not in repr(heads)
    return finding


PLACES = {
    "User-Agent": (("User-Agent", f"acme/1 ({SECRET})"), Level.MUST),
    "Referer": (("referer", f"https://a.example/?key={SECRET}"), Level.MUST),
    "baggage": (("Baggage", f"key={SECRET}"), Level.MUST),
    "a header of its own": (("X-Token", SECRET), Level.SHOULD),
    "a cookie": (("Cookie", f"session=1; token={SECRET}"), Level.SHOULD),
}


@pytest.mark.parametrize("header, level", PLACES.values(), ids=PLACES.keys())
def test_a_credential_in_another_header_is_found(header: tuple[str, str], level: Level) -> None:
    """What servers log of each request is a failure, any other header a recommendation; the value is not shown."""
    finding = found(("Accept", "*/*"), header)

    assert (finding.outcome, finding.level) == (Outcome.FAIL, level)
    assert finding.observed == f"GET /runs carries the value of env:KEY in its header {header[0].lower()}"


def test_the_worst_header_is_reported_first() -> None:
    """A failure is not hidden by a recommendation."""
    assert found(("X-Token", SECRET), ("User-Agent", SECRET)).level is Level.MUST


OWN = {
    "Authorization": ("Authorization", f"Bearer {SECRET}"),
    "of a proxy": ("Proxy-Authorization", f"Basic {SECRET}"),
    "declared": ("X-Api-Key", SECRET),
    "a declared cookie": ("Cookie", f"a=1; Session={SECRET}; b=2"),
    "a signature": ("X-Signature", "f" * 64),
}


@pytest.mark.parametrize("header", OWN.values(), ids=OWN.keys())
def test_a_credential_where_it_belongs_passes(header: tuple[str, str]) -> None:
    """Whatever is in a header for credentials, or where harness.toml or the document names the place."""
    finding = found(("Accept", "*/*"), header)

    assert finding.outcome is Outcome.PASS
    assert finding.observed.endswith("other headers of 1 calls")


def test_heads_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is the same costs nothing; what is beyond the bound is named, so that silence is no pass."""
    monkeypatch.setattr(sent_heads, "MAX_HEADS", 1000)
    heads = SentHeads(bound="1 KB", max_body=0)
    for _ in range(100):
        heads.note(Request(method="GET", url="/", headers=(("A", "x" * 50),), body=b""))
    assert heads.unread == []

    for number in range(100):
        heads.note(Request(method="GET", url="/", headers=(("A", f"{number}" * 50),), body=b""))

    assert heads.unread[0].startswith("requests beyond 1 KB (")
    assert len(heads.fields) < 30


def test_a_refused_body_hides_no_url() -> None:
    """Its head was read, so that its URL and headers are searched as all others are, and nothing is unread."""
    head = f"POST /runs?key={SECRET} HTTP/1.1\r\nHost: a\r\nX-Token: {SECRET}\r\nContent-Length: 99999999999\r\n\r\n"
    with (
        httpx.Client() as client,
        FaultServer("http://127.0.0.1:9", client, faults=[]) as server,
        socket.create_connection(("127.0.0.1", server.port), timeout=5) as raw,
    ):
        raw.sendall(head.encode())
        assert b" 413 " in raw.recv(1000)

    assert server.heads.unread == []
    said = judge(URL, server.attempts, [], RUN, search, refused=server.heads.refused)
    assert said.observed == "POST /runs carries the value of env:KEY in its URL"
    assert judge_headers(OTHER_HEADER, [server.heads], 1, DECLARED, search).outcome is Outcome.FAIL
    clean = judge(URL, server.attempts, [], RUN, lambda _: [], refused=server.heads.refused)
    assert clean.outcome is Outcome.PASS


def test_refused_targets_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A flood of refused requests takes no more than the bound either."""
    monkeypatch.setattr(sent_heads, "MAX_HEADS", 1000)
    heads = SentHeads(bound="1 KB", max_body=0)
    for number in range(100):
        request = Request(method="PUT", url=f"/{number}" * 20, headers=(), body=b"")
        heads.refuse(BadMessageError("too large", request=request))

    assert len(heads.refused) < 50
    assert heads.unread[0].startswith("requests beyond 1 KB (")
