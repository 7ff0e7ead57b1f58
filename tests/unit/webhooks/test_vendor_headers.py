"""A forgery is refused whichever headers it has, and the one that a receiver trusts is named."""

from __future__ import annotations

import socket

import msgspec
import pytest

from harness.model import Level, Outcome
from harness.webhooks.case_trial import judge
from harness.webhooks.cases import Material, case_named
from harness.webhooks.cases.vendor_headers import EVENTS
from harness.webhooks.schemes import SCHEMES, scheme_named
from tests.unit.webhooks.conftest import EVENT, Effects, Request, Serve, Under, event_id, reply

TRUSTED_HEADERS = {
    "Authorization": "authorization",
    "a cookie": "cookie",
    "Origin and Referer": "referer",
    "the number of an account": "stripe-account",
    "a client certificate": "ssl-client-verify",
    "what a browser sends": "x-requested-with",
    "a subrequest of Next.js": "x-middleware-subrequest",
}


@pytest.mark.parametrize("words, header", TRUSTED_HEADERS.items(), ids=TRUSTED_HEADERS.values())
def test_a_header_that_a_receiver_trusts_is_found_among_others(
    words: str, header: str, serve: Serve, under: Under
) -> None:
    """One forgery has all of them; each is sent by itself only where that is taken."""
    seen: list[Request] = []

    def trusting(request: Request, _connection: socket.socket) -> bytes:
        seen.append(request)
        return reply(200 if request.genuine or header in request.headers else 401)

    case = case_named("forged-with-headers")
    assert case is not None
    [finding] = judge(under(serve(trusting)), case, EVENT, reproduce="")
    right = under(serve(lambda request, _: reply(200 if request.genuine else 401)))
    [refused] = judge(right, case, EVENT, reproduce="")

    assert (finding.outcome, finding.level, finding.summary) == (Outcome.FAIL, Level.MUST, f"Accepted {case.summary}")
    assert finding.observed == f"HTTP 200; alone, it accepts {words}"
    alone = [request for request in seen if sum(each in request.headers for each in TRUSTED_HEADERS.values()) == 1]
    assert len(alone) == len(TRUSTED_HEADERS)
    assert refused.outcome is Outcome.NOT_RUN
    assert "alone" not in refused.observed


def test_headers_that_are_trusted_together_only_are_said_to_be(serve: Serve, under: Under) -> None:
    """A receiver may ask for two of them."""

    def trusting(request: Request, _connection: socket.socket) -> bytes:
        both = "cookie" in request.headers and "origin" in request.headers
        return reply(200 if request.genuine or both else 401)

    case = case_named("forged-with-headers")
    assert case is not None
    [finding] = judge(under(serve(trusting)), case, EVENT, reproduce="")

    assert finding.outcome is Outcome.FAIL
    assert finding.observed == "HTTP 200; it accepts none of them alone"


@pytest.mark.parametrize("name, agent, address", [("stripe", "Stripe/1.0 ", "3.18.12.63"), ("cloudevents", None, None)])
def test_what_is_known_of_a_vendor_is_stated(name: str, agent: str | None, address: str | None) -> None:
    """The User-Agent and an address of the scheme's vendor; a token stays the forged one."""
    case, scheme = case_named("forged-with-headers"), scheme_named(name)
    assert case is not None
    secret = scheme.new_secret()
    built = case.build(Material(scheme, EVENT, secret, 1_700_000_000, url="http://127.0.0.1:1/hook"))
    sent = {name.lower(): value for name, value in built.headers}

    assert sent.get("user-agent", "").startswith(agent or "")
    assert sent.get("x-forwarded-for") == address
    assert sent["origin"] == ("https://stripe.com" if name == "stripe" else "https://localhost")
    assert sent["authorization"] != secret
    assert (sent["authorization"] == "Bearer anybody") == (scheme.header != "authorization")


EVENT_HEADERS = ("X-GitHub-Event: ping", "X-Gitlab-Event: System Hook", "X-Shopify-Topic: shop/update")


@pytest.mark.parametrize("words", EVENT_HEADERS)
def test_the_event_of_another_vendor_is_no_signature(words: str, serve: Serve, under: Under) -> None:
    """A receiver of several vendors may skip verification where one of them states a certain event."""
    name, _, value = words.partition(": ")

    def trusting(request: Request, _connection: socket.socket) -> bytes:
        return reply(200 if request.genuine or request.headers[name] == value else 401)

    case = case_named("forged-with-event-headers")
    assert case is not None
    [finding] = judge(under(serve(trusting)), case, EVENT, reproduce="")

    assert (finding.outcome, finding.level) == (Outcome.FAIL, Level.MUST)
    assert finding.observed == f"HTTP 200; alone, it accepts {words}"


@pytest.mark.parametrize("scheme", [s for s in SCHEMES if s.type_header], ids=lambda s: s.name)
def test_the_header_of_every_schemes_type_is_tried_with_others(scheme: object) -> None:
    """With its own scheme the type stays that of the event."""
    case = case_named("forged-with-event-headers")
    assert case is not None
    own = next(s for s in SCHEMES if s is scheme)
    event = msgspec.structs.replace(EVENT, headers=((own.type_header, "own.type"),))
    built = case.build(Material(own, event, own.new_secret(), 1_700_000_000, url="http://127.0.0.1:1/hook"))

    assert own.type_header in {name.partition(":")[0].lower() for name in EVENTS}
    assert dict(built.headers)[own.type_header] == "own.type"
    assert len(built.headers) > len(EVENTS) - 1


def test_a_handshake_that_is_answered_unsigned_is_no_hole(serve: Serve, under: Under) -> None:
    """A receiver that answers what a header asks, and processes nothing, has refused the event."""
    effects = Effects()

    def answering(request: Request, _connection: socket.socket) -> bytes:
        if request.genuine:
            effects.ids.append(event_id(request))
        return reply(200 if request.genuine or "x-hook-secret" in request.headers else 401)

    case = case_named("forged-with-handshake-headers")
    assert case is not None
    [finding] = judge(under(serve(answering), probe=effects), case, EVENT, reproduce="")

    assert (finding.outcome, finding.summary) == (Outcome.PASS, case.passed)
