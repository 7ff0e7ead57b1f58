"""Lengths of time and moments are read as their specifications write them, and nothing else is taken for one."""

from __future__ import annotations

import datetime as dt

import pytest

from harness.core.dates import as_http_date, duration_s, http_date, in_words, iso_moment, retry_after_s

NOW = 784111777.0  # Sun, 06 Nov 1994 08:49:37 GMT, the example of RFC 9110 section 5.6.7

RETRY_AFTER = {
    "seconds": ("7", 7.0),
    "zero": ("0", 0.0),
    "surrounded by blanks": (" 120 ", 120.0),
    "a number beyond measure": ("9" * 400, float("inf")),
    "IMF-fixdate": ("Sun, 06 Nov 1994 08:50:37 GMT", 60.0),
    "RFC 850": ("Sunday, 06-Nov-94 08:50:37 GMT", 60.0),
    "asctime": ("Sun Nov  6 08:50:37 1994", 60.0),
    "past date": ("Sat, 05 Nov 1994 08:49:37 GMT", 0.0),
    "date without a zone": ("Sun, 06 Nov 1994 08:50:37", 60.0),
    "none": ("", None),
    "garbage": ("soon", None),
    "negative": ("-1", None),
    "a fraction": ("1.5", None),
    "other digits": ("\u0663", None),
    "a date that no calendar has": ("Sun, 99 Nov 1994 08:50:37 GMT", None),
    "a year beyond the calendar": ("Sun, 06 Nov 99999 08:50:37 GMT", None),
}


@pytest.mark.parametrize("value, wait", RETRY_AFTER.values(), ids=RETRY_AFTER.keys())
def test_retry_after_is_read(value: str, wait: float | None) -> None:
    """Delay-seconds and all three forms of an HTTP-date are understood; anything else is no time."""
    assert retry_after_s(value, now=NOW) == wait


def test_a_moment_survives_writing_and_reading() -> None:
    """An HTTP-date that is written is read as the same second."""
    assert http_date(as_http_date(NOW + 0.4)) == NOW


@pytest.mark.parametrize("text, seconds", [("250ms", 0.25), ("3s", 3), ("1.5m", 90), ("2h", 7200), ("90d", 7776000)])
def test_durations_are_read(text: str, seconds: float) -> None:
    """Each unit of harness.toml is understood."""
    assert duration_s(text) == seconds


@pytest.mark.parametrize(
    "text",
    ["", "3", "s", "3 s", "-3s", "3s5m", "\u0663s", "3S", "1.s"],
    ids=["empty", "number", "unit", "apart", "negative", "two", "other-digits", "capital", "no-fraction"],
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    """The message says how a length of time is written."""
    with pytest.raises(ValueError, match="is not a length of time; write 250ms, 3s, 5m, 2h or 90d"):
        duration_s(text)


@pytest.mark.parametrize(
    "text, moment",
    [
        ("2026-11-27", dt.datetime(2026, 11, 27)),  # noqa: DTZ001 - a date alone has no zone
        ("20261127T100000Z", dt.datetime(2026, 11, 27, 10, tzinfo=dt.UTC)),
        ("2026-11-24 10:24:24+00:00", dt.datetime(2026, 11, 24, 10, 24, 24, tzinfo=dt.UTC)),
        ("2026-W48-5", dt.datetime(2026, 11, 27)),  # noqa: DTZ001 - a date alone has no zone
        ("2026-11-27T24:00:00Z", None),
        ("20261127T24", None),
        ("2026-W48-5T24:00", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_an_iso_date_is_the_same_moment_under_every_python(text: str, moment: dt.datetime | None) -> None:
    """Hour 24, which Python reads since 3.14, is not a valid hour (RFC 3339 section 5.6)."""
    assert iso_moment(text) == moment


@pytest.mark.parametrize(
    "seconds, text",
    [(0.2, "0 s"), (99, "99 s"), (100, "2 min"), (3599, "1 h 0 min"), (7510, "2 h 5 min")],
)
def test_an_estimate_is_short(seconds: float, text: str) -> None:
    """It has the one or two units that a person plans with."""
    assert in_words(seconds) == text
