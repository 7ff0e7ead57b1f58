"""A forgery is refused whatever its body is, and a body without an event is judged by what comes of it."""

from __future__ import annotations

import json
import socket
import zlib

import msgspec
import pytest

from harness.http.codings import gzipped
from harness.model import Level, Outcome
from harness.webhooks.case_trial import judge
from harness.webhooks.cases import Material, case_named
from harness.webhooks.schemes import scheme_named
from tests.unit.webhooks.conftest import EVENT, SECRET, Effects, Request, Serve, Under, event_id, reply

EMPTIED = {"forged-empty": b"", "forged-short": b"{}"}
HARMLESS = (*EMPTIED, "forged-as-challenge", "forged-with-challenge")


def built(case_id: str, *, scheme: str = "hmac") -> tuple[bytes, dict[str, str]]:
    """Return body and headers of a case's delivery."""
    case, found = case_named(case_id), scheme_named(scheme)
    assert case is not None
    secret = SECRET if scheme == "hmac" else found.new_secret()
    request = case.delivery(Material(found, EVENT, secret, 1_700_000_000, url="http://127.0.0.1:1/hook"))
    return request.body, dict(request.headers)


@pytest.mark.parametrize("case_id", [*EMPTIED, "forged-without-id"])
def test_a_forgery_without_an_id_is_counted_among_the_nameless(case_id: str, serve: Serve, under: Under) -> None:
    """A receiver that takes it files it under the text of its missing id."""
    effects = Effects()

    def trusting(request: Request, _connection: socket.socket) -> bytes:
        known = json.loads(request.body or b"{}").get("id")
        if not request.genuine and known is not None:
            return reply(401)
        effects.ids.append(str(known))
        return reply(200)

    case = case_named(case_id)
    assert case is not None
    [finding] = judge(under(serve(trusting), probe=effects), case, EVENT, reproduce="")

    assert (finding.outcome, finding.level) == (Outcome.FAIL, Level.MUST)
    assert (finding.summary, finding.observed) == (f"Accepted {case.summary}", "HTTP 200, 1 effect")


@pytest.mark.parametrize("case_id", HARMLESS)
def test_an_answer_without_an_effect_is_right_where_there_is_no_event(case_id: str, serve: Serve, under: Under) -> None:
    """A handler may answer a body without an event, or a challenge, before it verifies anything."""
    effects = Effects()

    def answering(request: Request, _connection: socket.socket) -> bytes:
        if request.genuine:
            effects.ids.append(event_id(request))
        return reply(200, "challenge")

    case = case_named(case_id)
    assert case is not None
    [finding] = judge(under(serve(answering), probe=effects), case, EVENT, reproduce="")

    assert (finding.outcome, finding.summary) == (Outcome.PASS, case.passed)


@pytest.mark.parametrize("case_id, body", EMPTIED.items())
def test_a_forgery_can_be_without_an_event(case_id: str, body: bytes) -> None:
    """It has the signature of that body, with another secret."""
    sent, headers = built(case_id)

    assert sent == body
    assert headers["x-product-signature"]


@pytest.mark.parametrize(
    "case_id, coding, body",
    [
        ("forged-compressed", "gzip", gzipped(EVENT.body)),
        ("forged-deflated", "deflate", zlib.compress(EVENT.body)),
        ("forged-as-brotli", "br", EVENT.body),
    ],
)
def test_a_coding_is_declared_whether_it_is_applied_or_not(case_id: str, coding: str, body: bytes) -> None:
    """What unpacks a body before it verifies, and what only reads the header, are both met."""
    sent, headers = built(case_id)

    assert (sent, headers["content-encoding"]) == (body, coding)


def test_null_is_where_the_id_was() -> None:
    """At the key of the scheme, and in a member of its own where the event had none."""
    other = msgspec.structs.replace(EVENT, body=b'{"type": "x"}')
    case, scheme = case_named("forged-without-id"), scheme_named("hmac")
    assert case is not None
    without = case.build(Material(scheme, other, SECRET, 1_700_000_000))

    assert json.loads(built("forged-without-id")[0]) == {"id": None, "type": "run.started"}
    assert json.loads(without.body) == {"id": None, "type": "x"}


@pytest.mark.parametrize("case_id, depth", [("forged-nested", 200), ("forged-deep", 100_000)])
def test_a_forged_event_is_nested(case_id: str, depth: int) -> None:
    """All that the event has stays beside the deep member."""
    body, _ = built(case_id)

    assert body.startswith(b'{"id":"evt_0","type":"run.started"')
    assert body.endswith(b"[" * depth + b"]" * depth + b"}")
