"""Judges the dashboards of a run: a finding for each fault, and one for each check that found none."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from harness.core.cutting import cut
from harness.model import Check, Finding, Outcome
from harness.telemetry.dashboards.dashboard import Dashboard
from harness.telemetry.dashboards.dashboard_checks import (
    COVERED,
    HAS_LE,
    LABELS_EXIST,
    LEGEND,
    NAMES_SERIES,
    PARSES,
    READABLE,
    RETURNS_DATA,
    VARIABLE_RETURNS,
)
from harness.telemetry.dashboards.panel_answers import PanelAnswer
from harness.telemetry.dashboards.panel_queries import QUERY, VARIABLE, PanelQuery, panel_queries
from harness.telemetry.dashboards.query_flaws import JudgedQuery, judge_query
from harness.telemetry.metrics import Exposed
from harness.telemetry.rules.rule_file import Rule
from harness.telemetry.rules.series_catalogue import SeriesCatalogue

_STATIC = (PARSES, NAMES_SERIES, LABELS_EXIST, LEGEND, HAS_LE)
_TOO_OLD = "parse error"
"""In the answer of a Prometheus that does not understand what a newer one does: the query was parsed before."""
_NO_METRICS = "the metrics of the target were not read"
_UNASKED = "no Prometheus was asked"
_MAX_LISTED = 8
"""Values that one finding lists."""
MAX_FINDINGS = 100
"""Of one check in one dashboard, and lines of one finding."""
_NESTED = re.compile(r"[+*}][^()+*}]*\)[+*{]")
"""A repetition within a repetition, which Python may need ages to refuse."""
_MAX_CHARS = 300
"""Of a query in a finding."""


def judge_dashboards(
    dashboards: Sequence[Dashboard],
    exposed: Exposed | None,
    answers: Mapping[str, PanelAnswer] | None,
    *,
    rules: Iterable[Rule] = (),
    labels: Mapping[str, str] | None = None,
    unasked: str = "",
) -> list[Finding]:
    """Judge all dashboards.

    ``exposed`` is what the target exposed, None where it was not read; ``answers`` are those to `asked`, by the key of
    the query, None where no Prometheus was asked. ``rules`` are those that the Prometheus evaluates,
    ``labels`` what the scrape configuration gives to every series, ``unasked`` why no Prometheus was asked.
    """
    if not dashboards:
        return [READABLE.finding(Outcome.FAIL, "no file matches [telemetry] dashboards")]
    catalogue = SeriesCatalogue(exposed, labels or {}, rules) if exposed else None
    return [finding for dashboard in dashboards for finding in _judge(dashboard, catalogue, answers, unasked)]


def _judge(
    dashboard: Dashboard, catalogue: SeriesCatalogue | None, answers: Mapping[str, PanelAnswer] | None, unasked: str
) -> Iterator[Finding]:
    if dashboard.problem:
        where = f"{dashboard.file}:{dashboard.problem_line}"
        yield _finding(READABLE, Outcome.FAIL, f"{where}: {dashboard.problem}", dashboard)
        return
    yield _finding(READABLE, Outcome.PASS, f"{dashboard.file}: {len(dashboard.panels)} panels", dashboard)
    judged = [judge_query(query, catalogue) for query in panel_queries(dashboard)]
    for check in _STATIC:
        yield from _static(check, dashboard, judged, unknown=check is NAMES_SERIES and catalogue is None)
    yield from _answered(dashboard, judged, answers, unasked)
    yield _covered(dashboard, judged)


def _finding(check: Check, outcome: Outcome, observed: str, dashboard: Dashboard, case: str = "") -> Finding:
    """Return a finding whose summary has the place; ``case`` distinguishes those of one check and dashboard."""
    first = observed.split("\n", 1)[0]
    name = f"{check.id}-{case or dashboard.file}"
    return check.finding(outcome, observed, summary=f"{check.sentence(outcome)}: {first}", case=name)


def _faults(check: Check, found: Sequence[tuple[PanelQuery, str]], dashboard: Dashboard) -> Iterator[Finding]:
    """Yield a finding for each query and what is wrong with it, up to a bound."""
    for query, observed in found[:MAX_FINDINGS]:
        yield _finding(check, Outcome.FAIL, _line(query, observed), dashboard, query.key)
    if more := len(found[MAX_FINDINGS:]):
        yield _finding(check, Outcome.FAIL, f"{dashboard.file}: and {_queries(more)} more", dashboard, "more")


def _listed(first: str, lines: Sequence[str]) -> str:
    """Return a text with a line for each, up to a bound."""
    more = len(lines[MAX_FINDINGS:])
    return "\n".join([first, *lines[:MAX_FINDINGS], *([f"and {more} more"] if more else [])])


def _line(query: PanelQuery, observed: str) -> str:
    return f"{query.where}: {query.title}: {observed}"


def _static(check: Check, dashboard: Dashboard, judged: Sequence[JudgedQuery], *, unknown: bool) -> Iterator[Finding]:
    """Yield what is wrong by one check that needs no answers, or that nothing is."""
    parsed = [one for one in judged if one.query.is_parsed]
    if unknown and parsed:
        yield _finding(check, Outcome.NOT_RUN, f"{dashboard.file}: {_NO_METRICS}", dashboard)
        return
    found = [(one.query, flaw.observed) for one in judged for flaw in one.flaws if flaw.check is check]
    yield from _faults(check, found, dashboard)
    if parsed and not found:
        yield _finding(check, Outcome.PASS, f"{dashboard.file}: {_queries(len(parsed))}", dashboard)


def _answered(
    dashboard: Dashboard,
    judged: Sequence[JudgedQuery],
    answers: Mapping[str, PanelAnswer] | None,
    unasked: str,
) -> Iterator[Finding]:
    """Yield what the answers show of each query with which nothing is wrong so far."""
    right = [one for one in judged if one.query.is_asked and not any(flaw.check is not LEGEND for flaw in one.flaws)]
    variables = [one for one in right if one.query.kind == VARIABLE]
    others = [one for one in right if one.query.kind != VARIABLE]
    for check, queries in ((RETURNS_DATA, others), (VARIABLE_RETURNS, variables)):
        if queries and answers is None:
            yield _finding(check, Outcome.NOT_RUN, f"{dashboard.file}: {unasked or _UNASKED}", dashboard)
        elif queries:
            yield from _of_answers(check, dashboard, queries, answers or {})


def _of_answers(
    check: Check,
    dashboard: Dashboard,
    right: Sequence[JudgedQuery],
    answers: Mapping[str, PanelAnswer],
) -> Iterator[Finding]:
    shown: list[str] = []
    empty: list[str] = []
    faults: list[tuple[PanelQuery, str]] = []
    for one in right:
        found = answers.get(one.query.key)
        if found is None:
            empty.append(_line(one.query, "it was not asked"))
        elif _TOO_OLD in found.error:
            empty.append(_line(one.query, f"this Prometheus is too old for it: {found.error}"))
        elif wrong := _wrong(one, found):
            faults.append((one.query, wrong))
        elif hidden := _hidden_values(one.query, found):
            empty.append(_line(one.query, hidden))
        elif found.series:
            shown += [_moved(one.query, found)] if not found.good and found.moved_by else [""]
        else:
            empty.append(_line(one.query, one.excuse or "no caused fault moves it"))
    yield from _faults(check, faults, dashboard)
    if shown:
        by_fault = [line for line in shown if line]
        also = f"; {len(by_fault)} of them in a fault only" if by_fault else ""
        observed = f"{dashboard.file}: {_queries(len(shown))} with data{also}"
        yield _finding(check, Outcome.PASS, _listed(observed, by_fault), dashboard)
    if empty:
        observed = f"{dashboard.file}: {_queries(len(empty))} without data"
        yield _finding(check, Outcome.NOT_RUN, _listed(observed, empty), dashboard, f"{dashboard.file}-empty")


def _wrong(one: JudgedQuery, found: PanelAnswer) -> str:
    """Return what is wrong with an answer; empty where nothing is, or where nothing can be concluded from it."""
    if found.error:
        return f"Prometheus could not answer {cut(one.query.expr, _MAX_CHARS)}: {found.error}"
    empty_variable = one.query.kind == VARIABLE and not found.series and not one.excuse
    return f"{cut(one.query.written, _MAX_CHARS)} has no value" if empty_variable else ""


def _hidden_values(query: PanelQuery, found: PanelAnswer) -> str:
    """Return that a variable's regular expression lets none of its values through, if that is so.

    It may be one for the names of production, so nothing is wrong with it.
    """
    if not found.values or any(_passes(query.regex, value) for value in found.values):
        return ""
    return f"its regular expression {query.regex} matches none of {', '.join(found.values[:_MAX_LISTED])}"


def _passes(regex: str, value: str) -> bool:
    """Whether Grafana shows a value; what only JavaScript understands, or Python may never end, shows all."""
    if _NESTED.search(regex):
        return True
    slashed = re.fullmatch(r"/(.*)/(\w*)", regex, re.DOTALL)
    pattern, flags = (slashed[1], slashed[2]) if slashed else (f"^{regex}$", "")
    try:
        return not regex or bool(re.search(pattern, value, re.IGNORECASE if "i" in flags else 0))
    except (re.error, RecursionError, OverflowError):
        return True


def _moved(query: PanelQuery, found: PanelAnswer) -> str:
    return _line(query, f"empty in good traffic, moved by {', '.join(found.moved_by)}")


def _covered(dashboard: Dashboard, judged: Sequence[JudgedQuery]) -> Finding:
    """List by name what was not checked: library panels, other data sources, and queries that nobody can judge."""
    listed = [f"library panel {panel.library!r}" for panel in dashboard.panels if panel.library]
    shown = (target.source for panel in (*dashboard.panels, *dashboard.annotations) for target in panel.targets)
    chosen = (variable.source for variable in dashboard.variables.values() if variable.query and variable.kind == QUERY)
    sources = Counter(str(source) for source in (*shown, *chosen) if not source.is_prometheus)
    listed += [f"{_queries(number)} to {source}" for source, number in sorted(sources.items())]
    hidden = sum(one.query.hidden for one in judged)
    listed += [f"{_queries(hidden)} that no panel shows"] if hidden else []
    doubts = [
        _line(one.query, why)
        for one in judged
        if (why := one.query.not_checked or ("" if one.query.hidden else one.query.not_asked))
    ]
    elsewhere = dict.fromkeys(name for one in judged for name in one.elsewhere)
    doubts += [f"series of another exporter: {', '.join(elsewhere)}"] if elsewhere else []
    if not listed and not doubts:
        return _finding(COVERED, Outcome.PASS, f"{dashboard.file}: {_queries(len(judged))}", dashboard)
    outcome = Outcome.NOT_RUN if doubts else Outcome.NOT_APPLICABLE
    first = f"{dashboard.file}: {'; '.join(listed)}" if listed else f"{dashboard.file}: {len(doubts)} without judgement"
    return _finding(COVERED, outcome, _listed(cut(first, _MAX_CHARS), doubts), dashboard)


def _queries(number: int) -> str:
    return f"{number} {'query' if number == 1 else 'queries'}"
