"""The header lines of the providers' deliveries, spelled and in the order as they send them.

A value that is empty is written for each delivery. Sources: the providers' pages that the schemes name, and headers of
deliveries that receivers have published, such as github.com/stripe/stripe-cli/issues/909.
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.http.message import Headers

_HOST, _LENGTH = ("Host", ""), ("Content-Length", "")
_JSON, _JSON_UTF8 = ("Content-Type", "application/json"), ("Content-Type", "application/json; charset=utf-8")
_ANY = ("Accept", "*/*")

SENT: Mapping[str, Headers] = {
    "svix": (
        ("content-type", "application/json"),
        ("content-length", ""),
        ("user-agent", "Svix-Webhooks/1.24.0"),
        ("accept", "*/*"),
        ("svix-id", ""),
        ("svix-timestamp", ""),
        ("svix-signature", ""),
        ("host", ""),
    ),
    "stripe": (
        _HOST,
        ("User-Agent", "Stripe/1.0 (+https://stripe.com/docs/webhooks)"),
        _LENGTH,
        ("Accept", "*/*; q=0.5, application/xml"),
        ("Cache-Control", "no-cache"),
        _JSON_UTF8,
        ("Stripe-Signature", ""),
    ),
    "github": (
        _HOST,
        ("User-Agent", "GitHub-Hookshot/044aadd"),
        _LENGTH,
        _ANY,
        _JSON,
        ("X-GitHub-Delivery", ""),
        ("X-GitHub-Event", ""),
        ("X-Hub-Signature-256", ""),
    ),
    "slack": (
        _HOST,
        ("User-Agent", "Slackbot 1.0 (+https://api.slack.com/robots)"),
        _LENGTH,
        _ANY,
        ("Accept-Encoding", "gzip,deflate"),
        _JSON,
        ("X-Slack-Request-Timestamp", ""),
        ("X-Slack-Signature", ""),
    ),
    "shopify": (
        _HOST,
        ("User-Agent", "Shopify-Captain-Hook"),
        _LENGTH,
        _ANY,
        ("Accept-Encoding", "gzip;q=1.0,deflate;q=0.6,identity;q=0.3"),
        _JSON,
        ("X-Shopify-Event-Id", ""),
        ("X-Shopify-Hmac-Sha256", ""),
        ("X-Shopify-Topic", ""),
        ("X-Shopify-Webhook-Id", ""),
    ),
    "zoom": (
        _HOST,
        ("User-Agent", "Zoom Marketplace/1.0a"),
        _LENGTH,
        _JSON_UTF8,
        ("X-Zm-Request-Timestamp", ""),
        ("X-Zm-Signature", ""),
    ),
    "adyen": (
        _HOST,
        ("User-Agent", "Adyen HttpClient 1.0"),
        _LENGTH,
        _JSON_UTF8,
        ("HmacSignature", ""),
        ("Protocol", ""),
    ),
    "twilio": (
        _HOST,
        ("User-Agent", "TwilioProxy/1.1"),
        _LENGTH,
        _ANY,
        ("Content-Type", ""),
        ("I-Twilio-Idempotency-Token", ""),
        ("X-Twilio-Signature", ""),
    ),
    "sendgrid": (
        _HOST,
        ("User-Agent", "SendGrid Event API"),
        _LENGTH,
        _JSON,
        ("X-Twilio-Email-Event-Webhook-Signature", ""),
        ("X-Twilio-Email-Event-Webhook-Timestamp", ""),
    ),
    "discord": (
        ("host", ""),
        ("user-agent", "Discord-Interactions/1.0 (+https://discord.com)"),
        ("content-length", ""),
        ("content-type", "application/json"),
        ("x-signature-ed25519", ""),
        ("x-signature-timestamp", ""),
    ),
}
"""By the name of the scheme; the others have no sender of their own, or none whose headers are published."""
