"""The variables of a dashboard, and the values that its file gives them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from harness.telemetry.dashboards.dashboard import Variable
from harness.telemetry.dashboards.dashboard_forms import Fields, entries, fields, text
from harness.telemetry.dashboards.data_sources import DataSources
from harness.telemetry.dashboards.located_json import line_of

_CUSTOM = re.compile(r"(?:\\,|[^,])+")
"""An option of a custom variable: Grafana splits at commas, but not at escaped ones."""
_LABELLED = re.compile(r"(.+)\s:\s(.+)", re.DOTALL)
"""An option with a text of its own: ``text : value``."""
_INTERVAL = re.compile(r"""(["'])(.*?)\1|\w+""")
_CHOICES = ("$__all", "$__auto")
"""How the values begin that stand for others: all of them, or one that Grafana calculates."""


def read_variable(variable: Fields, sources: DataSources) -> Variable:
    """Read one entry of ``templating``."""
    query = variable.get("query")
    asked = fields(query).get("query") or fields(query).get("expr") or variable.get("definition")
    written = query if isinstance(query, str) and query else asked
    kind = text(variable.get("type"))
    return Variable(
        name=text(variable.get("name")),
        kind=kind,
        line=line_of(written) if isinstance(written, str) else line_of(variable.get("name")),
        query=text(written),
        source=sources.assumed(sources.source(variable.get("datasource")), written),
        values=tuple(dict.fromkeys(_values(kind, text(written), variable))),
        multi=bool(variable.get("multi") or variable.get("includeAll")),
        regex=text(variable.get("regex")),
    )


def _values(kind: str, query: str, variable: Fields) -> Iterator[str]:
    """Yield the values, the chosen one first."""
    current = fields(variable.get("current")).get("value")
    chosen = current if isinstance(current, list) else [current]
    options = [option.get("value") for option in entries(variable.get("options"))]
    listed = {"custom": _custom, "interval": _intervals}.get(kind, lambda _: [])(query)
    constant = [query] if kind in ("constant", "textbox") else []
    switched = [variable.get("enabledValue"), variable.get("disabledValue")]
    if kind == "constant":
        chosen = [query or current]
    if kind == "custom" and listed:
        chosen = [value for value in chosen if value in listed]
    for value in (*chosen, *constant, *listed, *options, *switched):
        if isinstance(value, str) and not value.startswith(_CHOICES):
            yield value


def _custom(query: str) -> list[str]:
    """Return the options of a custom variable, which are a list with commas or, since Grafana 12, one in JSON."""
    if query.lstrip().startswith("["):
        try:
            return [text(option.get("value")) for option in entries(json.loads(query))]
        except (ValueError, RecursionError):
            return []
    options = [found.replace("\\,", ",").strip() for found in _CUSTOM.findall(query)]
    return [labelled[2].strip() if (labelled := _LABELLED.fullmatch(o)) else o for o in options]


def _intervals(query: str) -> list[str]:
    return [found[2] or found[0] for found in _INTERVAL.finditer(query)]
