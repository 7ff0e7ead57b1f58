"""What is wrong with rules' expressions: series, labels, counters, quantiles, circles."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from harness.errors import nearest
from harness.telemetry.promql import LabelSet
from harness.telemetry.rules.rule_checks import Complaint, complaint
from harness.telemetry.rules.rule_file import Rule
from harness.telemetry.rules.series_catalogue import SeriesCatalogue

MEASURES_INCREASE = ("increase", "rate", "irate")
_SEEDED = re.compile(r"\bor\b|\babsent(?:_over_time)?\b|\bvector\b|\bscalar\b", re.IGNORECASE)
"""What gives a recording rule a value while what it reads has none."""


def missing_series(
    rules: Sequence[Rule], catalogue: SeriesCatalogue, counted: Collection[str], elsewhere: set[str]
) -> Iterator[Complaint]:
    """Yield the selectors of series that do not exist; those of other exporters are added to ``elsewhere`` instead.

    ``counted`` are the alerts that are to fire, which can read nothing but what the target exposes.
    """
    for rule in rules:
        for selector in rule.query.selectors if rule.query else ():
            name = selector.name
            if not name:
                continue
            if not catalogue.exists(name):
                if rule.alert not in counted and catalogue.is_of_another(name):
                    elsewhere.add(name)
                    continue
                text = f"no series has the name {name}. {catalogue.hint(name)}".strip()
                yield complaint(rule, "expr", text, name)
            elif wrong := catalogue.wrong_scrape_label(selector):
                text = f"no series of {name} has {wrong}: [telemetry.alerts] labels gives it another value"
                yield complaint(rule, "expr", text, name)
            elif text := catalogue.missing_value(selector):
                yield complaint(rule, "expr", text, str(selector))


def missing_labels(rules: Sequence[Rule], catalogue: SeriesCatalogue) -> Iterator[Complaint]:
    """Yield the labels in matchers, ``by``, ``on`` and ``group_left`` that their input does not have."""
    for rule in rules:
        if rule.query is None:
            continue
        for selector in rule.query.selectors:
            known = catalogue.labels_of(selector)
            for label in [m.label for m in selector.matchers if m.label not in known]:
                text = f"{selector.name} has no label {label!r}, which a matcher names. {_nearest(label, known)}"
                yield complaint(rule, "expr", text.strip(), label)
        for use in rule.query.label_uses(catalogue.labels_of):
            if use.label not in use.available:
                text = f"`{use.clause}` names the label {use.label!r}, which its input does not have."
                yield complaint(rule, "expr", f"{text} {_nearest(use.label, use.available)}".strip(), use.label)


def late_counters(rules: Sequence[Rule], catalogue: SeriesCatalogue) -> Iterator[Complaint]:
    """Yield the counters under ``increase`` or ``rate`` that existed neither at the start nor in good traffic."""
    for rule in rules:
        for selector in rule.query.selectors if rule.query else ():
            if selector.function in MEASURES_INCREASE and catalogue.begins_late(selector):
                text = (
                    f"{selector} did not exist when the target had started, nor after good traffic: "
                    f"{selector.function} measures from a counter's first sample on, so it misses the first failure"
                    f"{catalogue.other_values(selector)}"
                )
                yield complaint(rule, "expr", text, str(selector))


def lost_buckets(rules: Sequence[Rule]) -> Iterator[Complaint]:
    """Yield the quantiles of classic buckets without ``le``."""
    for rule in rules:
        for argument in rule.query.quantiles_without_le() if rule.query else ():
            inside = " ".join(argument.split())
            text = f"histogram_quantile is always empty: `le` is not among the labels of {inside}"
            yield complaint(rule, "expr", text, inside)


def circles(rules: Sequence[Rule]) -> Iterator[Complaint]:
    """Yield the recording rules that read each other, or themselves, where nothing gives any of them a first value."""
    by_name = {rule.record: rule for rule in rules if rule.record and rule.query and not _SEEDED.search(rule.expr)}
    reads = {
        name: [s.name for s in rule.query.selectors if s.name in by_name]
        for name, rule in by_name.items()
        if rule.query
    }
    done: set[str] = set()
    for start in reads:
        path = _circle(start, reads, done)
        if path:
            yield complaint(by_name[path[0]], "expr", f"it reads itself: {' → '.join([*path, path[0]])}", path[0])


def _circle(start: str, reads: dict[str, list[str]], done: set[str]) -> list[str]:
    """Return the first circle that is reached from ``start`` and was not before; it may be longer than the stack."""
    path, waiting = {start: None}, [iter(reads[start])]
    if start in done:
        return []
    while waiting:
        following = next(waiting[-1], None)
        if following is None:
            done.add(path.popitem()[0])
            waiting.pop()
        elif following in path:
            done.update(path)
            return list(path)[list(path).index(following) :]
        elif following not in done:
            path[following] = None
            waiting.append(iter(reads[following]))
    return []


def _nearest(label: str, known: LabelSet) -> str:
    names = set() if known.others else known.names - {"__name__"}
    return nearest(label, names) if names else ""
