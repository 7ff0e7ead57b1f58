"""Whole numbers of others."""

from __future__ import annotations

import pytest

from harness.core.whole_numbers import whole_number
from harness.errors import ConfigurationError
from harness.http.message import Response
from harness.http.writer import response_bytes
from harness.telemetry.otlp import address

NO_NUMBERS = ["", "-1", "+1", "1.0", " 1", "1_0", "\N{SUPERSCRIPT TWO}", "\N{ARABIC-INDIC DIGIT THREE}", "9" * 5000]
NAMES = ["empty", "minus", "plus", "point", "space", "underscore", "superscript", "arabic", "digits"]


@pytest.mark.parametrize("text", NO_NUMBERS, ids=NAMES)
def test_what_is_no_number_is_none(text: str) -> None:
    """Neither a length in a recording nor a port in harness.toml that is none of these ends in a traceback."""
    recorded = Response(status=200, headers=(("content-length", text),))

    assert whole_number(text) is None
    assert b"content-length: 0\r\n" in response_bytes(recorded, method="HEAD").lower()
    with pytest.raises(ConfigurationError, match="is not a loopback address with a port"):
        address(f"127.0.0.1:{text}")


def test_a_number_of_64_bits_is_read() -> None:
    """So is the time of a span."""
    assert whole_number("1764421631000000000") == 1764421631000000000
    assert whole_number("007") == 7
