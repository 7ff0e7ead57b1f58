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
    b'"type":"url_verification"': "forged-as-challenge",
    b'"challenge":': "forged-with-challenge",
    b"[[[[": "forged-nested",
    b"[": "forged-as-list",
}
CODED = {"gzip": "forged-as-compressed", "deflate": "forged-as-deflated", "br": "forged-as-brotli"}
ROUTING = {
    "x-hook-secret": "forged-with-handshake-headers",
    "x-http-method-override": "forged-with-method-headers",
    "x-original-url": "forged-with-path-headers",
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
    yield from (case_id for header, case_id in ROUTING.items() if header in request.headers)
    yield CODED.get(request.headers["content-encoding"] or "", "")
    if request.headers["host"] == "localhost":
        yield "forged-with-other-host"
    if request.headers["x-health-check"] == "1":
        yield "forged-as-debug-numbers"
    if "debug=1" in target:
        yield "forged-as-debug-query"
    if request.headers["x-debug"] == "true":
        yield "forged-as-debug-headers"
    yield from (case_id for text, case_id in IN_BODY.items() if text in request.body)


TRUSTED = (
    "forged-as-brotli",
    "forged-as-challenge",
    "forged-as-compressed",
    "forged-as-deflated",
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
    "forged-head",
    "forged-in-chunks",
    "forged-nested",
    "forged-options",
    "forged-patch",
    "forged-put",
    "forged-signed-twice",
    "forged-with-challenge",
    "forged-with-handshake-headers",
    "forged-with-method-headers",
    "forged-with-other-host",
    "forged-with-path-headers",
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
    assert finding.observed.startswith("HTTP 200, 1 effect")


@pytest.mark.parametrize("case_id", ["forged-put", "forged-head", "forged-options", "forged-at-slash"])
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


@pytest.mark.parametrize(
    "leaves, outcome, shown",
    [
        ("nothing", Outcome.PASS, "HTTP 200"),
        ("the body", Outcome.FAIL, "HTTP 400"),
        ("no connection", Outcome.PASS, "no answer: the connection was "),
    ],
    ids=["nothing", "body", "no-connection"],
)
def test_what_is_left_of_a_forgery_is_no_request(
    leaves: str, outcome: Outcome, shown: str, listen: Listen, under: Under
) -> None:
    """A receiver that refuses before it reads the body ends the connection, or reads the body all the same."""

    def behave(connection: socket.socket) -> None:
        reader = connection.makefile("rb")
        while line := reader.readline().decode():
            headers = http.client.parse_headers(reader)
            unsigned = "x-product-signature" not in headers
            if not (unsigned and leaves == "the body"):
                body = reader.read(int(headers["content-length"] or 0))
            if not line.startswith("POST"):
                connection.sendall(reply(400))
                return
            genuine = not unsigned and Request(line, headers, body).genuine
            connection.sendall(reply(200 if genuine else 401))
            if unsigned and leaves == "no connection":
                return

    case = case_named("after-forged")
    assert case is not None
    finding = judge(under(listen(behave)), case, EVENT, reproduce="")[0]

    assert (finding.outcome, finding.item) == (outcome, "webhooks.robust"), finding.observed
    assert finding.observed.startswith(shown)
