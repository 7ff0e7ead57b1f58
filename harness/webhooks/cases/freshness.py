"""Group B, freshness: a receiver refuses a delivery that is too old or has no valid timestamp."""

from __future__ import annotations

from email.utils import formatdate
from functools import partial

from msgspec.structs import replace

from harness.http.message import Request
from harness.model import Level
from harness.webhooks.cases.building import Material, replaced
from harness.webhooks.cases.receiver_case import Expected, ReceiverCase, worded_case
from harness.webhooks.schemes import Scheme

MARGIN_S = 60
"""Seconds beyond the tolerance, so that small differences between clocks do not matter."""
SLACK_S = 30
"""Seconds within the tolerance, for the same reason."""
_FAR_S = 3600
_AHEAD_S = 5
"""Seconds by which clocks differ that nobody synchronises more than now and then."""

_STANDARD = "Standard Webhooks, Verifying webhook authenticity: the timestamp must be within the tolerance"
_STALE = "Refuse a signed timestamp that differs from now by more than the tolerance, usually five minutes."
_PARSE = "Read the timestamp as a whole decimal number, and answer 400 to anything else before you compare it."
_SIGNED = "Verify over the timestamp exactly as the header states it, and refuse a delivery without one."


def _untimed(scheme: Scheme) -> str:
    return "" if scheme.timestamped else f"{scheme.name} does not sign a timestamp"


def unplaced(scheme: Scheme) -> str:
    """Return why a delivery cannot state another timestamp, or none; empty where it can."""
    placed = scheme.timestamp_header or scheme.within or "{timestamp}" in scheme.value
    return _untimed(scheme) or ("" if placed else f"{scheme.name} puts its timestamp among other parameters")


def unlimited(scheme: Scheme) -> str:
    """Return why no timestamp is too old, empty where one can be."""
    return _untimed(scheme) or ("" if scheme.tolerance_s else f"the provider of {scheme.name} documents no tolerance")


def _past_only(scheme: Scheme) -> str:
    reason = f"{scheme.name} limits only the age of a delivery; its own library accepts one from the future"
    return unlimited(scheme) or ("" if scheme.refuses_future else reason)


def tolerance_of(scheme: Scheme) -> int:
    """Return how far from now a timestamp may be, in seconds; 0 where the provider documents no limit."""
    return int(scheme.tolerance_s or 0)


def _signed_at(shift_s: int, m: Material) -> Request:
    """Return a delivery dated ``shift_s`` seconds outside the tolerance: too old if negative, else too far ahead."""
    outside = tolerance_of(m.scheme) + abs(shift_s)
    return m.signed(timestamp=m.timestamp + (outside if shift_s > 0 else -outside))


def _within(m: Material) -> Request:
    age = max(1, min(tolerance_of(m.scheme) - SLACK_S, int(tolerance_of(m.scheme) * 0.9)))
    return m.signed(timestamp=m.timestamp - age)


def _dated_then(m: Material) -> Request:
    """Return a stale delivery that also states the time at which it was signed as that of the request."""
    age = tolerance_of(m.scheme) + MARGIN_S
    return replaced(_signed_at(-MARGIN_S, m), "date", formatdate(m.timestamp - age, usegmt=True))


def _stated(timestamp: int | str, m: Material, *, signed_at: int) -> Request:
    """Return a delivery whose stated timestamp differs from the signed one."""
    return m.carrying(m.signature(timestamp=signed_at), timestamp=timestamp)


def _rejuvenated(m: Material) -> Request:
    return _stated(m.timestamp, m, signed_at=m.timestamp - tolerance_of(m.scheme) - MARGIN_S)


def _restated(m: Material) -> Request:
    return _stated(m.timestamp - 1, m, signed_at=m.timestamp)


def _trailing_junk(m: Material) -> Request:
    return _stated(f"{m.scheme.stamp(m.timestamp)}junk", m, signed_at=m.timestamp)


def _without(m: Material) -> Request:
    if m.scheme.timestamp_header:
        return replaced(m.signed(), m.scheme.timestamp_header)
    if m.scheme.within:
        built = m.signed()
        return replace(built, body=m.scheme.within.without(built.body, m.scheme.within.timestamp))
    before, _, after = m.scheme.value.partition("{timestamp}")
    stated = before.rpartition(",")[2] + m.scheme.stamp(m.timestamp) + after[:1]
    return m.raw(m.value().replace(stated, "", 1))


