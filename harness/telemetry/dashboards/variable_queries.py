"""The queries of variables, as PromQL that has one series for each value.

Grafana, Prometheus data source, metric_find_query.ts: label_names, label_values, metrics, query_result.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_LABEL_NAMES = re.compile(r"label_names\((.*)\)\s*", re.DOTALL)
_LABEL_VALUES = re.compile(r"label_values\((?:(.+),\s*)?([a-zA-Z_]\w*)\s*\)\s*", re.DOTALL)
_METRICS = re.compile(r"metrics\((.+)\)\s*", re.DOTALL)
_QUERY_RESULT = re.compile(r"query_result\((.+)\)\s*", re.DOTALL)

_ANY_NAME = '__name__!=""'


class ValuesQuery(NamedTuple):
    """What a variable's query asks of Prometheus."""

    expr: str
    """PromQL with one series for each value."""
    label: str = ""
    """Label of the result that holds the values; empty where Grafana makes them of whole series."""


def values_query(query: str) -> ValuesQuery:
    """Return a variable's query, whose own variables are already replaced, as PromQL."""
    query = query.strip()
    if found := _LABEL_VALUES.fullmatch(query):
        label = found[2]
        selector = with_matcher(found[1] or "", f'{label}!=""')
        return ValuesQuery(f"count by ({label}) ({selector})", label)
    if found := _LABEL_NAMES.fullmatch(query):
        return ValuesQuery(f"count({with_matcher(found[1], _ANY_NAME)})")
    if found := _METRICS.fullmatch(query):
        pattern = found[1].strip().replace("\\", "\\\\").replace('"', '\\"')
        return ValuesQuery(f'count by (__name__) ({{__name__=~".*(?:{pattern}).*"}})', "__name__")
    if found := _QUERY_RESULT.fullmatch(query):
        return ValuesQuery(found[1])
    return ValuesQuery(query)


def with_matcher(selector: str, matcher: str) -> str:
    """Return a selector, empty for all series, with one more matcher."""
    selector = selector.strip()
    if not selector.endswith("}"):
        return f"{selector}{{{matcher}}}"
    before = selector[:-1].rstrip()
    return f"{before}{'' if before.endswith(('{', ',')) else ','}{matcher}}}"
