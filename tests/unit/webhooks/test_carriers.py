"""A forgery is refused whatever carries it, also on the connection of a genuine delivery."""

from __future__ import annotations

import http.client
import io
import socket
from collections.abc import Iterator

import msgspec
import pytest

from harness.errors import EventError
from harness.model import Level, Outcome
from harness.webhooks.case_trial import judge
from harness.webhooks.cases import Material, case_named
from harness.webhooks.schemes import scheme_named
from tests.unit.webhooks.conftest import EVENT, SECRET, Effects, Listen, Request, Serve, Under, event_id, reply

UNCHOSEN = {"forged-in-chunks": "transfer-encoding", "forged-expect-continue": "expect"}

AT = {
    "/hook/": ["forged-at-slash"],
    "//hook": ["forged-at-double-slash"],
    "/HOOK": ["forged-at-other-case"],
    "/hoo%6B": ["forged-at-escaped-path"],
}
FROM = {"127.0.0.1": ["forged-from-within"], "10.0.0.1": ["forged-from-private-network"]}
BY = {"forged-by-tool": "HTTPie", "forged-by-health-check": "ELB-HealthChecker", "forged-by-vendor": "Stripe/1.0"}
IN_BODY = {
    b'"livemode":false': "forged-as-test",
    b'"type":"ping"': "forged-as-ping",
    b'"type":"test"': "forged-as-test-type",
    b"[": "forged-as-list",
}


def chosen(request: Request) -> Iterator[str]:
    """Yield what of a request a receiver might trust, by the id of the case that has it."""
    target = request.line.split(" ")[1]
    kind = request.headers["content-type"] or ""
    yield from (f"forged-as-{name}" for name in ("text", "form", "multipart", "xml") if name in kind)
    yield from (["forged-as-other-json"] if "vnd" in kind else [])
    if len(request.headers.get_all("x-product-signature") or ()) > 1:
        yield "forged-signed-twice"
    yield from (case_id for case_id, header in UNCHOSEN.items() if header in request.headers)
    yield f"forged-{request.line.split(' ')[0].lower()}"
    if "1.0" in request.line:
        yield "forged-http-1.0"
    yield from AT.get(target, ())
    yield from FROM.get(request.headers["x-forwarded-for"] or "", ())
    agent = request.headers["user-agent"]
    yield from (case_id for case_id, word in BY.items() if agent and word in agent)
    if request.headers["x-health-check"] == "1":
        yield "forged-as-debug-numbers"
    if "debug=1" in target:
        yield "forged-as-debug-query"
    if request.headers["x-debug"] == "true":
        yield "forged-as-debug-headers"
    yield from (case_id for text, case_id in IN_BODY.items() if text in request.body)


TRUSTED = (
    "forged-as-debug-headers",
    "forged-as-debug-numbers",
    "forged-as-debug-query",
    "forged-as-form",
    "forged-as-multipart",
    "forged-as-list",
    "forged-as-other-json",
    "forged-as-ping",
    "forged-as-test",
    "forged-as-test-type",
    "forged-as-text",
    "forged-as-xml",
    "forged-at-double-slash",
    "forged-at-escaped-path",
    "forged-at-other-case",
    "forged-at-slash",
    "forged-by-health-check",
    "forged-by-tool",
    "forged-by-vendor",
    "forged-delete",
    "forged-expect-continue",
    "forged-from-private-network",
    "forged-from-within",
    "forged-get",
    "forged-http-1.0",
    "forged-in-chunks",
    "forged-patch",
    "forged-put",
    "forged-signed-twice",
)


@pytest.mark.parametrize("case_id", TRUSTED)
def test_a_receiver_that_trusts_a_carrier_fails(case_id: str, serve: Serve, under: Under) -> None:
    """What its sender chose decides for one receiver whether it verifies; its own case alone fails there."""
    effects = Effects()

    def trusting(request: Request, _connection: socket.socket) -> bytes:
        if not request.genuine and case_id not in chosen(request):
            return reply(401)
        effects.ids.append(event_id(request._replace(body=request.body.strip(b"[]"))))
        return reply(200)

    case = case_named(case_id)
    assert case is not None
    [finding] = judge(under(serve(trusting), probe=effects), case, EVENT, reproduce="")

    assert (finding.outcome, finding.level) == (Outcome.FAIL, Level.MUST)
    assert finding.summary == f"Accepted {case.summary}"
    assert finding.observed == "HTTP 200, 1 effect"


