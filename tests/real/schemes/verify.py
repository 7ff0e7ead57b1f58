# It runs in the vendors' environment, whose libraries are not in ours.
# mypy: ignore-errors
"""Asks the vendors' own Python libraries whether deliveries are genuine.

Reads a JSON list of ``{verifier, key, headers, body, url, method}`` (body in base64) from stdin, and prints one of
true and false. Where no vendor has a library for receivers, an independent one takes its place: PyNaCl for Standard
Webhooks v1a, webhooks-cc for GitLab, Telegram and Mailgun, and for Zoom, Trello, Mandrill, plain tokens and HTTP Basic
the few lines of their documentation.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import sys
from typing import Any
from urllib.parse import parse_qsl

from nacl.exceptions import BadSignatureError

logging.disable(logging.CRITICAL)
HOSTILE = "--hostile"
"""Argument where deliveries are so garbled that a library may raise anything."""


def standard_webhooks(d: Delivery) -> bool:
    from standardwebhooks import Webhook

    Webhook(d.key).verify(d.body, d.headers)
    return True


def standard_webhooks_v1a(d: Delivery) -> bool:
    from nacl.signing import VerifyKey

    key = VerifyKey(base64.b64decode(d.key.removeprefix("whpk_")))
    message = f"{d.headers['webhook-id']}.{d.headers['webhook-timestamp']}.".encode() + d.body
    return any(_is_v1a(each, key, message) for each in d.headers["webhook-signature"].split(" "))


def _is_v1a(each: str, key: Any, message: bytes) -> bool:
    version, _, signature = each.partition(",")
    try:
        return version == "v1a" and bool(key.verify(message, base64.b64decode(signature)))
    except (BadSignatureError, ValueError):
        return False


def svix(d: Delivery) -> bool:
    from svix.webhooks import Webhook

    Webhook(d.key).verify(d.body, d.headers)
    return True


def stripe(d: Delivery) -> bool:
    import stripe as library

    return library.WebhookSignature.verify_header(d.text, d.headers["stripe-signature"], d.key, 300)


def github(d: Delivery) -> bool:
    from gidgethub import sansio

    sansio.validate_event(d.body, signature=d.headers["x-hub-signature-256"], secret=d.key)
    return True


def slack(d: Delivery) -> bool:
    from slack_sdk.signature import SignatureVerifier

    return SignatureVerifier(d.key).is_valid_request(d.body, d.headers)


def shopify(d: Delivery) -> bool:
    from webhooks_cc.verify import verify_shopify_signature

    return verify_shopify_signature(d.body, d.headers["x-shopify-hmac-sha256"], d.key)


def square(d: Delivery) -> bool:
    from square.utils.webhooks_helper import verify_signature

    return verify_signature(
        request_body=d.text,
        signature_header=d.headers["x-square-hmacsha256-signature"],
        signature_key=d.key,
        notification_url=d.url,
    )


def twilio(d: Delivery) -> bool:
    from twilio.request_validator import RequestValidator

    params = d.text if "bodySHA256" in d.url else dict(parse_qsl(d.text, keep_blank_values=True))
    return RequestValidator(d.key).validate(d.url, params, d.headers["x-twilio-signature"])


def twilio_sha256(d: Delivery) -> bool:
    from twilio.request_validator import SIGNATURE_SETTINGS_HEADER, RequestValidator, get_signature_algorithm

    params = d.text if "bodySHA256" in d.url else dict(parse_qsl(d.text, keep_blank_values=True))
    algorithm = get_signature_algorithm(d.headers.get(SIGNATURE_SETTINGS_HEADER.lower()))
    return RequestValidator(d.key).validate(d.url, params, d.headers["x-twilio-signature"], algorithm)


def sendgrid(d: Delivery) -> bool:
    from sendgrid.helpers.eventwebhook import EventWebhook

    name = "x-twilio-email-event-webhook"
    return EventWebhook(d.key).verify_signature(d.text, d.headers[f"{name}-signature"], d.headers[f"{name}-timestamp"])


def discord(d: Delivery) -> bool:
    from contextlib import redirect_stdout

    from discord_interactions import verify_key

    with redirect_stdout(sys.stderr):
        return verify_key(d.body, d.headers["x-signature-ed25519"], d.headers["x-signature-timestamp"], d.key)


def zoom(d: Delivery) -> bool:
    message = f"v0:{d.headers['x-zm-request-timestamp']}:{d.text}"
    right = "v0=" + hmac.new(d.key.encode(), message.encode(), hashlib.sha256).hexdigest()
    return hmac.compare_digest(right, d.headers["x-zm-signature"])


def hubspot(d: Delivery) -> bool:
    from hubspot.utils.signature import Signature

    return Signature.is_valid(
        signature=d.headers["x-hubspot-signature-v3"],
        client_secret=d.key,
        request_body=d.text,
        http_uri=d.url,
        http_method=d.method,
        signature_version="v3",
        timestamp=d.headers["x-hubspot-request-timestamp"],
    )


def paddle(d: Delivery) -> bool:
    from webhooks_cc.verify import verify_paddle_signature

    return verify_paddle_signature(d.body, d.headers["paddle-signature"], d.key)


def workos(d: Delivery) -> bool:
    from webhooks_cc.verify import verify_workos_signature

    return verify_workos_signature(d.body, d.headers["workos-signature"], d.key)


def adyen(d: Delivery) -> bool:
    from Adyen.util import is_valid_hmac_payload

    return is_valid_hmac_payload(d.headers["hmacsignature"], d.key, d.body)


def adyen_payments(d: Delivery) -> bool:
    from Adyen.util import is_valid_hmac_notification
    from webhooks_cc.verify import verify_adyen_signature

    try:
        accepted = bool(is_valid_hmac_notification(json.loads(d.body), d.key))
    except KeyError:  # no signature
        accepted = False
    assert accepted is verify_adyen_signature(d.body, d.key)
    return accepted


def mailgun(d: Delivery) -> bool:
    from webhooks_cc.verify import verify_mailgun_signature

    signature = json.loads(d.body)["signature"]
    message = f"{signature['timestamp']}{signature['token']}".encode()
    right = hmac.new(key=d.key.encode(), msg=message, digestmod=hashlib.sha256).hexdigest()
    accepted = hmac.compare_digest(right, signature.get("signature", ""))
    assert accepted is verify_mailgun_signature(d.body, d.key)
    return accepted


def gitlab(d: Delivery) -> bool:
    from webhooks_cc.verify import verify_gitlab_signature

    return verify_gitlab_signature(d.body, d.headers["x-gitlab-token"], d.key)


def telegram(d: Delivery) -> bool:
    from webhooks_cc.verify import verify_telegram_signature

    return verify_telegram_signature(d.body, d.headers["x-telegram-bot-api-secret-token"], d.key)


def token(d: Delivery) -> bool:
    return d.headers["authorization"] == f"Bearer {d.key}"


def basic(d: Delivery) -> bool:
    from werkzeug.datastructures import Authorization

    given = Authorization.from_header(d.headers["authorization"])
    return given is not None and f"{given.username}:{given.password}" == d.key


def trello(d: Delivery) -> bool:
    digest = hmac.new(d.key.encode(), d.body + d.url.encode(), hashlib.sha1).digest()
    return hmac.compare_digest(base64.b64encode(digest).decode(), d.headers["x-trello-webhook"])


def mandrill(d: Delivery) -> bool:
    params = dict(parse_qsl(d.text, keep_blank_values=True))
    signed = d.url + "".join(name + params[name] for name in sorted(params))
    digest = hmac.new(d.key.encode(), signed.encode(), hashlib.sha1).digest()
    return hmac.compare_digest(base64.b64encode(digest).decode(), d.headers["x-mandrill-signature"])


def cloudevents(d: Delivery) -> bool:
    from cloudevents.core.bindings.http import HTTPMessage, from_http_event

    event = from_http_event(HTTPMessage(d.headers, d.body))
    return event.get_id() == d.headers["ce-id"] and d.headers["authorization"] == f"Bearer {d.key}"


def rfc9421(d: Delivery) -> bool:
    import http_message_signatures as library
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    class Keys(library.HTTPSignatureKeyResolver):
        def resolve_public_key(self, key_id: str) -> Any:
            assert key_id == "key-1"
            return Ed25519PublicKey.from_public_bytes(base64.b64decode(d.key)) if d.ed25519 else d.key.encode()

    class Message:
        method, url, headers = d.method, d.url, dict(d.headers)

    algorithm = library.algorithms.ED25519 if d.ed25519 else library.algorithms.HMAC_SHA256
    verifier = library.HTTPMessageVerifier(signature_algorithm=algorithm, key_resolver=Keys())
    return bool(verifier.verify(Message(), body=d.body))


class Delivery:
    """One delivery as it arrived."""

    def __init__(self, given: dict[str, Any]) -> None:
        self.headers = given["headers"]
        self.body = base64.b64decode(given["body"])
        self.text = self.body.decode()
        self.key, self.url, self.method = given["key"], given["url"], given["method"]
        self.ed25519 = given["verifier"].endswith("-ed25519")


def accepted(given: dict[str, Any]) -> bool:
    """Tell whether the library takes it; a library refuses by its answer or by an exception of its own."""
    name = given["verifier"].removesuffix("-ed25519").replace("-", "_")
    verify = globals()[name]
    try:
        return bool(verify(Delivery(given)))
    except (ImportError, NameError, AttributeError, TypeError):
        if HOSTILE not in sys.argv:
            raise  # a mistake in this file, no refusal
        return False
    except Exception as exc:  # noqa: BLE001 - each library has its own
        sys.stderr.write(f"{given['verifier']}: {type(exc).__name__}: {exc}\n")
        return False


if __name__ == "__main__":
    sys.stdout.write(json.dumps([accepted(given) for given in json.load(sys.stdin)]))
