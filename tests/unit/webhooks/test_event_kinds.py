"""Events of every kind of body: a right receiver passes every case, and a wrong one is found."""

from __future__ import annotations

import hashlib
import json
import re
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs

import pytest

from harness.http.client import Network
from harness.http.wire import Wire
from harness.model import Event, Outcome
from harness.webhooks import case_trial as trial
from harness.webhooks.case_runner import ReceiverUnderTest
from harness.webhooks.cases import case_named
from harness.webhooks.events import EventFormat
from harness.webhooks.schemes import scheme_named
from harness.webhooks.signature_check import signature_complaint

from .conftest import PATIENCE_S, Effects, Request, Serve, reply

CASES = (
    "missing",
    "empty",
    "wrong-secret",
    "truncated",
    "altered-body",
    "trailing-space",
    "other-event",
    "raw-compact",
    "raw-reordered",
    "reserialised",
    "unknown-type",
    "without-data",
    "body-empty",
    "body-not-utf-8",
    "content-type-none",
    "content-type-text",
    "compressed",
    "header-names-upper-case",
    "handshake-slack",
)
"""Some of each group."""
SECRET = "unit-test-secret"
FORM = b"content-type: application/x-www-form-urlencoded\r\n"


class Kind(NamedTuple):
    """One kind of event, and how a receiver finds the ids in it."""

    scheme: str
    content: bytes
    ids: Callable[[Request], list[str]]
    id_key: str | None = None
    asked: bool = True
    """Whether the event has an id by which the probe can be asked."""


def _header(name: str) -> Callable[[Request], list[str]]:
    return lambda request: [request.headers[name]]


def _field(name: str) -> Callable[[Request], list[str]]:
    return lambda request: parse_qs(request.body.decode("latin-1"), strict_parsing=True)[name]


def _key(name: str) -> Callable[[Request], list[str]]:
    def ids(request: Request) -> list[str]:
        document = json.loads(request.body)
        return [str(each[name]) for each in (document if isinstance(document, list) else [document])]

    return ids


def _digest(request: Request) -> list[str]:
    return [hashlib.sha256(request.body).hexdigest()]


EVENTS = b'[{"eventId":100,"subscriptionType":"contact.creation","o":1.0},{"eventId":101,"subscriptionType":"x"}]'
CLOUD_EVENTS = b'[{"specversion":"1.0","id":"A-1","source":"/s","type":"t"},{"id":"A-2","type":"t"}]'
KINDS = {
    "number": Kind("hmac", b"x-a: 1\r\n\r\n" + b'{"id": 4711, "type": "order.paid", "d": {"id": 4711}}', _key("id")),
    "float": Kind("hmac", b"x-a: 1\r\n\r\n" + b'{"id": 1.5e15, "type": "t"}', _key("id")),
    "big-number": Kind("hmac", b"x-a: 1\r\n\r\n" + b'{"id": 18446744073709551615, "type": "t"}', _key("id")),
    "list-of-numbers": Kind("hubspot", b"x-a: 1\r\n\r\n" + EVENTS, _key("eventId")),
    "github-form": Kind(
        "github",
        FORM + b"x-github-event: push\r\nx-github-delivery: 1\r\n\r\npayload=%7B%22ref%22%3A%22main%22%7D",
        _header("x-github-delivery"),
    ),
    "slack-command": Kind("slack", FORM + b"\r\ncommand=%2Fweather&text=94070", _field("command"), asked=False),
    "slack-interaction": Kind(
        "slack",
        FORM + b"\r\npayload=%7b%22type%22:%22shortcut%22,%22trigger_id%22:%2213345.738%22%7d",
        lambda request: [json.loads(_field("payload")(request)[0])["trigger_id"]],
        id_key="trigger_id",
    ),
    "paypal-ipn": Kind(
        "hmac", FORM + b"\r\nfirst_name=Ren\xe9&txn_id=61E67681CH323", _field("txn_id"), id_key="txn_id"
    ),
    "cloudevents-batch": Kind(
        "hmac", b"content-type: application/cloudevents-batch+json\r\n\r\n" + CLOUD_EVENTS, _key("id")
    ),
    "soap": Kind("hmac", b"content-type: text/xml\r\n\r\n<Envelope><Id>04l</Id></Envelope>", _digest, asked=False),
    "text": Kind("svix", b"content-type: text/plain\r\nsvix-id: msg_1\r\n\r\nrun failed", _header("svix-id")),
    "binary": Kind(
        "standard-webhooks", b"content-type: image/png\r\nwebhook-id: m1\r\n\r\n\x89PNG\xff\x00", _header("webhook-id")
    ),
    "empty": Kind("shopify", b"x-shopify-topic: a/b\r\nx-shopify-event-id: w1\r\n\r\n", _header("x-shopify-event-id")),
    "twilio-form": Kind(
        "twilio",
        FORM + b"i-twilio-idempotency-token: t1\r\n\r\nBody=hi&MessageSid=SM1",
        _field("MessageSid"),
        id_key="MessageSid",
    ),
    "github-form-with-id": Kind(
        "github", FORM + b"x-github-event: push\r\nx-github-delivery: 1\r\n\r\nid=7&a=b", _field("id"), id_key="id"
    ),
    "mailgun": Kind(
        "mailgun",
        b'x-a: 1\r\n\r\n{"signature": {"timestamp": "1", "token": "a"}, "event-data": {"id": "A1", "event": "x"}}',
        lambda request: [json.loads(request.body)["event-data"]["id"]],
    ),
    "mailgun-form": Kind(
        "mailgun", FORM + b"\r\nrecipient=a%40b.example&Message-Id=m1", _field("Message-Id"), "Message-Id"
    ),
    "adyen-payments": Kind(
        "adyen-payments",
        b"x-a: 1\r\n\r\n"
        b'{"live": "false", "notificationItems": [{"NotificationRequestItem": {"pspReference": "P1",'
        b' "eventCode": "X", "amount": {"value": 1130, "currency": "EUR"}, "additionalData": {"a": "b"}}}]}',
        lambda request: [json.loads(request.body)["notificationItems"][0]["NotificationRequestItem"]["pspReference"]],
    ),
    "mandrill": Kind(
        "mandrill",
        FORM + b"\r\nmandrill_events=%5B%7B%22_id%22%3A%22e1%22%2C%22event%22%3A%22send%22%7D%5D",
        lambda request: [json.loads(_field("mandrill_events")(request)[0])[0]["_id"]],
    ),
    "gitlab": Kind("gitlab", b"x-gitlab-event: Push Hook\r\nidempotency-key: k1\r\n\r\n{}", _header("idempotency-key")),
    "telegram": Kind(
        "telegram", b"x-a: 1\r\n\r\n" + b'{"update_id": 10000, "message": {"text": "hi"}}', _key("update_id")
    ),
    "basic": Kind("basic", b"x-a: 1\r\n\r\n" + b'{"id": "e1", "type": "t"}', _key("id")),
    "trello": Kind(
        "trello",
        b"x-a: 1\r\n\r\n" + b'{"action": {"id": "51f9424bcd6e040f3c002412", "type": "updateCard"}}',
        lambda request: [json.loads(request.body)["action"]["id"]],
    ),
}


