"""What a dashboard consists of, whichever version of Grafana wrote it."""

from __future__ import annotations

import msgspec


class DataSource(msgspec.Struct, frozen=True):
    """Where a query is sent."""

    type: str = ""
    """Grafana's id of the plugin, such as ``prometheus``; empty where only Grafana knows it."""
    name: str = ""
    """As the dashboard names it; empty for Grafana's default."""
    assumed: bool = False
    """Whether the type is concluded from the name or the query, because the file states none."""

    @property
    def is_prometheus(self) -> bool:
        """Whether it is queried in PromQL."""
        return self.type in PROMETHEUS_TYPES

    def __str__(self) -> str:
        return self.type or (f"data source {self.name!r}" if self.name else "the default data source")


PROMETHEUS_TYPES = (
    "prometheus",
    "grafana-amazonprometheus-datasource",
    "grafana-azureprometheus-datasource",
)
"""Plugins that are queried in PromQL."""


class PanelTarget(msgspec.Struct, frozen=True, kw_only=True):
    """One query of a panel, or that of an annotation."""

    ref_id: str
    expr: str
    """As it is written, with variables; empty where the query has none."""
    line: int
    """Line of the expression in the file."""
    source: DataSource
    legend: str = ""
    """As it is written: labels in ``{{…}}``; empty for a table, which does not show it."""
    hidden: bool = False
    """Whether its result is not shown and no expression of the panel reads it."""


class Panel(msgspec.Struct, frozen=True, kw_only=True):
    """One panel of a dashboard, or an annotation, with its queries."""

    title: str
    line: int
    targets: tuple[PanelTarget, ...] = ()
    library: str = ""
    """Name of the library panel that it shows, where the file does not contain that one."""


class Variable(msgspec.Struct, frozen=True, kw_only=True):
    """A variable of a dashboard, and what is known of its values without asking anything."""

    name: str
    kind: str
    """Grafana's type: query, custom, interval, constant, textbox, datasource, adhoc and others."""
    line: int
    query: str = ""
    """Of a query: what is asked, with other variables in it."""
    source: DataSource = DataSource()
    values: tuple[str, ...] = ()
    """All values that it can take, where the file lists them; of a query, those with which it was stored."""
    multi: bool = False
    """Whether several values, or all of them, can be chosen: Grafana then escapes them for a regular expression."""
    regex: str = ""
    """Of a query: what a value must match, as ``/…/``."""


class Dashboard(msgspec.Struct, frozen=True, kw_only=True):
    """One file with a dashboard."""

    file: str
    """Its path as it is shown."""
    title: str = ""
    panels: tuple[Panel, ...] = ()
    annotations: tuple[Panel, ...] = ()
    variables: dict[str, Variable] = {}
    problem: str = ""
    """Why it could not be read; empty where it was."""
    problem_line: int = 1
