"""A provider that asks before it sends gets the answer that it needs, and nothing of it becomes an event."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import time
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from click.testing import CliRunner

from harness.cli.main import main
from harness.errors import ConfigurationError
from harness.http.message import Headers, Request
from harness.webhooks.capture_server import CaptureServer, CaptureStore
from harness.webhooks.events import EventFormat
from harness.webhooks.handshake_follow_up import HandshakeFollowUp
from harness.webhooks.handshake_replies import Handshakes
from harness.webhooks.handshake_table import HANDSHAKE_REPLIES
from harness.webhooks.schemes import scheme_named
from harness.webhooks.schemes.handshakes import HANDSHAKES, ORIGIN
from harness.webhooks.signature_check import signature_complaint

SECRET = "shared-with-the-provider"
URL = "https://receiver.example/hook"
HEX_32 = "15f7d1a91c1f40f8a748fd134752feb3"


class Asked(NamedTuple):
    """One handshake as a provider sends it, and what the answer must have."""

    name: str
    request: Request
    status: int = 200
    body: bytes | None = None
    json: Any = None
    headers: Headers = ()


def _post(document: Any, *headers: tuple[str, str], url: str = "/hook") -> Request:
    return Request(method="POST", url=url, headers=headers, body=json.dumps(document).encode())


def _get(query: str, *headers: tuple[str, str], method: str = "GET") -> Request:
    return Request(method=method, url=f"/hook?{query}" if query else "/hook", headers=headers)


def _mac(text: str) -> bytes:
    return hmac.digest(SECRET.encode(), text.encode(), "sha256")


AZURE = {"eventType": "Microsoft.EventGrid.SubscriptionValidationEvent", "data": {"validationCode": "512d38b6"}}
SNS = {
    "Type": "SubscriptionConfirmation",
    "SubscribeURL": "https://sns.eu-west-1.amazonaws.com/?Action=Confirm&Token=2",
}
ASKED = [
    Asked("slack", _post({"type": "url_verification", "token": "t", "challenge": "3eZ"}), json={"challenge": "3eZ"}),
    Asked("slack", _post({"type": "url_verification", "challenge": "ü\ud800"}), json={"challenge": "ü\ud800"}),
    Asked(
        "zoom",
        _post({"event": "endpoint.url_validation", "payload": {"plainToken": "q9i"}, "event_ts": 1}),
        json={"plainToken": "q9i", "encryptedToken": _mac("q9i").hex()},
    ),
    Asked("discord", _post({"type": 1, "id": "7"}, ("X-Signature-Ed25519", "00")), json={"type": 1}),
    Asked("discord", _post({"type": 1, "application_id": "9", "version": 1}), json={"type": 1}),
    Asked("discord-events", _post({"type": 0, "application_id": "9", "version": 1}), status=204, body=b""),
    Asked("meta", _get("hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=x"), body=b"1158201444"),
    Asked("meta", _get("hub.mode=subscribe&hub.challenge=CHALLENGE_ACCEPTED"), body=b"CHALLENGE_ACCEPTED"),
    Asked(
        "websub", _get(f"hub.topic=http%3A%2F%2Fa&hub.mode=unsubscribe&hub.challenge={HEX_32}"), body=HEX_32.encode()
    ),
    Asked("strava", _get(f"hub.verify_token=S&hub.challenge={HEX_32}"), json={"hub.challenge": HEX_32}),
    Asked("asana", _post({}, ("X-Hook-Secret", "b537")), headers=(("x-hook-secret", "b537"),)),
    Asked(
        "microsoft-graph",
        Request(method="POST", url="/hook?validationToken=Validation%3a+a%20b%26%3Cc%3E", body=b""),
        body=b"Validation: a b&<c>",
        headers=(("content-type", "text/plain; charset=utf-8"),),
    ),
    Asked("sharepoint", Request(method="POST", url="/hook?tenant=1&validationtoken=09bc"), body=b"09bc"),
    Asked("office-365", _post({"validationCode": "x"}, ("Webhook-ValidationCode", "x"))),
    Asked("sns", _post(SNS, ("x-amz-sns-message-type", "SubscriptionConfirmation"))),
    Asked("dropbox", _get("challenge=abc%2B1"), body=b"abc+1", headers=(("x-content-type-options", "nosniff"),)),
    Asked("adobe", _get("a=1&challenge=8ec8d794-e0ab"), body=b"8ec8d794-e0ab"),
    Asked("x", _get("crc_token=foo"), json={"response_token": f"sha256={base64.b64encode(_mac('foo')).decode()}"}),
    Asked("linkedin", _get("challengeCode=a-b"), json={"challengeCode": "a-b", "challengeResponse": _mac("a-b").hex()}),
    Asked(
        "ebay",
        _get("challenge_code=71745723"),
        json={"challengeResponse": hashlib.sha256(f"71745723{SECRET}{URL}".encode()).hexdigest()},
    ),
    Asked("okta", _get("", ("X-Okta-Verification-Challenge", "t5r")), json={"verification": "t5r"}),
    Asked("notion", _post({"verification_token": "secret_tMrlL1q"})),
    Asked("clover", _post({"verificationCode": "cf-1"})),
    Asked("azure-event-grid", _post([AZURE]), json={"validationResponse": "512d38b6"}),
    Asked(
        "cloudevents",
        _get("", ("WebHook-Request-Origin", "e.example"), ("WebHook-Request-Rate", "120"), method="OPTIONS"),
        headers=(("webhook-allowed-origin", "e.example"), ("webhook-allowed-rate", "120")),
    ),
    Asked(
        "smartsheet", _post({}, ("Smartsheet-Hook-Challenge", "d78")), headers=(("smartsheet-hook-response", "d78"),)
    ),
    Asked(
        "twitch",
        _post({"challenge": "pog", "x": 1}, ("Twitch-Eventsub-Message-Type", "webhook_callback_verification")),
        body=b"pog",
    ),
    Asked("monday", _post({"challenge": "3eZb"}), json={"challenge": "3eZb"}),
    Asked("ringcentral", _post({}, ("Validation-Token", "v1")), headers=(("validation-token", "v1"),)),
    Asked("google", _post({}, ("X-Goog-Resource-State", "sync"))),
    Asked("wechat", _get("signature=a&timestamp=1&nonce=2&echostr=5927"), body=b"5927"),
    Asked("trello", _get("", method="HEAD")),
    Asked("mailchimp", _get("key=mine")),
]


@pytest.mark.parametrize("asked", ASKED, ids=[f"{a.name}-{n}" for n, a in enumerate(ASKED)])
def test_each_provider_gets_the_answer_that_it_needs(asked: Asked) -> None:
    """Status, body and headers are those of the provider's page."""
    answered = Handshakes(HANDSHAKE_REPLIES, secret=lambda: SECRET).answered(asked.request, url=URL)

    assert answered is not None
    assert not answered.refused
    response = answered.response
    assert response.status == asked.status
    assert [(name, response.header(name)) for name, _ in asked.headers] == list(asked.headers)
    if asked.body is not None:
        assert response.body == asked.body
    if asked.json is not None:
        assert json.loads(response.body) == asked.json


