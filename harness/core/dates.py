"""Lengths of time and moments as they are written: durations of harness.toml, ``Retry-After``, HTTP and ISO dates."""

from __future__ import annotations

import datetime as dt
import email.utils
import re

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_HOUR_24 = re.compile(r".{8,10}\D24")  # after a date in its basic or extended form
DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)")


def duration_s(text: str) -> float:
    """Return a length of time such as ``250ms`` or ``90d`` in seconds; raises ValueError that shows the valid forms."""
    match = DURATION.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a length of time; write 250ms, 3s, 5m, 2h or 90d")
    return float(match[1]) * _UNITS[match[2]]


def as_duration(seconds: float) -> str:
    """Write whole seconds in the largest unit without a rest, as `duration_s` reads them: ``60`` is ``1m``."""
    unit, length = next((u, s) for u, s in reversed(_UNITS.items()) if seconds % s == 0 and s >= 1)
    return f"{seconds / length:g}{unit}"


def in_words(seconds: float) -> str:
    """Return a length of time as an estimate is read: ``40 s``, ``12 min`` or ``2 h 5 min``."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def retry_after_s(value: str, *, now: float) -> float | None:
    """Return how many seconds ``Retry-After`` asks to wait: delay-seconds or an HTTP-date (RFC 9110 section 10.2.3).

    ``now`` is the present in seconds since the epoch; a past date means 0. Returns None for any other value.
    """
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value)
    moment = http_date(value)
    return None if moment is None else max(0.0, moment - now)


def iso_moment(text: str) -> dt.datetime | None:
    """Read a date of ISO 8601, with or without a time; None for anything else.

    Hours end at 23 (RFC 3339 section 5.6): Python takes ``24:00`` since 3.14, for the day after.
    """
    try:
        return None if _HOUR_24.match(text) else dt.datetime.fromisoformat(text)
    except ValueError:
        return None


def http_date(value: str) -> float | None:
    """Read an HTTP-date, in any form of RFC 9110 section 5.6.7, as seconds since the epoch; None for anything else."""
    try:
        moment = email.utils.parsedate_to_datetime(value)
        if moment.tzinfo is None:  # asctime names no zone, and all HTTP-dates are in GMT
            moment = moment.replace(tzinfo=dt.UTC)
        return moment.timestamp()
    except (ValueError, TypeError, OverflowError):
        return None


def as_rfc3339(at: dt.datetime, precision: str) -> str:
    """Write a moment of UTC; ``precision`` is ``seconds``, ``milliseconds`` or the like (`datetime.isoformat`)."""
    return at.isoformat(timespec=precision).replace("+00:00", "Z")


def as_http_date(at: float) -> str:
    """Write a moment, in seconds since the epoch, as an HTTP-date; its fraction of a second is lost."""
    return email.utils.formatdate(at, usegmt=True)
