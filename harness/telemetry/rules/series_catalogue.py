"""The series that rules can read: exposed by the target, recorded by rules, made by Prometheus; with their labels."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping

from harness.errors import nearest
from harness.telemetry.metrics import Exposed
from harness.telemetry.promql import LabelMatcher, LabelSet, SeriesSelector
from harness.telemetry.promql.label_flow import UNKNOWN
from harness.telemetry.rules.misspelling import misspelt_as
from harness.telemetry.rules.rule_file import Rule

OF_ALERTS = ("ALERTS", "ALERTS_FOR_STATE")
OF_SCRAPES = re.compile(r"up|scrape_\w+")
"""Series that Prometheus makes (Concepts, Jobs and instances)."""
BY_SCRAPING = ("job", "instance")
"""Labels that every scraped series has."""
_LITERALS = re.compile(r"[\w|/: -]*")
MAX_CHAIN = 20
"""Recording rules that read one another, up to which labels are followed."""
_VALUES = 8
"""Values of a label that are listed."""
_MISSPELT = 0.8
"""From which similarity on (`difflib`) a label's value counts as a misspelling of another."""
_SIMILAR = 0.85
"""The same for a metric's name: ``container_cpu_usage_seconds_total`` and ``process_cpu_seconds_total`` have 0.69."""


class SeriesCatalogue:
    """Answers what exists; without samples of the target, only what rules record is known."""

    def __init__(self, exposed: Exposed | None, labels: Mapping[str, str], rules: Iterable[Rule]) -> None:
        """``labels`` are those that the scrape configuration gives to every series."""
        self._exposed = exposed
        self._scraped = dict(labels)
        self._recording: dict[str, list[Rule]] = {}
        for rule in rules:
            if rule.record:
                self._recording.setdefault(rule.record, []).append(rule)
        self._recorded_labels: dict[str, LabelSet] = {}
        self._following: list[str] = []
        self._names = {*exposed.after, *(exposed.before or ())} if exposed else set()

    @property
    def scrape_labels(self) -> Mapping[str, str]:
        """The labels that the scrape configuration gives to every series."""
        return self._scraped

    def exists(self, name: str) -> bool:
        """Whether a series of this name can exist."""
        made = name in OF_ALERTS or OF_SCRAPES.fullmatch(name) is not None
        return made or name in self._recording or name in self._names or self._exposed is None

    def is_of_another(self, name: str) -> bool:
        """Whether a name that the target does not expose looks like that of another exporter.

        No name is like it, and none begins with the same word.
        """
        known = self._names | self._recording.keys()
        prefix = re.split(r"[_:.]", name)[0]
        similar = difflib.get_close_matches(name, known, n=1, cutoff=_SIMILAR)
        return not similar and not any(re.split(r"[_:.]", other)[0] == prefix for other in known)

    def hint(self, name: str) -> str:
        """Return the nearest name that exists; empty where none is near."""
        found = nearest(name, self._names | self._recording.keys())
        return found if found.startswith("Did you mean") else ""

    def missing_value(self, selector: SeriesSelector) -> str:
        """Return which value of a label no sample has, where it is another one misspelt; else an empty text."""
        samples = self._samples(selector.name, start=True) + self._samples(selector.name, start=False)
        if not samples or any(self._selects(selector, labels) for labels in samples):
            return ""
        for matcher in [m for m in selector.matchers if m.op == "=" and m.value]:
            values = {labels.get(matcher.label, "") for labels in samples} - {""}
            if matcher.label in self._scraped or matcher.label in BY_SCRAPING or matcher.value in values:
                continue
            if meant := misspelt_as(matcher.value, values, _MISSPELT):
                return f"no sample of {selector.name} has {matcher}. Did you mean {meant!r}?"
        return ""

    def wrong_scrape_label(self, selector: SeriesSelector) -> LabelMatcher | None:
        """Return a matcher that contradicts the labels of the scrape configuration, if any."""
        if selector.name in self._recording or selector.name in OF_ALERTS or not self._exposed:
            return None
        own = {label for labels in self._samples(selector.name, start=False) for label in labels}
        of_scraping = [m for m in selector.matchers if m.label in self._scraped and m.label not in own]
        return next((m for m in of_scraping if not m.matches(self._scraped)), None)

    def begins_late(self, selector: SeriesSelector) -> bool:
        """Whether no sample that a selector selects was there before the first fault.

        An open pattern such as ``status=~"5.."`` is left alone: nobody can export all that it selects.
        """
        if self._exposed is None or self._exposed.before is None or not selector.name:
            return False
        if selector.name not in self._names or any(_is_open(m) for m in selector.matchers):
            return False
        return not any(self._selects(selector, labels) for labels in self._samples(selector.name, start=True))

    def other_values(self, selector: SeriesSelector) -> str:
        """Return the values of the label because of which nothing was ever selected; empty where something was."""
        samples = self._samples(selector.name, start=False)
        if any(self._selects(selector, labels) for labels in samples):
            return ""
        for matcher in [m for m in selector.matchers if m.op == "=" and m.value]:
            values = sorted({labels[matcher.label] for labels in samples if matcher.label in labels})
            if values and matcher.value not in values:
                more = ", …" if len(values) > _VALUES else ""
                return f". No fault made it exist: {matcher.label} had the values {', '.join(values[:_VALUES])}{more}"
        return ""

    def labels_of(self, selector: SeriesSelector) -> LabelSet:
        """Return the labels that the selected series can have."""
        if selector.name in self._recording:
            return self._recorded(selector.name)
        if self._exposed is None or not selector.name or selector.name in OF_ALERTS:
            return UNKNOWN
        if OF_SCRAPES.fullmatch(selector.name):
            return LabelSet(frozenset((*BY_SCRAPING, *self._scraped, "__name__")))
        samples = self._samples(selector.name, start=True) + self._samples(selector.name, start=False)
        if not samples:
            return UNKNOWN
        own = {label for labels in samples for label in labels}
        moved = {f"exported_{label}" for label in own & {*BY_SCRAPING, *self._scraped}}
        return LabelSet(frozenset((*own, *moved, *BY_SCRAPING, *self._scraped, "__name__")))

    def _recorded(self, name: str) -> LabelSet:
        """Return the labels of a recorded series; any, where it is within itself or too far down."""
        if name in self._recorded_labels:
            return self._recorded_labels[name]
        if name in self._following or len(self._following) >= MAX_CHAIN:
            return UNKNOWN
        self._following.append(name)
        found = LabelSet(frozenset(("__name__",)))
        for rule in self._recording[name]:
            result = rule.query.result_labels(self.labels_of) if rule.query else UNKNOWN
            found = found.union(result.plus(rule.labels))
        self._following.pop()
        self._recorded_labels[name] = found
        return found

    def _samples(self, name: str, *, start: bool) -> list[dict[str, str]]:
        """Return the labels of each sample of a metric, before the first fault or at the end."""
        if self._exposed is None:
            return []
        samples = self._exposed.before or {} if start else self._exposed.after
        return [labels for labels, _ in samples.get(name, ())]

    def _selects(self, selector: SeriesSelector, labels: Mapping[str, str]) -> bool:
        """Whether a sample is selected, as far as its own labels decide."""
        of_scraping = {*BY_SCRAPING, *self._scraped} - labels.keys()
        own = SeriesSelector(
            name=selector.name,
            matchers=tuple(m for m in selector.matchers if m.label not in of_scraping),
            either=selector.either,
        )
        return own.matches(dict(labels))


def _is_open(matcher: LabelMatcher) -> bool:
    return matcher.op == "=~" and not _LITERALS.fullmatch(matcher.value)