EVENTS = [
    _post({"type": "event_callback", "challenge": "x", "event": {"type": "message"}}),
    _post({"event": "meeting.started", "payload": {"plainToken": "x"}}),
    _post({"type": 1, "application_id": "1", "version": 1, "event": {"type": "ENTITLEMENT_CREATE"}}),
    _post({"type": 2, "data": {}}, ("x-signature-ed25519", "00")),
    _post({"type": True}),
    _post({"type": 1, "amount": 5}),
    _post({"Type": "Notification", "Message": "{}"}, ("x-amz-sns-message-type", "Notification")),
    _post([{"eventType": "Microsoft.Storage.BlobCreated", "data": {"validationCode": "x"}}]),
    _post([AZURE, AZURE]),
    _post({"verification_token": "x", "type": "page.created"}),
    _post({"challenge": "x", "event": {}}),
    _post({}, ("x-goog-resource-state", "exists")),
    _post({"zen": "Keep it logically awesome."}, ("x-github-event", "ping")),
    Request(method="POST", url="/hook?challenge=x&crc_token=y", body=b"[" * 5000),
    Request(method="GET", url="/hook?From=1", headers=(("x-twilio-signature", "s"),)),
]


@pytest.mark.parametrize("request_", EVENTS, ids=range(len(EVENTS)))
def test_an_event_is_no_handshake(request_: Request) -> None:
    """What only resembles one is delivered as any event."""
    assert Handshakes(HANDSHAKE_REPLIES).answered(request_, url=URL) is None


