"""What is wrong with one query of a dashboard, from its text and from the series that exist."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from harness.model import Check
from harness.telemetry.dashboards.dashboard_checks import HAS_LE, LABELS_EXIST, LEGEND, NAMES_SERIES, PARSES
from harness.telemetry.dashboards.panel_queries import PANEL, PanelQuery
from harness.telemetry.dashboards.substitution import ANY, PLACEHOLDER
from harness.telemetry.known_series import OF_SCRAPING, KnownSeries
from harness.telemetry.promql import LabelMatcher, LabelSet, Query, SeriesSelector, parse

_LEGEND = re.compile(r"\{\{\s*([A-Za-z_]\w*)\s*\}\}")
_NAME = "__name__"
_ALWAYS_SCRAPED = ("job", "instance")
"""Labels that every Prometheus adds, whatever their values."""
_OLD_S = 60.0
"""From this offset in seconds on, an exercise has no data so old."""


class QueryFlaw(NamedTuple):
    """One thing that is wrong with a query."""

    check: Check
    observed: str


class JudgedQuery(NamedTuple):
    """One query, what is wrong with it, and why it can be empty without anything being wrong."""

    query: PanelQuery
    flaws: tuple[QueryFlaw, ...] = ()
    elsewhere: tuple[str, ...] = ()
    """Names of series that another exporter may expose."""
    excuse: str = ""
    """Why the exercise could not show data of it."""


def judge_query(query: PanelQuery, known: KnownSeries | None) -> JudgedQuery:
    """Judge one query; without ``known`` only by its own text."""
    if query.not_checked:
        return JudgedQuery(query)
    if query.error:
        return JudgedQuery(query, (QueryFlaw(PARSES, query.error),))
    parsed = parse(query.expr)
    flaws = [*(_unnamed(parsed, known) if known else ()), *_labels(query, parsed, known)]
    flaws += [QueryFlaw(HAS_LE, f"no le in {argument}") for argument in parsed.quantiles_without_le()]
    elsewhere = dict.fromkeys(s.name for s in parsed.selectors if known and _is_elsewhere(s, known))
    excuse = f"it reads {', '.join(elsewhere)}, which the target does not expose" if elsewhere else ""
    return JudgedQuery(query, tuple(dict.fromkeys(flaws)), tuple(elsewhere), excuse or _excuse(parsed, known))


def _is_elsewhere(selector: SeriesSelector, known: KnownSeries) -> bool:
    return _is_named(selector) and selector.name not in known and known.is_of_others(selector.name)


def _is_named(selector: SeriesSelector) -> bool:
    return bool(selector.name) and PLACEHOLDER not in selector.name


def _unnamed(parsed: Query, known: KnownSeries) -> Iterator[QueryFlaw]:
    """Yield the series that do not exist, with the nearest that does."""
    for selector in parsed.selectors:
        if _is_named(selector) and selector.name not in known and not known.is_of_others(selector.name):
            nearest = known.nearest(selector.name)
            hint = f". Did you mean {nearest!r}?" if nearest else ""
            yield QueryFlaw(NAMES_SERIES, f"no series {selector.name!r} exists{hint}")


def _labels(query: PanelQuery, parsed: Query, known: KnownSeries | None) -> Iterator[QueryFlaw]:
    """Yield the labels that do not exist where they are named."""
    labels_of = known.labels_of if known else None
    for use in parsed.label_uses(labels_of):
        if use.label not in use.available and PLACEHOLDER not in use.label:
            yield QueryFlaw(LABELS_EXIST, f"{use.clause} ({use.label}): {_absent(use.label, use.available)}")
    for selector in parsed.selectors if known else ():
        labels = known.labels_of(selector) if known else LabelSet()
        for matcher in selector.matchers:
            if matcher.label not in labels and _needs(matcher, query):
                yield QueryFlaw(LABELS_EXIST, f"{selector.name}{{{matcher}}}: {_absent(matcher.label, labels)}")
    result = parsed.result_labels(labels_of)
    for label in dict.fromkeys(_LEGEND.findall(query.legend)) if query.kind == PANEL else ():
        if label not in result and label != _NAME:
            yield QueryFlaw(LEGEND, f"legend {{{{{label}}}}}: {_absent(label, result, 'the result')}")


def _needs(matcher: LabelMatcher, query: PanelQuery) -> bool:
    """Whether a matcher selects nothing where its label is missing; that of a variable does for most of its values."""
    by_variable = matcher.value == ANY and matcher.op == "=~" and query.written != query.expr
    return matcher.op in ("=", "=~") and (by_variable or not matcher.matches({}))


def _absent(label: str, labels: LabelSet, of: str = "the series") -> str:
    names = sorted(labels.names - OF_SCRAPING) if not labels.others else []
    has = f"{of} {'have' if of.endswith('series') else 'has'}"
    return f"{has} no label {label!r}, only {', '.join(names)}" if names else f"{has} no label {label!r}"


def _excuse(parsed: Query, known: KnownSeries | None) -> str:
    """Return why a query can be empty in an exercise though it shows data in production."""
    for selector in parsed.selectors:
        if selector.offset_s >= _OLD_S:
            return f"it reads data of {selector.offset_s:g} s before, which an exercise does not have"
        own = known.own_labels(selector.name) if known else frozenset()
        for matcher in selector.matchers:
            if known and matcher.label in OF_SCRAPING - own and _is_of_scrape(matcher, known):
                return f"it selects by the label {matcher.label!r}, which the harness's own scrape does not add"
    return ""


def _is_of_scrape(matcher: LabelMatcher, known: KnownSeries) -> bool:
    """Whether a matcher asks for a label, or for a value of one, that only the team's own scrape adds."""
    if matcher.label in known.scrape_labels or matcher.matches({}):
        return False
    return matcher.label not in _ALWAYS_SCRAPED or not matcher.op.startswith("!")
