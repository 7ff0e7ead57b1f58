"""The Prometheus queries of a dashboard, ready to be asked; and of those that cannot be asked, why not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import msgspec

from harness.telemetry.dashboards.dashboard import Dashboard, Panel, PanelTarget, Variable
from harness.telemetry.dashboards.substitution import PLACEHOLDER, Substituter, Substitution
from harness.telemetry.dashboards.variable_queries import values_query
from harness.telemetry.promql import PromqlError, parse

PANEL, VARIABLE, ANNOTATION = "panel", "variable", "annotation"
QUERY = "query"
"""Grafana's type of a variable that asks for its values."""
_METRICSQL = re.compile(
    r"^\s*WITH\s*\(|\bkeep_metric_names\b|\b(?:default|if|ifnot)\b\s*[\w(]|\[[\d.]*i\]|\b\d+\.\d+[smhdwy]\b"
    r"|\b(?:range|running|rollup|smooth|outliers|buckets?|ru|union|alias|interpolate|limit_offset|remove_resets)\w*\s*\("
    r"|\b(?:topk|bottomk)_\w+\s*\(|\b(?:increase|rate|delta|changes)_\w+\s*\(|\b(?:keep|drop)_\w+\s*\("
    r"|\blabel_(?:set|map|keep|del|copy|move|transform|value|match|mismatch|uppercase|lowercase|graphite_group)\s*\("
    r"|\b(?:median|mode|share|distinct|histogram(?!_(?:avg|count|fraction|quantiles?|std\w+|sum)\b)"
    r"|tmin|tmax|tfirst|tlast|geomean|hoeffding|zscore|count_(?:eq|ne|gt|le))\w*\s*\(|\b(?:prometheus_buckets|histogram_share|vmrange|sum2|any)\w*\s*\(",
    re.IGNORECASE,
)
"""What only VictoriaMetrics understands, which is mostly configured as a Prometheus (VictoriaMetrics: MetricsQL)."""
_VMRANGE = re.compile(r"\bvmrange\b")
"""The label of histograms of VictoriaMetrics, which have no ``le`` (MetricsQL: prometheus_buckets)."""
_OF_VICTORIA = "it is MetricsQL, of VictoriaMetrics"
_GO_REGEX = "illegal regex"
"""How the parser begins where its own syntax of regular expressions, which is not quite RE2, refuses one."""
_NEVER_RE2 = re.compile(r"\(\?[=!]|\(\?<[=!]|\\[1-9]")
"""Lookaround and references, which RE2 does not know."""
MAX_QUERIES = 2_000
"""Of one dashboard that are parsed; one with a hundred panels has 300."""
MAX_CHARS = 20_000
"""Of a query; the longest of Grafana Labs' own dashboards has 5,000."""
_EMPTY_SELECTOR = "at least one non-empty matcher"
_TOO_LONG = "is not read"


class PanelQuery(msgspec.Struct, frozen=True, kw_only=True):
    """One query of a dashboard."""

    key: str
    """Unique in a run, and the same in each: file, and number of the query in it."""
    dashboard: str
    """The file."""
    panel: str
    """Title of the panel, name of the variable or annotation."""
    ref_id: str = ""
    line: int
    """Line of the query in the file."""
    kind: str = PANEL
    """``panel``, ``variable`` or ``annotation``."""
    written: str
    """With variables, as in the file."""
    expr: str
    """PromQL without variables."""
    legend: str = ""
    label: str = ""
    """Of a variable: the label of the result that holds its values."""
    regex: str = ""
    """Of a variable: what its values must match, as ``/…/``."""
    error: str = ""
    """Why it is not PromQL; empty where it is."""
    not_checked: str = ""
    """Why it is not known whether it is PromQL."""
    not_asked: str = ""
    """Why it is PromQL, and its result would still show nothing."""
    hidden: bool = False
    """Whether no panel shows its result."""
    assumed: bool = False
    """Whether its data source is only assumed to be a Prometheus."""

    @property
    def where(self) -> str:
        """File and line."""
        return f"{self.dashboard}:{self.line}"

    @property
    def title(self) -> str:
        """How a person finds it in the dashboard: ``panel 'Requests' (B)``."""
        return f"{self.kind} {self.panel!r}" + (f" ({self.ref_id})" if self.ref_id else "")

    @property
    def is_parsed(self) -> bool:
        """Whether it is known to be PromQL."""
        return not (self.error or self.not_checked)

    @property
    def is_asked(self) -> bool:
        """Whether a Prometheus must answer it."""
        return self.is_parsed and not self.not_asked


def asked(dashboards: Iterable[Dashboard]) -> tuple[PanelQuery, ...]:
    """Return the queries that a Prometheus must answer after an exercise, each over the whole of it."""
    found = (query for dashboard in dashboards for query in panel_queries(dashboard))
    return tuple(query for query in found if query.is_asked)


def panel_queries(dashboard: Dashboard) -> list[PanelQuery]:
    """Return all queries to Prometheus: of panels, of annotations, and of variables that ask for their values."""
    found = [
        *(_of_target(dashboard, shown, target, PANEL) for shown, target in _targets(dashboard.panels)),
        *(_of_target(dashboard, shown, target, ANNOTATION) for shown, target in _targets(dashboard.annotations)),
        *(_of_variable(dashboard, v) for v in dashboard.variables.values() if v.kind == QUERY and asks(v)),
    ]
    numbered = [_numbered(query, number, dashboard) for number, query in enumerate(found, 1)]
    return list(map(_doubted, numbered)) if any(q.not_checked == _OF_VICTORIA for q in numbered) else numbered


