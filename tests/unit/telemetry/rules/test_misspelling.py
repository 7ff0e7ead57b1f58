"""What counts as a misspelling of a known name."""

from __future__ import annotations

import pytest

from harness.telemetry.rules.misspelling import misspelt_as


@pytest.mark.parametrize(
    "name, known, meant",
    [
        ("signatur", ["signature", "replay"], "signature"),
        ("ejected", ["rejected"], "rejected"),
        ("invalid", ["valid"], ""),
        ("delivered", ["undelivered"], ""),
        ("verified", ["not_verified"], ""),
        ("us-east-2", ["us-east-1"], ""),
        ("/api/v2/charges", ["/api/v1/charges"], ""),
        ("p95", ["p99"], ""),
    ],
)
def test_an_opposite_or_another_number_is_no_misspelling(name: str, known: list[str], meant: str) -> None:
    """A name with its opposite, or with another number, is a name of its own: it may have had no reason to exist."""
    assert misspelt_as(name, known, 0.8) == meant