@pytest.mark.parametrize("handshake", HANDSHAKES, ids=lambda h: h.scheme)
def test_the_answers_are_those_that_the_gate_asks_of_a_receiver(handshake: Any) -> None:
    """What a receiver under test must answer, `harness capture` answers itself."""
    headers = (*handshake.headers, (scheme_named(handshake.scheme).header, "00"))
    request = Request(method=handshake.method, url="/hook", headers=headers, body=handshake.body(ORIGIN))

    answered = Handshakes(HANDSHAKE_REPLIES, secret=lambda: SECRET).answered(request, url=URL)

    assert answered is not None
    assert handshake.flaw(answered.response, ORIGIN, SECRET) == ""


def test_a_forged_handshake_of_a_scheme_is_refused() -> None:
    """An answer with the shared secret would sign whatever a stranger sends."""
    zoom = next(a.request for a in ASKED if a.name == "zoom")
    forged = Handshakes(HANDSHAKE_REPLIES, secret=lambda: SECRET, scheme="zoom", judge=lambda _: "it has no signature")

    answered = forged.answered(zoom, url=URL)

    assert answered is not None
    assert (answered.response.status, answered.refused) == (401, "not genuine: it has no signature")


@pytest.mark.parametrize("name", ["zoom", "x", "linkedin", "ebay"])
def test_the_secret_of_another_provider_answers_nothing(name: str) -> None:
    """The answer would hand out what another provider's secret signs."""
    asked = next(a.request for a in ASKED if a.name == name)

    answered = Handshakes(HANDSHAKE_REPLIES, secret=lambda: SECRET, scheme="twilio").answered(asked, url=URL)

    assert answered is not None
    assert answered.response.status == 403
    assert answered.refused == ("its answer needs the secret of that provider, and the scheme 'twilio' is of another")


def test_a_secret_that_cannot_be_stored_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a full disk the file is as it was, and the line has the reason."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    handover = tmp_path / "secret"
    handover.write_text("old\n")
    monkeypatch.setattr(Path, "replace", full)
    store = CaptureStore(tmp_path / "captured", lambda h, b: (h, b))
    lines: list[str] = []
    follow_up = HandshakeFollowUp(handover, into=store.folder, confirms=False)
    with CaptureServer(0, store, each=lines.append, limit=1, follow_up=follow_up) as server:
        httpx.post(server.url, headers={"X-Hook-Secret": "s3cr3t-of-asana"}, trust_env=False)

    assert lines[0].endswith(f"Its X-Hook-Secret was not stored: --handover {handover}: No space left on device")
    assert handover.read_text() == "old\n"


def test_capture_answers_counts_and_stores_no_handshake(tmp_path: Path) -> None:
    """The terminal shows which one was answered and no secret; the folder of fixtures stays empty."""
    lines: list[str] = []
    into, handover = tmp_path / "captured", tmp_path / "secret"
    store = CaptureStore(into, lambda h, b: (h, b))
    follow_up = HandshakeFollowUp(handover, into=into, confirms=False)
    with CaptureServer(0, store, each=lines.append, limit=1, follow_up=follow_up) as server:
        asana = httpx.post(server.url, headers={"X-Hook-Secret": "s3cr3t-of-asana"}, trust_env=False)
        zoom = httpx.post(server.url, json=json.loads(ASKED[2].request.body), trust_env=False)
        sns = httpx.post(server.url, json=SNS, trust_env=False)

    assert (asana.status_code, asana.headers["x-hook-secret"]) == (200, "s3cr3t-of-asana")
    assert (zoom.status_code, sns.status_code) == (403, 200)
    assert list(into.iterdir()) == []
    assert not server.full.is_set()
    assert handover.read_text() == "s3cr3t-of-asana\n"
    assert handover.stat().st_mode & 0o777 == 0o600
    kept = f"Its X-Hook-Secret is in {handover}: refer to it as file:{handover}"
    assert [line.partition(". ")[2] or line.partition(": ")[2] for line in lines] == [
        kept,
        "Pass --secret env:NAME",
        f"To confirm the subscription, open {SNS['SubscribeURL']} or pass --confirm",
    ]
    assert [re.split(r"[:;]", line)[0] for line in lines] == [
        "answered the X-Hook-Secret of Asana",
        "refused the endpoint.url_validation of Zoom",
        "answered the SubscriptionConfirmation of Amazon SNS",
    ]
    assert server.summary == f"0 captured into {into}, 1 refused, 2 handshakes answered"


