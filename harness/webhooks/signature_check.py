"""Verifies deliveries that someone else signed, as a receiver does, and words what is wrong."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable
from itertools import product
from typing import NamedTuple

from harness.model import Event
from harness.webhooks.schemes import Scheme
from harness.webhooks.schemes.algorithms import sign_encoded, verifies
from harness.webhooks.schemes.body_signature import BodySignature

TOLERANCE_S = 300
TOO_FAR_OFF = "its timestamp is too far off"
"""The cause of a complaint about nothing but the time."""
_NUMBER = re.compile(r"\d{9,13}")
WORD_BREAKS = re.compile(r"[,;:\s\"]|(?<=[a-z0-9])=(?=[A-Za-z0-9+/_-]{20})")
"""Between the words of a signature's header; the ``=`` of base64's padding is part of a word."""


class SignatureComplaint(NamedTuple):
    """Why a delivery is not genuine."""

    cause: str
    """The kind of fault, part of the id of its finding: with other words, waivers would no longer match."""
    text: str


def signature_complaint(
    scheme: Scheme, event: Event, *, secret: str, urls: Iterable[str], now: float, method: str = "POST"
) -> SignatureComplaint | None:
    """Return why an event that was received is not genuine, None when it is; ``now`` in Unix seconds.

    ``urls`` are those that its sender may have signed: see `sender_urls`. The first counts where no URL is signed.
    ``secret`` is the signing key, or the public key of a scheme that has one.
    """
    if not scheme.authenticates:
        return None
    if scheme.within:
        return _complaint_in_body(scheme, scheme.within, event.body, secret=secret, now=now)
    received = dict(event.headers)
    value = received.get(scheme.header, "")
    if not value:
        return SignatureComplaint(f"it has no {scheme.header}", f"it has no {scheme.header}")
    stamps = _timestamps(scheme, received, value)
    if scheme.timestamped and not stamps:
        return SignatureComplaint(f"{scheme.header} comes without a timestamp", f"{scheme.header} has no timestamp")
    # Split the value into words, so that any of several signatures is found (rotation).
    words = [word.encode() for word in WORD_BREAKS.split(value)]
    candidates = tuple(urls) if scheme.signs_url else ("",)
    for stamp, url in product(stamps or [""], candidates):
        message = scheme.message(event.body, timestamp=stamp, event_id=event.id, url=url, method=method)
        if _is_signed(scheme, message, words, secret):
            return _complaint_of_time(scheme, stamp, now)
    cause = f"{scheme.header} is not the signature of the bytes that came"
    return SignatureComplaint(cause, f"{scheme.header} does not match the received bytes")


def _complaint_in_body(
    scheme: Scheme, within: BodySignature, body: bytes, *, secret: str, now: float
) -> SignatureComplaint | None:
    found, where = within.found(body), f"{within.holder}.{within.signature}"
    if not found or not all(found):
        return SignatureComplaint(f"it has no {where}", f"it has no {where}")
    stamp = next(iter(within.members(body, within.timestamp)), "") if scheme.timestamped else ""
    if scheme.timestamped and not _NUMBER.fullmatch(stamp):
        return SignatureComplaint(f"{where} comes without a timestamp", f"{where} has no timestamp")
    right = within.found(scheme.sign_body(body, secret=secret, timestamp=stamp))
    if not all(hmac.compare_digest(each.encode(), own.encode()) for each, own in zip(found, right, strict=True)):
        cause = f"{where} is not the signature of the fields that came"
        return SignatureComplaint(cause, f"{where} does not match the received fields")
    return _complaint_of_time(scheme, stamp, now)


def _complaint_of_time(scheme: Scheme, stamp: str, now: float) -> SignatureComplaint | None:
    off = now - int(stamp or 0) / (1000 if scheme.timestamp_unit == "ms" else 1)
    if not scheme.timestamped or abs(off) <= (scheme.tolerance_s or TOLERANCE_S):
        return None
    return SignatureComplaint(TOO_FAR_OFF, f"its timestamp is off by {off:.0f} s")


def _is_signed(scheme: Scheme, message: bytes, words: list[bytes], key: str) -> bool:
    """Whether one of ``words`` is the signature of ``message``; raises `SecretError` for a malformed key."""
    if not scheme.symmetric:
        return verifies(scheme.algorithm, scheme.key_form, scheme.encoding, key, message, words)
    right = sign_encoded(scheme.algorithm, scheme.key_form, scheme.encoding, key, message).encode()
    return any(hmac.compare_digest(word, right) for word in words)


def _timestamps(scheme: Scheme, received: dict[str, str], value: str) -> list[str]:
    """Return the numbers that may be the timestamp, as they were sent: one in milliseconds is signed to the last."""
    if not scheme.timestamped:
        return []
    beside = [received.get(name.lower(), "") for name, _ in scheme.beside]
    text = received.get(scheme.timestamp_header, "") if scheme.timestamp_header else " ".join([value, *beside])
    return _NUMBER.findall(text)[:3]
