"""Series that moved in one window and not in good traffic."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import isnan
from typing import NamedTuple

from prometheus_client.samples import Sample

from harness.errors import ProbeError
from harness.telemetry.metrics import Selector, parse_families, selector_text
from harness.telemetry.signals.masking import masked_fields

UP = "up"
"""The series that Prometheus itself records for an endpoint that does not answer."""
_OF_RUNTIME = ("process_", "python_", "go_", "nodejs_", "jvm_", "scrape_", "promhttp_", "prometheus_")
_COUNTS = ("_total", "_count")
"""How a series ends that only grows, where its type is not known."""
_LASTS = 3
"""Scrapes in a row in which a gauge's value lasts, where it does not remain until the end."""
_BEFORE_AND_AFTER = 2
FACTOR, FLOOR_S = 4, 0.1
"""A duration stands out when it is so many times the longest of good traffic, and so many seconds more."""

Key = tuple[str, str]
"""Name, and the template of the labels."""


class Scrape(NamedTuple):
    """One text of metrics, by what can be compared."""

    counts: dict[Key, float]
    buckets: dict[Key, dict[float, float]]
    """By series, and by upper bound: the observations up to it."""
    gauges: dict[Key, float]
    shown: dict[Key, str]
    """The series as they are written."""


class Moved(NamedTuple):
    """What moved over several scrapes."""

    counts: Mapping[Key, float]
    """By how much, where a count increased."""
    buckets: Mapping[Key, frozenset[tuple[float, float]]]
    """The lower and upper bounds between which something was observed."""
    gauges: Mapping[Key, tuple[float | None, ...]]
    """The values in successive scrapes, None where it did not exist; one that lasts is there three times at most."""
    shown: Mapping[Key, str]
    unanswered: int
    """Scrapes to which the endpoint returned no metrics."""


class SeriesWatch:
    """What moves over the scrapes of one window, which come one after another; their texts are not stored."""

    def __init__(self) -> None:
        self._last: Scrape | None = None
        self._counts: dict[Key, float] = {}
        self._buckets: dict[Key, set[tuple[float, float]]] = {}
        self._gauges: dict[Key, list[float | None]] = {}
        self._shown: dict[Key, str] = {}
        self._unanswered = 0

    def add(self, text: str | None) -> None:
        """Take the next scrape; None, or a text that is not metrics, is an unanswered one."""
        scrape = _read(text)
        if scrape is None:
            self._unanswered += 1
            return
        before, self._last = self._last, scrape
        self._shown |= scrape.shown
        for key in self._gauges.keys() | scrape.gauges.keys():
            values = self._gauges.setdefault(key, [] if before is None else [None])
            value = scrape.gauges.get(key)
            if values[-_LASTS:] != [value] * _LASTS:  # more often is no more
                values.append(value)
        if before is None:
            return
        for key, value in scrape.counts.items():
            if (more := _increase(before.counts.get(key, 0.0), value)) > 0:
                self._counts[key] = self._counts.get(key, 0.0) + more
        for key, found in scrape.buckets.items():
            self._buckets.setdefault(key, set()).update(_observed(before.buckets.get(key, {}), found))

    @property
    def moved(self) -> Moved:
        """What moved so far."""
        return Moved(
            counts=dict(self._counts),
            buckets={key: frozenset(bounds) for key, bounds in self._buckets.items()},
            gauges={key: tuple(values) for key, values in self._gauges.items()},
            shown=dict(self._shown),
            unanswered=self._unanswered,
        )


def movements(scrapes: Iterable[str | None]) -> Moved:
    """Compare the scrapes of one window, in order."""
    watch = SeriesWatch()
    for text in scrapes:
        watch.add(text)
    return watch.moved