@pytest.mark.parametrize(
    "url",
    [
        "http://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription",
        "https://sns.eu-west-1.amazonaws.com.evil.example/?a=1",
        "https://user@sns.eu-west-1.amazonaws.com/?a=1",
        "https://bucket.s3.amazonaws.com/?a=1",
        "https://sns.eu-west-1.amazonaws.com/?a=\x1b[31m",
        "",
    ],
)
def test_a_url_of_a_stranger_is_neither_visited_nor_shown(tmp_path: Path, url: str) -> None:
    """Only Amazon's own https addresses confirm a subscription, even with --confirm."""
    answered = Handshakes(HANDSHAKE_REPLIES).answered(_post({**SNS, "SubscribeURL": url}), url=URL)
    assert answered is not None

    line = HandshakeFollowUp(None, into=tmp_path, confirms=True)(answered)

    assert line == ". Its SubscribeURL is not one of https://sns.REGION.amazonaws.com: do not visit it"


def test_a_secret_is_not_kept_unasked_and_never_among_fixtures(tmp_path: Path) -> None:
    """Without --handover the line says how to have it; a file inside of the fixtures is refused."""
    answered = Handshakes(HANDSHAKE_REPLIES).answered(_post({"verification_token": "secret_x"}), url=URL)
    assert answered is not None

    line = HandshakeFollowUp(None, into=tmp_path, confirms=False)(answered)

    assert line == (
        ". Its verification_token is a secret and was not stored: to have it, pass --handover FILE and subscribe again"
    )
    with pytest.raises(ConfigurationError, match=r"--handover .* is inside --into .*\. Name a file elsewhere\."):
        HandshakeFollowUp(tmp_path / "x", into=tmp_path, confirms=False)


@pytest.mark.parametrize("document", [{"type": 1, "id": "7"}, {"type": 0, "application_id": "1", "version": 1}])
def test_discord_is_answered_by_its_public_key(document: dict[str, Any]) -> None:
    """A genuine PING is answered, a forged one gets 401: else Discord refuses the receiver."""
    scheme = scheme_named("discord")
    private = scheme.new_secret()
    body = json.dumps(document).encode()
    now = int(time.time())

    def judged(request: Request) -> str:
        event = EventFormat(scheme=scheme).received(request.headers, request.body)
        wrong = signature_complaint(scheme, event, secret=scheme.public_key(private), urls=("",), now=now)
        return wrong.text if wrong else ""

    statuses = []
    for signed in (body, body + b" "):
        request = Request(method="POST", url="/", headers=scheme.sign(signed, secret=private, timestamp=now), body=body)
        answered = Handshakes(HANDSHAKE_REPLIES, scheme="discord", judge=judged).answered(request, url=URL)
        assert answered is not None
        statuses.append(answered.response.status)

    assert statuses == [204 if document["type"] == 0 else 200, 401]


@pytest.mark.parametrize(
    "words, message",
    [
        (["--scheme", "discord", "--public-key", "00ff"], "--public-key takes a reference"),
        (["--scheme", "github", "--public-key", "env:K"], "Give --secret in place of --public-key."),
        (["--scheme", "discord", "--secret", "env:K"], "Give --public-key in place of --secret."),
        (["--scheme", "discord", "--secret", "env:K", "--public-key", "env:K"], "exclude each other"),
    ],
)
def test_keys_of_the_wrong_kind_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], message: str
) -> None:
    """The message names the option to pass."""
    monkeypatch.setenv("K", "00" * 32)

    result = CliRunner().invoke(main, ["capture", "--into", str(tmp_path), *words])

    assert message in result.output
    assert result.exit_code == 4
