"""PromQL as rules and panels write it: parsed, its series and labels, and the same query over shorter times."""

from harness.telemetry.promql.label_flow import LabelSet, LabelUse
from harness.telemetry.promql.label_matcher import LabelMatcher
from harness.telemetry.promql.query import PromqlError, Query, SeriesSelector, Threshold, parse

__all__ = [
    "LabelMatcher",
    "LabelSet",
    "LabelUse",
    "PromqlError",
    "Query",
    "SeriesSelector",
    "Threshold",
    "parse",
]
