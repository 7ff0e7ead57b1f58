"""The handshakes of the providers, one row each; the first that recognises a request answers it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Callable

from harness.http.message import Headers, Response
from harness.webhooks.handshake_replies import HandshakeReply, HandshakeRequest

Challenge = Callable[[HandshakeRequest], str | None]
Answer = Callable[[str, HandshakeRequest], Response]

_TEXT: Headers = (("content-type", "text/plain; charset=utf-8"), ("x-content-type-options", "nosniff"))
_JSON: Headers = (("content-type", "application/json"),)
_HEX_32 = re.compile(r"[0-9a-f]{32}")


def _in_query(name: str, *methods: str) -> Challenge:
    return lambda asked: asked.query.get(name) if asked.method in methods else None


def _in_header(name: str) -> Challenge:
    return lambda asked: asked.header(name) or None


def _in_body(*keys: str, only: bool = False, **expected: str) -> Challenge:
    """Recognise a body with text at ``keys``, one inside the other, and the ``expected`` values beside the first."""

    def challenge(asked: HandshakeRequest) -> str | None:
        document = asked.document
        if (only and len(document) != 1) or any(document.get(name) != value for name, value in expected.items()):
            return None
        found: object = document
        for key in keys:
            found = found.get(key) if isinstance(found, dict) else None
        return found if isinstance(found, str) else None

    return challenge


def _discord(asked: HandshakeRequest) -> str | None:
    kind, has = asked.document.get("type"), asked.document.keys()
    is_ping = type(kind) is int and kind == 1 and not has & {"data", "event"}
    return "" if is_ping and (asked.header("x-signature-ed25519") or len(has) == 1 or "application_id" in has) else None


def _discord_event(asked: HandshakeRequest) -> str | None:
    kind, has = asked.document.get("type"), asked.document.keys()
    return "" if type(kind) is int and kind == 0 and "application_id" in has and "event" not in has else None


def _strava(asked: HandshakeRequest) -> str | None:
    found = asked.query.get("hub.challenge", "")
    by_another = "hub.topic" in asked.query or "facebook" in asked.header("user-agent").lower()
    return found if asked.method == "GET" and not by_another and _HEX_32.fullmatch(found) else None


def _sns(asked: HandshakeRequest) -> str | None:
    kind = asked.document.get("Type") or asked.header("x-amz-sns-message-type")
    return str(asked.document.get("SubscribeURL", "")) if kind == "SubscriptionConfirmation" else None


def _text(challenge: str, _: HandshakeRequest) -> Response:
    return Response(status=200, headers=_TEXT, body=challenge.encode("utf-8", "replace"))


def _json(**fields: Callable[[str, HandshakeRequest], object]) -> Answer:
    def answer(challenge: str, asked: HandshakeRequest) -> Response:
        content = {name.replace("__", "."): value(challenge, asked) for name, value in fields.items()}
        return Response(status=200, headers=_JSON, body=json.dumps(content, separators=(",", ":")).encode())

    return answer


def _header(name: str) -> Answer:
    return lambda challenge, _: Response(status=200, headers=((name, challenge),))


def _status(status: int) -> Answer:
    return lambda _challenge, _asked: Response(status=status)


def _origin(challenge: str, asked: HandshakeRequest) -> Response:
    rate = asked.header("webhook-request-rate")
    allowed = (("webhook-allowed-origin", challenge), ("allow", "POST, PUT, PATCH, OPTIONS"))
    return Response(status=200, headers=(*allowed, *((("webhook-allowed-rate", rate),) if rate else ())))


def _itself(challenge: str, _: HandshakeRequest) -> str:
    return challenge


def _mac(challenge: str, asked: HandshakeRequest) -> bytes:
    return hmac.digest(asked.secret.encode(), challenge.encode("utf-8", "replace"), "sha256")


def _hex_mac(challenge: str, asked: HandshakeRequest) -> str:
    return _mac(challenge, asked).hex()


def _crc(challenge: str, asked: HandshakeRequest) -> str:
    return f"sha256={base64.b64encode(_mac(challenge, asked)).decode()}"


def _ebay(challenge: str, asked: HandshakeRequest) -> str:
    return hashlib.sha256(
        (challenge + asked.secret + asked.url.partition("?")[0]).encode("utf-8", "replace")
    ).hexdigest()


def _row(name: str, challenge: Challenge, answer: Answer, source: str, **more: str | bool) -> HandshakeReply:
    return HandshakeReply(name=name, challenge=challenge, answer=answer, source=source, **more)  # type: ignore[arg-type]  # of the fields


HANDSHAKE_REPLIES: tuple[HandshakeReply, ...] = (
    _row(
        "the url_verification of Slack",  # Lark and Feishu send and expect the same
        _in_body("challenge", type="url_verification"),
        _json(challenge=_itself),
        "docs.slack.dev, url_verification event; open.feishu.cn, event subscription",
        signed_by="slack",
    ),
    _row(
        "the endpoint.url_validation of Zoom",
        _in_body("payload", "plainToken", event="endpoint.url_validation"),
        _json(plainToken=_itself, encryptedToken=_hex_mac),
        "developers.zoom.us, Using webhooks: validate your webhook endpoint",
        signed_by="zoom",
        needs_secret=True,
    ),
    _row(
        "the PING of Discord",
        _discord,
        _json(type=lambda _challenge, _asked: 1),
        "docs.discord.com, Setting up an endpoint: acknowledging PING requests",
        signed_by="discord",
    ),
    _row(
        "the PING of Discord's webhook events",
        _discord_event,
        _status(204),
        "docs.discord.com, Webhook events: preparing for events",
        signed_by="discord",
    ),
    _row(
        "the SubscriptionValidationEvent of Azure Event Grid",
        _in_body("data", "validationCode", eventType="Microsoft.EventGrid.SubscriptionValidationEvent"),
        _json(validationResponse=_itself),
        "learn.microsoft.com, Event Grid: endpoint validation",
    ),
    _row(
        "the verification token of Notion",
        _in_body("verification_token", only=True),
        _status(200),
        "developers.notion.com, Webhooks: verify the subscription",
        hands_over="verification_token",
        signs_with_it=True,
    ),
    _row(
        "the verification code of Clover",
        _in_body("verificationCode", only=True),
        _status(200),
        "docs.clover.com, Using webhooks",
        hands_over="verificationCode",
    ),
    _row("the SubscriptionConfirmation of Amazon SNS", _sns, _status(200), "docs.aws.amazon.com, SNS", visited=True),
    _row(
        "the challenge of Smartsheet",
        _in_header("smartsheet-hook-challenge"),
        _header("smartsheet-hook-response"),
        "developers.smartsheet.com, Webhook verification",
    ),
    _row(
        "the callback verification of Twitch",
        lambda asked: (
            _in_body("challenge")(asked)
            if asked.header("twitch-eventsub-message-type") == "webhook_callback_verification"
            else None
        ),
        _text,
        "dev.twitch.tv, EventSub: responding to a challenge request",
    ),
    _row(
        "the challenge of monday.com",
        _in_body("challenge", only=True),
        _json(challenge=_itself),
        "developer.monday.com, Webhooks: verification",
    ),
    _row(
        "the X-Hook-Secret of Asana",
        _in_header("x-hook-secret"),
        _header("x-hook-secret"),
        "developers.asana.com, Webhooks: the handshake",
        hands_over="X-Hook-Secret",
        signs_with_it=True,
    ),
    _row(
        "the Validation-Token of RingCentral",
        _in_header("validation-token"),
        _header("validation-token"),
        "developers.ringcentral.com, Creating webhooks",
    ),
    _row(
        "the validationToken of Microsoft Graph",
        _in_query("validationtoken", "POST", "GET"),
        _text,
        "learn.microsoft.com, Microsoft Graph: notificationUrl validation",
    ),
    _row(
        "the validation code of Office 365 Management",
        _in_header("webhook-validationcode"),
        _status(200),
        "learn.microsoft.com, Office 365 Management Activity API: webhook validation",
    ),
    _row(
        "the sync message of Google",
        lambda asked: "" if asked.header("x-goog-resource-state") == "sync" else None,
        _status(200),
        "developers.google.com, Push notifications: sync message",
    ),
    _row(
        "the hub.challenge of Strava", _strava, _json(hub__challenge=_itself), "developers.strava.com, Webhook events"
    ),
    _row(
        "the hub.challenge of Meta or a WebSub hub",
        _in_query("hub.challenge", "GET"),
        _text,
        "developers.facebook.com, Webhooks: verification requests; W3C WebSub, section 5.3",
    ),
    _row(
        "the CRC of X (Twitter)",
        _in_query("crc_token", "GET"),
        _json(response_token=_crc),
        "docs.x.com, Webhooks: challenge-response checks",
        needs_secret=True,
    ),
    _row(
        "the challengeCode of LinkedIn",
        _in_query("challengecode", "GET"),
        _json(challengeCode=_itself, challengeResponse=_hex_mac),
        "learn.microsoft.com, LinkedIn: webhook validation",
        needs_secret=True,
    ),
    _row(
        "the challenge_code of eBay",
        _in_query("challenge_code", "GET"),
        _json(challengeResponse=_ebay),
        "developer.ebay.com, Marketplace account deletion",
        needs_secret=True,
    ),
    _row(
        "the one-time verification of Okta",
        lambda asked: _in_header("x-okta-verification-challenge")(asked) if asked.method == "GET" else None,
        _json(verification=_itself),
        "developer.okta.com, Event hooks: one-time verification request",
    ),
    _row("the challenge of Dropbox", _in_query("challenge", "GET"), _text, "dropbox.com/developers, Webhooks"),
    _row("the echostr of WeChat", _in_query("echostr", "GET"), _text, "developers.weixin.qq.com, Access guide"),
    _row(
        "the OPTIONS request of CloudEvents",
        lambda asked: (asked.header("webhook-request-origin") or "*") if asked.method == "OPTIONS" else None,
        _origin,
        "CloudEvents 1.0, HTTP 1.1 Web Hooks for Event Delivery, section 4",
    ),
    _row(
        "the look whether the URL exists (HEAD or GET, as of Trello and Mailchimp)",
        # Twilio can be set to send its events by GET, which no fixture holds.
        lambda asked: "" if asked.method in {"HEAD", "GET"} and not asked.header("x-twilio-signature") else None,
        _status(200),
        "developer.atlassian.com, Trello webhooks; mailchimp.com/developer, Webhooks",
    ),
)