def receiver_of(kind: Kind, effects: Effects, *, verify: bool) -> Callable[..., bytes]:
    """Return a receiver that verifies, acts once for each id, and answers."""
    scheme, secret = scheme_named(kind.scheme), secret_of(kind)

    def genuine(request: Request) -> bool:
        if scheme.within:
            event = Event(name="", type="", id="", body=request.body)
            return signature_complaint(scheme, event, secret=secret, urls=(), now=time.time()) is None
        value = request.headers[scheme.header] or ""
        stamp = request.headers[scheme.timestamp_header] or "" if scheme.timestamp_header else value[2:12]
        if scheme.timestamped and not re.fullmatch(r"\d{10,13}", stamp):
            return False
        named = {
            "event_id": request.headers[scheme.id_header] or "" if scheme.id_header else "",
            "url": f"http://{request.headers['host']}/hook",
        }
        right = scheme.sign(request.body, secret=secret, timestamp=stamp, **named)
        return value == right[0][1]

    def handle(request: Request, _connection: socket.socket) -> bytes:
        if verify and not genuine(request):
            return reply(401)
        if request.headers["content-encoding"]:
            return reply(415)
        try:
            effects.ids += [each for each in kind.ids(request) if each not in effects.ids]
        except (ValueError, LookupError, TypeError):
            return reply(400)
        return reply(200)

    return handle


def secret_of(kind: Kind) -> str:
    return scheme_named(kind.scheme).secret_of(b"0" * 32)


Judged = Callable[..., dict[str, Outcome]]


@pytest.fixture
def judged(serve: Serve, tmp_path: Path) -> Judged:
    """Return the outcome of each case for a receiver of the kind."""

    def judge(kind: Kind, *, verify: bool) -> dict[str, Outcome]:
        effects = Effects()
        url = serve(receiver_of(kind, effects, verify=verify))
        path = tmp_path / "event.http"
        path.write_bytes(kind.content)
        event_format = EventFormat(scheme=scheme_named(kind.scheme), id_key=kind.id_key)
        receiver = ReceiverUnderTest(
            Wire(url, check=Network([url]).check, timeout_s=PATIENCE_S),
            format=event_format,
            secret=lambda: secret_of(kind),
            probe=effects,  # type: ignore[arg-type]  # as much of a probe as is asked
            settle_s=0.1,
        )
        event = event_format.read(path)
        findings = {f.summary: f.outcome for f in receiver.judge_acceptance([event])}
        for case_id in CASES:
            case = case_named(case_id)
            assert case is not None
            findings[case_id] = trial.judge(receiver, case, event, reproduce="")[0].outcome
        return findings

    return judge


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_right_receiver_is_not_blamed(kind: Kind, judged: Judged) -> None:
    """What cannot be asked about is not run, what is no JSON has no JSON to change, and everything else passes."""
    found = judged(kind, verify=True)

    without_id = () if kind.asked else (Outcome.NOT_RUN,)
    assert set(found.values()) == {Outcome.PASS, Outcome.NOT_APPLICABLE, *without_id}
    assert found["Acknowledged a genuine delivery of event"] is Outcome.PASS
    assert found["wrong-secret"] is (Outcome.PASS if kind.asked else Outcome.NOT_RUN)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_receiver_that_verifies_nothing_is_found(kind: Kind, judged: Judged) -> None:
    """Whatever the body is, forgeries of it can be made."""
    found = judged(kind, verify=False)

    forged = ["missing", "empty", "wrong-secret", "truncated", "altered-body", "other-event"]
    forged = forged[: -2 if scheme_named(kind.scheme).is_token else None]  # a token covers no content
    assert {case_id: found[case_id] for case_id in forged} == dict.fromkeys(forged, Outcome.FAIL)
