"""The query of a variable becomes PromQL with one series for each value."""

from __future__ import annotations

import pytest

from harness.telemetry.dashboards.variable_queries import values_query

QUERIES = {
    "label_values(up, job)": ('count by (job) (up{job!=""})', "job"),
    "label_values(job)": ('count by (job) ({job!=""})', "job"),
    'label_values(up{a="b",}, job)': ('count by (job) (up{a="b",job!=""})', "job"),
    'label_values({a="b"},job) ': ('count by (job) ({a="b",job!=""})', "job"),
    "label_values(up{}, job)": ('count by (job) (up{job!=""})', "job"),
    "metrics(http_.*)": ('count by (__name__) ({__name__=~".*(?:http_.*).*"})', "__name__"),
    "metrics(\\S.*)": ('count by (__name__) ({__name__=~".*(?:\\\\S.*).*"})', "__name__"),
    "label_names()": ('count({__name__!=""})', ""),
    "label_names(up)": ('count(up{__name__!=""})', ""),
    "query_result(sum by (a) (up))": ("sum by (a) (up)", ""),
    'up{a="b"}': ('up{a="b"}', ""),
}


@pytest.mark.parametrize("query, expected", QUERIES.items())
def test_each_form_of_a_query_is_asked(query: str, expected: tuple[str, str]) -> None:
    """Grafana's functions, and plain selectors."""
    assert tuple(values_query(query)) == expected
