"""Times in rules and queries: read, written and scaled."""

from __future__ import annotations

import pytest

from harness.telemetry.promql import parse
from harness.telemetry.promql.durations import duration_text, prometheus_duration_s


@pytest.mark.parametrize(
    "text, seconds", [("0", 0), ("5m", 300), ("1h30m", 5400), ("1d", 86400), ("250ms", 0.25), ("1y2w", 32745600)]
)
def test_durations_are_read_as_prometheus_reads_them(text: str, seconds: float) -> None:
    """Units follow each other from large to small."""
    assert prometheus_duration_s(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "5", "5 m", "30m1h", "1.5h", "-5m", "5min"])
def test_what_is_no_duration_is_refused_with_examples(text: str) -> None:
    """The message shows the form."""
    with pytest.raises(ValueError, match=r"is not a duration of Prometheus; write 30s, 5m or 1h30m"):
        prometheus_duration_s(text)


@pytest.mark.parametrize("seconds, text", [(4, "4s"), (0.0001, "1ms"), (1.5, "1500ms")])
def test_durations_are_written_in_whole_milliseconds(seconds: float, text: str) -> None:
    """Prometheus takes no fractions."""
    assert duration_text(seconds) == text


@pytest.mark.parametrize(
    "text, scaled",
    [
        ("rate(a[5m])", "rate(a[3s])"),
        ("max_over_time(rate(a[5m])[1h:1m] offset -10m)", "max_over_time(rate(a[3s])[36s:600ms] offset -6s)"),
        ("a[1h30m:]", "a[54s:]"),
        ("a[300] OFFSET 600", "a[3s] OFFSET 6s"),
        (
            "a{x=\"[5m] offset 5m\",y='[5m]',z=`[5m]`}[5m] # [5m]",
            "a{x=\"[5m] offset 5m\",y='[5m]',z=`[5m]`}[3s] # [5m]",
        ),
        ('a{x="\\"[5m]"}', 'a{x="\\"[5m]"}'),
        ("time() - a > 3600", "time() - a > 3600"),
        ("predict_linear(a[1h], 4 * 3600) < 0", "predict_linear(a[36s], 4 * 3600) < 0"),
        ("a @ 1600000000 offset 5m", "a @ 1600000000 offset 3s"),
        ("sum by (offset) (a)", "sum by (offset) (a)"),
    ],
)
def test_scaling_changes_times_alone(text: str, scaled: str) -> None:
    """Ranges, offsets and steps are multiplied; label values, comments and thresholds stay."""
    assert parse(text).scaled(0.01) == scaled
