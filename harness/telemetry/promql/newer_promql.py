"""What versions of Prometheus after 2.42, which is in Debian 12, added to PromQL: no fault of a query."""

from __future__ import annotations

import re

from harness.telemetry.promql.durations import without_times

RENAMED = {"holt_winters": "double_exponential_smoothing"}
"""Functions that Prometheus 3 renamed, by the name that 2.x knows (Prometheus 3.0 migration guide)."""
NEWER_FUNCTIONS = frozenset(
    (
        *("limitk", "limit_ratio", "sort_by_label", "sort_by_label_desc", "mad_over_time", "info", "first_over_time"),
        *("double_exponential_smoothing", "histogram_avg", "histogram_stddev", "histogram_stdvar"),
        *("histogram_quantiles", "ts_of_first_over_time", "ts_of_last_over_time", "ts_of_max_over_time"),
        *("ts_of_min_over_time", "max_of", "min_of"),
    )
)
"""Added after 2.42, by Prometheus' CHANGELOG (2.44 to 3.x)."""
_NEWER_SYNTAX = (
    (re.compile(r"\{\s*+\"\"\s*+[,}]|[{,]\s*+\"\"\s*+[=!]"), "a name in quotes"),
    (re.compile(r"\b(?:by|without|on|ignoring)\s*+\([^()]*\"\"", re.IGNORECASE), "a name in quotes"),
    (re.compile(r"(?<![\w.:])[0-9]+(?:ms|[smhdwy])\b|\[\s*+\]"), "a duration as a number, or a number as a duration"),
)
"""The same of the syntax, in a query without texts and times (3.0: UTF-8 names; durations and numbers as one)."""
_NEWEST = (
    (
        re.compile(r"\[[^][]*[-+*/%^(]|\boffset\s*+(?:[-+]\s*+)?\(|\bstep\(\)", re.IGNORECASE),
        "an expression as a duration",
    ),
    (re.compile(r"\b(?:anchored|smoothed)\b"), "the modifier anchored or smoothed"),
    (re.compile(r"<\s*+/|>\s*+/"), "an operator that trims histograms"),
)
"""What the parser does not know either (Prometheus 3: Querying basics, Operators; feature flags promql-*)."""


def with_new_names(text: str) -> str:
    """Return a query with functions under the names that Prometheus 3 gave them."""
    for old, new in RENAMED.items():
        text = re.sub(rf"\b{old}(?=\s*\()", new, text)
    return text


def newer_syntax(text: str) -> frozenset[str]:
    """Return what in a query that parses Prometheus 2.42 refuses; functions are left out."""
    plain = without_times(text)
    return frozenset(what for pattern, what in _NEWER_SYNTAX if pattern.search(plain))


def newest_syntax(plain: str) -> str:
    """Return what in a query without texts the parser refuses and Prometheus 3 accepts; empty without any."""
    return next((what for pattern, what in _NEWEST if pattern.search(plain)), "")