def novel_series(window: Moved, good: Sequence[Moved]) -> list[str]:
    """Return what moved in the window and never in good traffic, each series as it is written with its movement."""
    found: list[str] = []
    if window.unanswered and not any(g.unanswered for g in good):
        found.append(f"{UP}: the metrics endpoint returned no metrics")
    usual = {key for g in good for key in g.counts}
    found += [f"{window.shown[key]} +{more:g}" for key, more in sorted(window.counts.items()) if key not in usual]
    for key, bounds in sorted(window.buckets.items()):
        slowest = max((lower for lower, _ in bounds), default=0.0)
        longest = max((upper for g in good for _, upper in g.buckets.get(key, ())), default=None)
        unit = 1000 if key[0].endswith(("_ms", "_milliseconds")) else 1
        if longest is not None and stands_out(slowest / unit, longest / unit):
            found.append(f"{window.shown[key]} observed more than {slowest:g}")
    for key, values in sorted(window.gauges.items()):
        known = {value for g in good for value in g.gauges.get(key, ()) if value is not None}
        if (value := _strange_value(values, known)) is not None:
            before = "absent" if values[0] is None else f"{values[0]:g}"
            found.append(f"{window.shown[key]} {before} \N{RIGHTWARDS ARROW} {value:g}")
    return found


def stands_out(value_s: float, good_s: float) -> bool:
    """Whether a duration is longer than jitter makes one, where the longest of good traffic took ``good_s``."""
    return value_s >= FACTOR * good_s and value_s >= good_s + FLOOR_S


def _strange_value(values: Sequence[float | None], known: set[float]) -> float | None:
    """Return a gauge's value that it had neither as the window began nor in good traffic, where it was constant.

    Two scrapes between others are not enough: they may have met what is under way at that moment.
    """
    if len(known) > 1 or (not known and values[0] is not None):
        return None
    strange = [value is not None and value not in known and value != values[0] for value in values]
    remains = strange[-1] and (len(strange) == _BEFORE_AND_AFTER or strange[-2])
    lasting = remains or any(all(strange[i : i + _LASTS]) for i in range(len(strange) - _LASTS + 1))
    return next((v for v, s in zip(reversed(values), reversed(strange), strict=True) if s), None) if lasting else None


def _observed(before: Mapping[float, float], after: Mapping[float, float]) -> Iterator[tuple[float, float]]:
    """Yield the bounds of the buckets that had more observations of their own, as their counts are cumulative."""
    lower, below_before, below_after = 0.0, 0.0, 0.0
    for upper, total in sorted(after.items()):
        earlier = before.get(upper, 0.0)
        if _increase(earlier - below_before, total - below_after) > 0:
            yield lower, upper
        lower, below_before, below_after = upper, earlier, total


def _increase(before: float, after: float) -> float:
    """Return by how much a count grew; one that is smaller than before began again at 0, as Prometheus reads it."""
    return after - before if after >= before else after


def _read(text: str | None) -> Scrape | None:
    if text is None:
        return None
    try:
        families = parse_families(text, UP)
    except ProbeError:
        return None
    scrape = Scrape({}, {}, {}, {})
    for family in families:
        if not family.name.startswith(_OF_RUNTIME):
            for sample in family.samples:
                _sort_sample(family.type, sample, scrape)
    return scrape


def _sort_sample(kind: str, sample: Sample, scrape: Scrape) -> None:
    """Place one sample; sums, quantiles and times of creation differ from run to run, and are left out."""
    labels = dict(sample.labels)
    counted = sample.name.endswith(_COUNTS) or kind == "counter"
    if "quantile" in labels or sample.name.endswith(("_created", "_sum")) or isnan(sample.value):
        return
    bound = labels.pop("le", None) if sample.name.endswith("_bucket") else None
    key = sample.name, masked_fields(labels)
    scrape.shown[key] = selector_text(Selector(sample.name, tuple(labels.items())))
    if bound is not None:
        found = scrape.buckets.setdefault(key, {})
        found[float(bound)] = found.get(float(bound), 0.0) + sample.value
    else:
        place = scrape.counts if counted else scrape.gauges
        place[key] = place.get(key, 0.0) + sample.value
