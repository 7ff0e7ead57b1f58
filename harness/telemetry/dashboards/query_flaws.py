"""What is wrong with one query of a dashboard, from its text and from the series that exist."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from harness.model import Check
from harness.telemetry.dashboards.dashboard_checks import HAS_LE, LABELS_EXIST, LEGEND, NAMES_SERIES, PARSES
from harness.telemetry.dashboards.panel_queries import PANEL, PanelQuery
from harness.telemetry.dashboards.substitution import ANY, PLACEHOLDER
from harness.telemetry.promql import LabelMatcher, LabelSet, Query, SeriesSelector, parse
from harness.telemetry.rules.series_catalogue import BY_SCRAPING, SeriesCatalogue

_LEGEND = re.compile(r"\{\{\s*([A-Za-z_]\w*)\s*\}\}")
_NAME = "__name__"
USUAL_LABELS = frozenset(
    {*BY_SCRAPING, "cluster", "region", "zone", "datacenter", "dc", "environment", "env", "team", "replica"}
    | {"namespace", "pod", "container", "service", "endpoint", "node", "host", "hostname", "app", "application"}
    | {"prometheus", "prometheus_replica", _NAME}
)
"""Labels that a scrape configuration usually adds, and that therefore no endpoint shows."""
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


def judge_query(query: PanelQuery, catalogue: SeriesCatalogue | None) -> JudgedQuery:
    """Judge one query; without a ``catalogue`` of the series that exist only by its own text."""
    if query.not_checked:
        return JudgedQuery(query)
    if query.error:
        return JudgedQuery(query, (QueryFlaw(PARSES, query.error),))
    parsed = parse(query.expr)
    flaws = [*(_series(parsed, catalogue) if catalogue else ()), *_labels(query, parsed, catalogue)]
    flaws = flaws or list(_legend(query, parsed, catalogue))  # a wrong label is wrong in the legend too
    flaws += [QueryFlaw(HAS_LE, f"no le in {argument}") for argument in parsed.quantiles_without_le()]
    elsewhere = dict.fromkeys(s.name for s in parsed.selectors if catalogue and _is_elsewhere(s, catalogue))
    excuse = f"it reads {', '.join(elsewhere)}, which the target does not expose" if elsewhere else ""
    return JudgedQuery(query, tuple(dict.fromkeys(flaws)), tuple(elsewhere), excuse or _excuse(parsed, catalogue))


def _is_missing(selector: SeriesSelector, catalogue: SeriesCatalogue) -> bool:
    named = selector.name and PLACEHOLDER not in selector.name
    return bool(named) and not catalogue.exists(selector.name)


def _is_elsewhere(selector: SeriesSelector, catalogue: SeriesCatalogue) -> bool:
    return _is_missing(selector, catalogue) and catalogue.is_of_another(selector.name)


def _series(parsed: Query, catalogue: SeriesCatalogue) -> Iterator[QueryFlaw]:
    """Yield the selectors of series that do not exist, each with the nearest that does."""
    for selector in parsed.selectors:
        if _is_missing(selector, catalogue):
            if not catalogue.is_of_another(selector.name):
                hint = catalogue.hint(selector.name)
                yield QueryFlaw(NAMES_SERIES, f"no series has the name {selector.name}. {hint}".strip())
        elif wrong := catalogue.wrong_scrape_label(selector):
            observed = f"no series of {selector.name} has {wrong}: [telemetry.alerts] labels gives it another value"
            yield QueryFlaw(NAMES_SERIES, observed)
        elif observed := catalogue.missing_value(selector):
            yield QueryFlaw(NAMES_SERIES, observed)


def _labels(query: PanelQuery, parsed: Query, catalogue: SeriesCatalogue | None) -> Iterator[QueryFlaw]:
    """Yield the labels that do not exist where they are named."""
    if catalogue is None:
        return
    # Of these, only what the series do not have: a label that an inner aggregation removed changes no result.
    for use, anyway in zip(parsed.label_uses(catalogue.labels_of), parsed.label_uses(), strict=True):
        exists = use.label in use.available or use.label not in anyway.available or use.label in USUAL_LABELS
        if not exists and PLACEHOLDER not in use.label:
            yield QueryFlaw(LABELS_EXIST, f"{use.clause} ({use.label}): {_absent(use.label, use.available)}")
    for selector in parsed.selectors:
        labels = catalogue.labels_of(selector)
        for matcher in selector.matchers:
            if matcher.label not in labels and matcher.label not in USUAL_LABELS and _needs(matcher, query):
                yield QueryFlaw(LABELS_EXIST, f"{selector.name}{{{matcher}}}: {_absent(matcher.label, labels)}")


def _legend(query: PanelQuery, parsed: Query, catalogue: SeriesCatalogue | None) -> Iterator[QueryFlaw]:
    """Yield the labels of the legend that the result does not have."""

    def labels_of(selector: SeriesSelector) -> LabelSet:
        return catalogue.labels_of(selector).plus(USUAL_LABELS) if catalogue else LabelSet(others=True)

    result = parsed.result_labels(labels_of)
    for label in dict.fromkeys(_LEGEND.findall(query.legend)) if query.kind == PANEL else ():
        if label not in result and label != _NAME:
            yield QueryFlaw(LEGEND, f"legend {{{{{label}}}}}: {_absent(label, result, 'the result')}")


def _needs(matcher: LabelMatcher, query: PanelQuery) -> bool:
    """Whether a matcher selects nothing where its label is missing; that of a variable does for most of its values."""
    by_variable = matcher.value == ANY and matcher.op == "=~" and query.written != query.expr
    return matcher.op in ("=", "=~") and (by_variable or not matcher.matches({}))


def _absent(label: str, labels: LabelSet, of: str = "the series") -> str:
    names = sorted(labels.names - USUAL_LABELS) if not labels.others else []
    has = f"{of} {'have' if of.endswith('series') else 'has'}"
    return f"{has} no label {label!r}, only {', '.join(names)}" if names else f"{has} no label {label!r}"


def _excuse(parsed: Query, catalogue: SeriesCatalogue | None) -> str:
    """Return why a query can be empty in an exercise though it shows data in production."""
    for selector in parsed.selectors:
        if selector.offset_s >= _OLD_S:
            return f"it reads data of {selector.offset_s:g} s before, which an exercise does not have"
        labels = catalogue.labels_of(selector) if catalogue else LabelSet(others=True)
        unknown = USUAL_LABELS.difference(catalogue.scrape_labels if catalogue else ())
        for matcher in selector.matchers:
            if matcher.label in unknown and _is_of_scrape(matcher, labels):
                return f"it selects by the label {matcher.label!r}, which the harness's own scrape does not add"
    return ""


def _is_of_scrape(matcher: LabelMatcher, labels: LabelSet) -> bool:
    """Whether a matcher asks for a label, or for a value of one, that only the team's own scrape adds."""
    if matcher.matches({}):
        return False
    return matcher.label not in labels or (matcher.label in BY_SCRAPING and not matcher.op.startswith("!"))
