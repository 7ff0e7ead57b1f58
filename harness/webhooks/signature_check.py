"""Verifies deliveries that someone else signed, as a receiver does, and words what is wrong."""

from __future__ import annotations

import hmac
import re

from harness.model import Event
from harness.webhooks.schemes import Scheme

TOLERANCE_S = 300
_NUMBER = re.compile(r"\d{9,13}")


def signature_complaint(scheme: Scheme, event: Event, *, secret: str, url: str, now: float) -> str:
    """Return why an event that was received is not genuine, empty when it is; ``now`` in Unix seconds."""
    received = dict(event.headers)
    value = received.get(scheme.header, "")
    if not value:
        return f"it has no {scheme.header}"
    stamps = _timestamps(scheme, received, value)
    if scheme.timestamped and not stamps:
        return f"{scheme.header} has no timestamp"
    for stamp in stamps or [0]:
        right = scheme.signature(event.body, secret=secret, timestamp=stamp, event_id=event.id, url=url)
        # Split the value into words, so that any of several signatures is found (rotation).
        words = re.split(r"[,;:\s]|(?<=[a-z0-9])=(?=[A-Za-z0-9+/_-]{20})", value)
        if any(hmac.compare_digest(word.encode(), right.encode()) for word in words):
            late = abs(now - stamp) > (scheme.tolerance_s or TOLERANCE_S)
            return f"its timestamp is off by {now - stamp:.0f} s" if scheme.timestamped and late else ""
    return f"{scheme.header} does not match the received bytes"


def _timestamps(scheme: Scheme, received: dict[str, str], value: str) -> list[int]:
    """Return the numbers that may be the timestamp, in Unix seconds."""
    if not scheme.timestamped:
        return []
    beside = [received.get(name.lower(), "") for name, _ in scheme.beside]
    text = received.get(scheme.timestamp_header, "") if scheme.timestamp_header else " ".join([value, *beside])
    unit = 1000 if scheme.timestamp_unit == "ms" else 1
    return [int(number) // unit for number in _NUMBER.findall(text)[:3]]
