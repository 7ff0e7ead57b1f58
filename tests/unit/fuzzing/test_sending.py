"""How long a 429 asks to wait is read as RFC 9110 says, and nothing else makes a run wait."""

from __future__ import annotations

import datetime as dt
from email.utils import format_datetime

import httpx
import pytest

from harness.fuzzing.sending import retry_after_s

READ = {
    "seconds": (429, "7", 7.0),
    "zero": (429, "0", 0.0),
    "past date": (429, "Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
    "date without a zone": (429, "Wed, 21 Oct 2015 07:28:00", 0.0),
    "none": (429, "", None),
    "garbage": (429, "soon", None),
    "negative": (429, "-1", None),
    "other digits": (429, "\u0663", None),
    "another status": (503, "7", None),
}


@pytest.mark.parametrize("status, value, wait", READ.values(), ids=READ.keys())
def test_the_wait_is_read(status: int, value: str, wait: float | None) -> None:
    """Seconds and dates of a 429 are understood; everything else is for the checks of the response."""
    headers = [(b"retry-after", value.encode())] if value else []

    assert retry_after_s(httpx.Response(status, headers=headers)) == wait


def test_a_date_to_come_is_waited_for() -> None:
    """The wait is what is left until then."""
    later = format_datetime(dt.datetime.now(tz=dt.UTC) + dt.timedelta(hours=1), usegmt=True)

    wait = retry_after_s(httpx.Response(429, headers={"retry-after": later}))

    assert wait is not None
    assert 3500 < wait <= 3600