def _reading(text: str, m: Material) -> Request:
    return m.signed(timestamp=text)


_case = partial(worded_case, item="webhooks.freshness", source=_STANDARD)
_unreadable = partial(
    _case,
    source="A 5xx makes the sender retry and pages people (Standard Webhooks, Webhook consumers)",
    fix=_PARSE,
    not_applicable_to=unlimited,
)

CASES: tuple[ReceiverCase, ...] = (
    _case(
        id="stale",
        summary="a delivery one minute older than the tolerance",
        fix=_STALE,
        build=partial(_signed_at, -MARGIN_S),
        not_applicable_to=unlimited,
    ),
    _case(
        id="ancient",
        summary="a delivery one hour older than the tolerance",
        fix=_STALE,
        build=partial(_signed_at, -_FAR_S),
        not_applicable_to=unlimited,
    ),
    _case(
        id="stale-dated",
        summary="a delivery one minute older than the tolerance, with a Date of that time",
        source="CWE-807: no decision about security depends on what the sender chooses",
        fix="Compare the timestamp with your own clock, not with a header of the request.",
        build=_dated_then,
        not_applicable_to=unlimited,
    ),
    _case(
        id="future",
        summary="a timestamp one hour too far in the future",
        fix="Refuse a timestamp that is too far in the future as well: compare the absolute difference.",
        build=partial(_signed_at, _FAR_S),
        not_applicable_to=_past_only,
    ),
    _case(
        id="late",
        level=Level.SHOULD,
        summary="a delivery that is old but within the tolerance",
        expected=Expected.ACKNOWLEDGED,
        takes_effect=True,
        fix="Use the tolerance that the provider documents, which allows for clock differences and queues.",
        build=_within,
        not_applicable_to=unlimited,
    ),
    _case(
        id="ahead",
        summary=f"a delivery from a sender whose clock is {_AHEAD_S} seconds ahead",
        expected=Expected.ACKNOWLEDGED,
        takes_effect=True,
        fix="Allow the same tolerance on both sides of now: the clocks of sender and receiver are never quite equal.",
        build=lambda m: m.signed(timestamp=m.timestamp + _AHEAD_S),
        not_applicable_to=unlimited,
    ),
    _case(
        id="rejuvenated",
        summary="an expired signature under a current timestamp",
        fix=_SIGNED,
        build=_rejuvenated,
        not_applicable_to=unlimited,
    ),
    _case(
        id="restated",
        summary="a timestamp that differs from the signed one",
        fix=_SIGNED,
        build=_restated,
        not_applicable_to=_untimed,
    ),
    _case(
        id="without-timestamp",
        summary="a delivery without its timestamp",
        fix=_SIGNED,
        build=_without,
        not_applicable_to=unplaced,
    ),
    _unreadable(id="timestamp-empty", summary="an empty timestamp", build=partial(_reading, "")),
    _unreadable(id="timestamp-word", summary="the timestamp 'abc'", build=partial(_reading, "abc")),
    _unreadable(id="timestamp-nan", summary="the timestamp 'NaN'", build=partial(_reading, "NaN")),
    _unreadable(
        id="timestamp-infinite",
        summary="the timestamp 'inf'",
        build=partial(_reading, "inf"),
        not_applicable_to=_past_only,
    ),
    _unreadable(
        id="timestamp-exponent",
        summary="the timestamp '1e400'",
        build=partial(_reading, "1e400"),
        not_applicable_to=_past_only,
    ),
    _unreadable(
        id="timestamp-negative",
        summary="the timestamp '-1'",
        build=partial(_reading, "-1"),
    ),
    _unreadable(
        id="timestamp-huge",
        summary="a timestamp of 300 digits",
        build=partial(_reading, "9" * 300),
        not_applicable_to=_past_only,
    ),
    _unreadable(
        id="timestamp-other-unit",
        summary="a timestamp in milliseconds instead of seconds",
        build=lambda m: m.signed(timestamp=f"{m.timestamp}000"),
        not_applicable_to=lambda s: (
            _past_only(s) or ("" if s.timestamp_unit == "s" else f"{s.name} sends milliseconds")
        ),
    ),
    _unreadable(
        id="timestamp-junk",
        level=Level.SHOULD,
        summary="a timestamp with letters added after signing",
        build=_trailing_junk,
        not_applicable_to=_untimed,
    ),
)