TRUSTED_HEADERS = {
    "Authorization": "authorization",
    "a cookie": "cookie",
    "Origin and Referer": "referer",
    "the number of an account": "stripe-account",
    "a client certificate": "ssl-client-verify",
    "what a browser sends": "x-requested-with",
    "another method": "x-http-method-override",
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


@pytest.mark.parametrize("case_id", ["forged-put", "forged-at-slash"])
@pytest.mark.parametrize("status", [200, 204, 308, 404, 405, 501])
def test_any_answer_without_an_effect_is_right_where_nothing_is_received(
    case_id: str, status: int, serve: Serve, under: Under
) -> None:
    """A page, a redirect, or a refusal: what counts at another method or path is that nothing is processed."""
    effects = Effects()

    def elsewhere(request: Request, _connection: socket.socket) -> bytes:
        if not request.line.startswith("POST /hook "):
            return reply(status)
        effects.ids.append(event_id(request))
        return reply(200)

    case = case_named(case_id)
    assert case is not None
    [finding] = judge(under(serve(elsewhere), probe=effects), case, EVENT, reproduce="")
    [unknown] = judge(under(serve(elsewhere)), case, EVENT, reproduce="")

    assert (finding.outcome, finding.summary) == (Outcome.PASS, case.passed)
    assert unknown.outcome is Outcome.NOT_RUN


def material(url: str) -> Material:
    headers = (("content-type", "application/json"), ("user-agent", "Product/1"))
    event = msgspec.structs.replace(EVENT, headers=headers)
    return Material(scheme_named("hmac"), event, SECRET, 1_700_000_000, url=url)


@pytest.mark.parametrize("case_id", ["forged-at-other-case", "forged-at-escaped-path"])
@pytest.mark.parametrize("path", ["/", "", "/12-3/"])
def test_a_path_without_letters_has_no_other_spelling(case_id: str, path: str) -> None:
    """There is no such delivery, and the reason names the path."""
    case = case_named(case_id)
    assert case is not None

    with pytest.raises(EventError, match=f"the path of the receiver, {path or '/'}, has no letter, which this case"):
        case.delivery(material(f"http://127.0.0.1:1{path}"))


def test_a_forgery_can_be_without_a_user_agent() -> None:
    """What the fixture has is left out, and nothing else is."""
    case = case_named("forged-without-agent")
    assert case is not None

    sent = dict(case.delivery(material("http://127.0.0.1:1/hook")).headers)

    assert sorted(sent) == ["content-type", "x-product-signature"]


def read(reader: io.BufferedReader) -> bool | None:
    """Read a request; return whether its signature is right, None at the end of the connection."""
    line = reader.readline().decode()
    if not line:
        return None
    headers = http.client.parse_headers(reader)
    return Request(line, headers, reader.read(int(headers["content-length"]))).genuine


@pytest.mark.parametrize("remembers, outcome", [(True, Outcome.FAIL), (False, Outcome.NOT_RUN)])
def test_a_verdict_about_one_request_is_not_that_of_the_next(
    *, remembers: bool, outcome: Outcome, listen: Listen, under: Under
) -> None:
    """The forgery is the second request of a connection whose first one was genuine."""
    requests: list[bool] = []

    def behave(connection: socket.socket) -> None:
        reader = connection.makefile("rb")
        verified = False
        while (genuine := read(reader)) is not None:
            requests.append(genuine)
            verified = genuine or (verified and remembers)
            connection.sendall(reply(200 if verified else 401))

    case = case_named("forged-after-genuine")
    assert case is not None
    [finding] = judge(under(listen(behave)), case, EVENT, reproduce="")

    assert finding.outcome is outcome
    assert requests[1:3] == [True, False]


def test_a_connection_that_ends_after_each_request_carries_no_forgery(serve: Serve, under: Under) -> None:
    """A receiver may close the connection after each answer."""
    effects = Effects()

    def handle(request: Request, _connection: socket.socket) -> bytes:
        if not request.genuine:
            return reply(401)
        effects.ids.append(event_id(request))
        return reply(200)

    case = case_named("forged-after-genuine")
    assert case is not None
    [finding] = judge(under(serve(handle), probe=effects), case, EVENT, reproduce="")

    assert (finding.outcome, finding.summary) == (Outcome.PASS, case.passed)
