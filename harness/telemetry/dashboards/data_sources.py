"""Which data source a query is sent to: by name, by reference, through a variable, mixed, or Grafana's default."""

from __future__ import annotations

import re
from typing import Any

from harness.telemetry.dashboards.dashboard import PROMETHEUS_TYPES, DataSource
from harness.telemetry.dashboards.dashboard_forms import Fields, entries, fields, text

EXPRESSION = "__expr__"
"""Grafana's own expressions over the other queries of a panel."""
_MIXED = "mixed"
_SPECIAL = {
    "-- Mixed --": _MIXED,
    "-- Grafana --": "grafana",
    "grafana": "grafana",
    "-- Dashboard --": "dashboard",
    EXPRESSION: EXPRESSION,
}
_GENERIC_TYPES = ("datasource", "")
"""Types without meaning: Grafana writes ``datasource`` beside its own special names."""
_VARIABLE = re.compile(r"\$\{(\w+)(?:[.:][^}]*)?\}|\$(\w+)|\[\[(\w+)(?::\w+)?\]\]")
_NAMED = (
    (re.compile(r"loki|\blogs?\b", re.IGNORECASE), "loki"),
    (re.compile(r"tempo|jaeger|zipkin", re.IGNORECASE), "tempo"),
    (re.compile(r"influx", re.IGNORECASE), "influxdb"),
)
"""What a name gives away where the file states no type."""
_PROMETHEUS_NAMED = re.compile(r"prometheus|mimir|thanos|cortex", re.IGNORECASE)
_QUOTED = re.compile(r"\"(?:[^\"\\]|\\.)*+\"|'(?:[^'\\]|\\.)*+'|`[^`]*+`|#[^\n]*")


class DataSources:
    """The data sources that one dashboard names."""

    def __init__(self, document: Fields) -> None:
        """Read the variables and the inputs of the dashboard, in its classic form."""
        chosen = [v for v in entries(fields(document.get("templating")).get("list")) if v.get("type") == "datasource"]
        self._types = {text(i.get("name")): text(i.get("pluginId")) for i in entries(document.get("__inputs"))}
        self._types |= {text(v.get("name")): text(v.get("query")) for v in chosen}

    def source(self, reference: object) -> DataSource:
        """Return the data source of a reference, which is a name, an object with type and uid, or nothing."""
        name = text(reference)
        stated = ""
        if isinstance(reference, dict):
            name = text(reference.get("uid")) or text(reference.get("name"))
            stated = text(reference.get("type"))
        if name in _SPECIAL:
            return DataSource(_SPECIAL[name])
        variable = _VARIABLE.fullmatch(name)
        known = self._types.get(next(filter(None, variable.groups()), "")) if variable else None
        if found := known or ("" if stated in _GENERIC_TYPES else stated):
            return DataSource(found, name)
        return DataSource("", "" if name == "default" else name)

    def of_target(self, target: Fields, panel: Fields) -> DataSource:
        """Return where a target is sent: its own data source counts in a mixed panel, or where the panel has none.

        Grafana, public/app/features/query/state/PanelQueryRunner.ts: it overrides that of any other target.
        """
        own = self.source(target.get("datasource"))
        whole = self.source(panel.get("datasource"))
        counts = own if panel.get("datasource") is None or whole.type == _MIXED or own.type == EXPRESSION else whole
        return self.assumed(counts, target.get("expr"))

    @staticmethod
    def assumed(source: DataSource, expr: Any) -> DataSource:
        """Return the data source with a type where the file states none, by its name and by the language of a query."""
        if source.type or not isinstance(expr, str):
            return source
        if _PROMETHEUS_NAMED.search(source.name):
            return DataSource(PROMETHEUS_TYPES[0], source.name)
        named = next((kind for pattern, kind in _NAMED if pattern.search(source.name)), "")
        logs = "loki" if "|" in _QUOTED.sub("", expr) else PROMETHEUS_TYPES[0]  # PromQL has no such character
        return DataSource(named or logs, source.name, assumed=True)