def _doubted(query: PanelQuery) -> PanelQuery:
    """Return a query of a dashboard for VictoriaMetrics, which also reads ``rate(x)`` and ``sum(a, b)``."""
    doubt = f"other queries of this dashboard are MetricsQL, and it is not PromQL: {query.error}" if query.error else ""
    return msgspec.structs.replace(query, error="", not_checked=query.not_checked or doubt)


def _numbered(query: PanelQuery, number: int, dashboard: Dashboard) -> PanelQuery:
    """Return a query with its key, and with its variables replaced where it is within bounds."""
    query = msgspec.structs.replace(query, key=f"{dashboard.file}#{number}")
    if number > MAX_QUERIES:
        return msgspec.structs.replace(query, not_checked=f"the dashboard has more than {MAX_QUERIES:,} queries")
    if len(query.written) > MAX_CHARS:
        return msgspec.structs.replace(query, not_checked=f"it has more than {MAX_CHARS:,} characters")
    if _VMRANGE.search(query.written):
        return msgspec.structs.replace(query, not_checked=_OF_VICTORIA)
    return _substituted(query, dashboard)


def asks(variable: Variable) -> bool:
    """Whether a variable asks a Prometheus."""
    return variable.source.is_prometheus and bool(variable.query.strip())


def _targets(panels: Iterable[Panel]) -> Iterator[tuple[Panel, PanelTarget]]:
    for panel in panels:
        yield from ((panel, t) for t in panel.targets if t.source.is_prometheus and t.expr.strip())


def _of_target(dashboard: Dashboard, shown: Panel, target: PanelTarget, kind: str) -> PanelQuery:
    substituter = Substituter(dashboard.variables)
    legend = substituter.substitute(target.legend[:MAX_CHARS]).text
    return PanelQuery(
        key="",
        dashboard=dashboard.file,
        panel=shown.title,
        ref_id=target.ref_id,
        line=target.line,
        kind=kind,
        written=target.expr,
        expr="",
        legend=legend if PLACEHOLDER not in legend else "",
        not_asked="no panel shows it" if target.hidden else "",
        hidden=target.hidden,
        assumed=target.source.assumed,
    )


def _of_variable(dashboard: Dashboard, variable: Variable) -> PanelQuery:
    return PanelQuery(
        key="",
        dashboard=dashboard.file,
        panel=variable.name,
        line=variable.line,
        kind=VARIABLE,
        written=variable.query,
        expr="",
        regex=variable.regex,
        assumed=variable.source.assumed,
    )


def _substituted(query: PanelQuery, dashboard: Dashboard) -> PanelQuery:
    """Replace the variables; what no value is known of, by the first of several that parses."""
    failed: tuple[Substitution, PromqlError] | None = None
    for placeholder in (PLACEHOLDER, "1"):
        found = Substituter(dashboard.variables, placeholder).substitute(query.written)
        values = values_query(found.text) if query.kind == VARIABLE else None
        expr = values.expr if values else found.text
        query = msgspec.structs.replace(query, expr=expr, label=values.label if values else "")
        try:
            parsed = parse(expr)
        except PromqlError as exc:
            failed = failed or (found, exc)
            continue
        names = any(PLACEHOLDER in selector.name for selector in parsed.selectors)
        return msgspec.structs.replace(query, not_asked=query.not_asked or _not_asked(found, names=names))
    assert failed is not None
    doubt = _doubt(query, *failed)
    return msgspec.structs.replace(query, **({"not_checked": doubt} if doubt else {"error": str(failed[1])}))


def _not_asked(found: Substitution, *, names: bool) -> str:
    """Return why the answer to a query that parses would show nothing; empty where it would."""
    if found.undefined:
        return f"the dashboard does not define the variable {_listed(found.undefined)}"
    if found.unknown:
        return f"what it reads depends on the variable {_listed(found.unknown)}"
    if names:
        return "what it reads depends on a variable"
    return "it reads the time range that is shown" if found.shifts else ""


def _doubt(query: PanelQuery, found: Substitution, error: PromqlError) -> str:
    """Return why a query that does not parse can be right nevertheless; empty where it cannot."""
    text = str(error)
    valued = _EMPTY_SELECTOR in text and found.text != query.written
    reasons = (
        (found.undefined, f"the dashboard does not define the variable {_listed(found.undefined)}"),
        (found.unknown, f"no value is known of the variable {_listed(found.unknown)}"),
        (valued, "no value is known of the variables that it uses"),
        (error.newer, f"only Prometheus 3 understands it: {error.newer}"),
        (_METRICSQL.search(found.text), _OF_VICTORIA),
        (
            text.startswith(_GO_REGEX) and not _NEVER_RE2.search(text),
            f"its regular expression may be one of RE2: {text}",
        ),
        (text.endswith(_TOO_LONG), text),
        (query.assumed, f"the file does not state the type of its data source, and it is not PromQL: {text}"),
    )
    return next((reason for holds, reason in reasons if holds), "")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"${name}" for name in names)
