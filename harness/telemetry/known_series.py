"""The series that a rule or a panel can read: those of the target, of recording rules, and of Prometheus itself."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from itertools import chain

from harness.telemetry.metrics import Exposed
from harness.telemetry.promql import LabelSet, SeriesSelector

OF_PROMETHEUS = frozenset(
    {
        "up",
        "ALERTS",
        "ALERTS_FOR_STATE",
        "scrape_duration_seconds",
        "scrape_samples_scraped",
        "scrape_samples_post_metric_relabeling",
        "scrape_series_added",
        "scrape_timeout_seconds",
        "scrape_sample_limit",
        "scrape_body_size_bytes",
    }
)
"""Series that Prometheus adds by itself (Prometheus: Jobs and instances, Alerting rules)."""
OF_SCRAPING = frozenset(
    {"__name__", "job", "instance", "cluster", "region", "zone", "datacenter", "dc", "environment", "env", "team"}
    | {"namespace", "pod", "container", "service", "endpoint", "node", "host", "hostname", "app", "application"}
    | {"replica", "prometheus", "prometheus_replica"}
)
"""Labels that the scrape configuration usually adds, and that therefore no endpoint shows."""
_CLOSE = 0.8
"""From which likeness on (0 to 1) a name counts as another one misspelt."""
_FAMILY = re.compile(r"[A-Za-z]+(?=_)")


class KnownSeries:
    """What exists after an exercise, and what the names and labels of a selector come to."""

    def __init__(self, exposed: Exposed, *, recorded: Iterable[str] = (), scrape_labels: Iterable[str] = ()) -> None:
        """``recorded`` are the names that recording rules write, ``scrape_labels`` what scraping adds."""
        self._labels: dict[str, set[str]] = {}
        self._values: dict[tuple[str, str], set[str]] = {}
        for name, samples in chain((exposed.before or {}).items(), exposed.after.items()):
            self._labels.setdefault(name, set()).update(*(labels for labels, _ in samples))
            for label, value in chain.from_iterable(labels.items() for labels, _ in samples):
                self._values.setdefault((name, label), set()).add(value)
        self._other_names = OF_PROMETHEUS.union(recorded)
        self.scrape_labels = frozenset(scrape_labels)
        self._families = {found[0] for name in self._labels if (found := _FAMILY.match(name))}

    def __contains__(self, name: str) -> bool:
        return name in self._labels or name in self._other_names

    def is_of_others(self, name: str) -> bool:
        """Whether another exporter can have a name that does not exist: it resembles none, and is of no family here."""
        family = _FAMILY.match(name)
        return not self.nearest(name) and not (family and family[0] in self._families)

    def nearest(self, name: str) -> str:
        """Return the existing name that another one is most like; empty where none is close."""
        close = difflib.get_close_matches(name, sorted({*self._labels, *self._other_names}), n=1, cutoff=_CLOSE)
        return close[0] if close else ""

    def labels_of(self, selector: SeriesSelector) -> LabelSet:
        """Return the labels of a selector's series; any where the target does not expose them."""
        labels = self._labels.get(selector.name)
        return LabelSet(others=True) if labels is None else LabelSet(self.scrape_labels.union(OF_SCRAPING, labels))

    def own_labels(self, name: str) -> frozenset[str]:
        """Return the labels that the target itself gives a series."""
        return frozenset(self._labels.get(name, ()))

    def values(self, name: str, label: str) -> frozenset[str]:
        """Return the values that a label of a series had before or after the exercise."""
        return frozenset(self._values.get((name, label), ()))
