"""Matchers: what they match, and how they are written."""

from __future__ import annotations

import pytest

from harness.telemetry.promql import LabelMatcher


@pytest.mark.parametrize(
    "op, value, labels, fits",
    [
        ("=", "1", {"x": "1"}, True),
        ("=", "", {}, True),
        ("!=", "1", {}, True),
        ("=~", "1|2", {"x": "2"}, True),
        ("=~", "1", {"x": "12"}, False),
        ("=~", ".*", {}, True),
        ("!~", "1.*", {"x": "12"}, False),
        ("=~", r"\pL+", {"x": "9"}, True),
        ("!~", r"\pL+", {"x": "9"}, True),
    ],
)
def test_matchers_match_whole_values(op: str, value: str, labels: dict[str, str], fits: bool) -> None:  # noqa: FBT001 - a row of the table
    """A missing label is empty; an expression of RE2 that Python does not know excludes nothing."""
    assert LabelMatcher("x", op, value).matches(labels) is fits


def test_a_matcher_is_written_with_escapes() -> None:
    """Its text can be pasted into a query."""
    assert str(LabelMatcher("x", "=~", 'a"\\\n')) == 'x=~"a\\"\\\\\\n"'
