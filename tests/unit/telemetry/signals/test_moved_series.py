"""Series: what moved in a window and never in good traffic."""

from __future__ import annotations

import pytest

from harness.telemetry.signals.moved_series import SeriesWatch, movements, novel_series

START = """
# TYPE deliveries_total counter
deliveries_total{outcome="accepted"} 3
deliveries_total{outcome="rejected"} 0
# TYPE depth gauge
depth 0
# TYPE ack_seconds histogram
ack_seconds_bucket{le="0.01"} 3
ack_seconds_bucket{le="0.1"} 3
ack_seconds_bucket{le="1.0"} 3
ack_seconds_bucket{le="+Inf"} 3
ack_seconds_count 3
ack_seconds_sum 0.02
process_cpu_seconds_total 4
"""


def text(**values: str) -> str:
    """Return the text with other values for the series that begin so; ``__`` separates name and outcome."""
    lines = START.splitlines()
    for name, value in values.items():
        head = name.replace("__", '{outcome="') + ('"}' if "__" in name else "")
        lines = [f"{head} {value}" if line.startswith(f"{head} ") else line for line in lines]
    return "\n".join(lines) + "\n"


GOOD = movements([text(), text(deliveries_total__accepted="4", process_cpu_seconds_total="5")])


def buckets(*counts: int) -> str:
    """Return the text with these cumulative counts of the histogram."""
    bounds = ("0.01", "0.1", "1.0", "+Inf")
    replaced = START
    for bound, count in zip(bounds, counts, strict=True):
        replaced = replaced.replace(f'{{le="{bound}"}} 3', f'{{le="{bound}"}} {count}')
    return replaced.replace("ack_seconds_count 3", f"ack_seconds_count {counts[-1]}")


@pytest.mark.parametrize(
    "scrapes, expected",
    [
        ([text(), text(deliveries_total__accepted="9", process_cpu_seconds_total="9")], []),
        ([text(), text(deliveries_total__rejected="2")], ['deliveries_total{outcome="rejected"} +2']),
        ([text(deliveries_total__rejected="9"), text(deliveries_total__rejected="2")],
         ['deliveries_total{outcome="rejected"} +2']),
        ([text(), text() + 'deliveries_total{outcome="stale"} 1\n'], ['deliveries_total{outcome="stale"} +1']),
        ([text(), text(depth="1")], ["depth 0 \N{RIGHTWARDS ARROW} 1"]),
        ([text(depth="1"), text(depth="1")], []),
        ([text(depth="1"), text(depth="0")], []),
        ([text(), text(depth="1"), text()], []),
        ([text(), text(depth="1"), text(depth="1"), text()], []),
        ([text(), text(), text(depth="1")], []),
        ([text(), text(), text(depth="1"), text(depth="1")], ["depth 0 \N{RIGHTWARDS ARROW} 1"]),
        ([text(), *[text(depth=n) for n in "123"], text()], ["depth 0 \N{RIGHTWARDS ARROW} 3"]),
        ([text(), text(depth="NaN")], []),
        ([text(), text() + "waiting 3\n"], ["waiting absent \N{RIGHTWARDS ARROW} 3"]),
        ([text() + "waiting 2\n", text() + "waiting 3\n"], []),
        ([text(), None, text()], ["up: the metrics endpoint returned no metrics"]),
        ([text(), "<html>", text()], ["up: the metrics endpoint returned no metrics"]),
        ([None, None], ["up: the metrics endpoint returned no metrics"]),
        ([], []),
    ],
)  # fmt: skip
def test_a_series_shows_a_fault(scrapes: list[str | None], expected: list[str]) -> None:
    """Counts that grew, also after a restart; gauges that stay elsewhere; an endpoint that does not answer."""
    assert novel_series(movements(scrapes), [GOOD]) == expected


def test_a_gauge_that_varies_in_good_traffic_shows_nothing() -> None:
    """Only one that was constant can show a fault."""
    good = movements([text(), text(depth="2"), text()])
    assert novel_series(movements([text(), text(depth="7")]), [good]) == []


@pytest.mark.parametrize(
    "good, fault, expected",
    [
        ((4, 4, 4, 4), (4, 5, 5, 5), []),
        ((4, 4, 4, 4), (4, 4, 5, 5), []),
        ((4, 4, 4, 4), (4, 4, 4, 5), ["ack_seconds_bucket observed more than 1"]),
        ((3, 3, 4, 4), (4, 4, 4, 5), []),
        ((3, 3, 3, 4), (3, 3, 3, 5), []),
        ((3, 3, 3, 3), (3, 3, 3, 4), ["ack_seconds_count +1"]),
    ],
)
def test_a_histogram_shows_what_stands_out(good: tuple[int, ...], fault: tuple[int, ...], expected: list[str]) -> None:
    """Per bucket: the next bucket is jitter; far longer than the longest of good traffic is a signal."""
    known = movements([buckets(3, 3, 3, 3), buckets(*good)])
    assert novel_series(movements([buckets(3, 3, 3, 3), buckets(*fault)]), [known]) == expected


def test_scrapes_are_read_as_they_come() -> None:
    """After each, what moved so far; a value that lasts takes no more room than one that is seen thrice."""
    watch = SeriesWatch()
    for value in [0] * 50 + [1] * 50:
        watch.add(text(depth=str(value)))
    moved = watch.moved
    watch.add(None)

    assert list(moved.gauges.values()) == [(0.0, 0.0, 0.0, 1.0, 1.0, 1.0)]
    assert novel_series(moved, [GOOD]) == ["depth 0 \N{RIGHTWARDS ARROW} 1"]
    assert novel_series(watch.moved, [GOOD])[0] == "up: the metrics endpoint returned no metrics"


def test_ids_in_labels_make_no_series_novel() -> None:
    """A label that names one request is masked; a status is not."""
    good = movements(["", 'n_total{request_id="a1",status="200"} 1\n'])
    again = movements(["", 'n_total{request_id="b2",status="200"} 1\n'])
    fault = movements(["", 'n_total{request_id="c3",status="503"} 1\n'])
    assert novel_series(again, [good]) == []
    assert novel_series(fault, [good]) == ['n_total{request_id="c3",status="503"} +1']
