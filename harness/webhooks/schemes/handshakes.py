"""Handshakes: the requests that some providers send before any event, as data."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import msgspec

from harness.http.message import Headers, Response

ORIGIN = "provider.example"


class Handshake(msgspec.Struct, frozen=True, kw_only=True):
    """One such request, and the response that it needs."""

    scheme: str
    """Name of the scheme whose providers send it."""
    request: str
    """What the provider calls the request."""
    expected: str
    """The right response in words."""
    source: str
    method: str = "POST"
    headers: Headers = (("content-type", "application/json"),)
    signed: bool = True
    """Whether the request is signed; a receiver must answer an unsigned one too."""
    body: Callable[[str], bytes]
    """Returns the body of the request, given a nonce."""
    flaw: Callable[[Response, str, str], str]
    """Returns what is wrong with a response, given the nonce and the receiver's secret; empty when nothing is."""


def _json(**fields: Any) -> bytes:
    return json.dumps(fields, separators=(",", ":")).encode()


def _document(answer: Response) -> dict[str, Any]:
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _slack_flaw(answer: Response, nonce: str, _secret: str) -> str:
    if answer.status != 200:
        return f"HTTP {answer.status}"
    if answer.body.decode("utf-8", "replace").strip() == nonce or _document(answer).get("challenge") == nonce:
        return ""
    return "HTTP 200 without the challenge"


def _zoom_flaw(answer: Response, nonce: str, secret: str) -> str:
    if answer.status not in {200, 204}:
        return f"HTTP {answer.status}"
    document = _document(answer)
    if document.get("plainToken") != nonce:
        return "no plainToken in the body"
    right = hmac.new(secret.encode(), nonce.encode(), hashlib.sha256).hexdigest()
    return "" if document.get("encryptedToken") == right else "the encryptedToken is wrong"


def _discord_flaw(answer: Response, _nonce: str, _secret: str) -> str:
    if answer.status != 200:
        return f"HTTP {answer.status}"
    return "" if _document(answer).get("type") == 1 else "HTTP 200 without PONG"


def _cloudevents_flaw(answer: Response, _nonce: str, _secret: str) -> str:
    if not 200 <= answer.status < 300:
        return f"HTTP {answer.status}"
    allowed = answer.header("webhook-allowed-origin")
    if allowed not in {"*", ORIGIN}:
        return f"WebHook-Allowed-Origin: {allowed}" if allowed else "no WebHook-Allowed-Origin"
    return ""


HANDSHAKES: tuple[Handshake, ...] = (
    Handshake(
        scheme="slack",
        request="Slack's url_verification",
        expected="HTTP 200 and the value of challenge",
        source="docs.slack.dev, url_verification event",
        body=lambda nonce: _json(type="url_verification", token="unused", challenge=nonce),  # noqa: S106 - no secret
        flaw=_slack_flaw,
    ),
    Handshake(
        scheme="zoom",
        request="Zoom's endpoint.url_validation",
        expected="HTTP 200 or 204, plainToken, and its HMAC as encryptedToken",
        source="developers.zoom.us, Using webhooks: validate your webhook endpoint",
        body=lambda nonce: _json(event="endpoint.url_validation", payload={"plainToken": nonce}, event_ts=0),
        flaw=_zoom_flaw,
    ),
    Handshake(
        scheme="discord",
        request="Discord's PING",
        expected='HTTP 200 and {"type": 1}, a PONG',
        source="docs.discord.com, Setting up an endpoint: acknowledging PING requests",
        body=lambda nonce: _json(id=nonce, type=1, version=1),
        flaw=_discord_flaw,
    ),
    Handshake(
        scheme="cloudevents",
        request="the OPTIONS request of CloudEvents",
        method="OPTIONS",
        headers=(("webhook-request-origin", ORIGIN), ("webhook-request-rate", "120")),
        signed=False,
        expected="HTTP 2xx and a header WebHook-Allowed-Origin with the requested origin or *",
        source="CloudEvents 1.0, HTTP 1.1 Web Hooks for Event Delivery, section 4",
        body=lambda _: b"",
        flaw=_cloudevents_flaw,
    ),
)
