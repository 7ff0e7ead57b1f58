"""The checks of dashboards: what each observes, and how it reads."""

from __future__ import annotations

from harness.model import Check, Level

ITEM = "observability.dashboards"
_QUERYING = "Prometheus: Querying basics"

READABLE = Check(
    id="is-readable",
    item=ITEM,
    summary="the file of a dashboard",
    passed="The file is a dashboard of Grafana",
    failed="The file is not a dashboard of Grafana",
    expected="a dashboard as JSON: an export, an answer of the API, or a Kubernetes object",
    source="Grafana: Dashboard JSON model",
    fix="Export the dashboard again (Export, Save to file), or name only dashboards in [telemetry] dashboards.",
)
PARSES = Check(
    id="panel-parses",
    item=ITEM,
    summary="each query of a dashboard",
    passed="Each Prometheus query parses",
    failed="A query is not PromQL",
    expected="a query that Prometheus accepts, once Grafana has replaced the variables in it",
    source=_QUERYING,
    fix="Correct the query in Grafana's editor, which marks the place, and export the dashboard again.",
)
NAMES_SERIES = Check(
    id="panel-names-series",
    item=ITEM,
    summary="the series that a dashboard reads",
    passed="Each query reads series that exist",
    failed="A query reads a series that does not exist",
    expected="a series that the target exposes, or that a recording rule writes",
    source=_QUERYING,
    fix="Correct the name, or export the series again if it was removed.",
)
LABELS_EXIST = Check(
    id="panel-labels-exist",
    item=ITEM,
    summary="the labels that a dashboard names",
    passed="Each query names labels that exist",
    failed="A query names a label that does not exist",
    expected="labels that the series have",
    source="Prometheus: Operators, Aggregation operators",
    fix="Correct the label, or list the labels that your scrape configuration adds in [telemetry.alerts] labels.",
)
LEGEND = Check(
    id="legend-names-labels",
    item=ITEM,
    level=Level.SHOULD,
    summary="the labels in the legends of a dashboard",
    passed="Each legend names labels of its result",
    failed="A legend names a label that the result of its query does not have",
    expected="labels of the query's result",
    source="Grafana: Prometheus query editor, Legend",
    fix="Name the label in the query's aggregation, or remove it from the legend, which shows nothing for it.",
)
HAS_LE = Check(
    id="panel-has-le",
    item=ITEM,
    summary="the quantiles of histograms in a dashboard",
    passed="Each quantile is calculated over buckets with their label le",
    failed="A quantile is calculated over buckets that lost their label le",
    expected="histogram_quantile(…, sum by (le, …) (rate(…_bucket[…])))",
    source="Prometheus: Query functions, histogram_quantile()",
    fix="Add le to the aggregation inside histogram_quantile: sum by (le).",
)
VARIABLE_RETURNS = Check(
    id="variable-returns-values",
    item=ITEM,
    summary="the queries of a dashboard's variables",
    passed="The query of each variable returns values",
    failed="The query of a variable returns nothing",
    expected="at least one value, which its regular expression lets through",
    source="Grafana: Variables, Query variables",
    fix="Correct the series, its matchers or the label of the variable's query.",
)
RETURNS_DATA = Check(
    id="panel-returns-data",
    item=ITEM,
    summary="the data of a dashboard's queries",
    passed="Each query returned data during the exercise",
    failed="A query returned no data",
    expected="data at some time of the exercise, in good traffic or in a fault",
    source="Google SRE Book, chapter 6 (Monitoring distributed systems)",
    fix="Run the query in Prometheus, and correct its matchers, ranges and vector matching.",
)
COVERED = Check(
    id="dashboard-is-covered",
    item=ITEM,
    summary="what a dashboard shows beside its Prometheus queries",
    passed="Every query of the dashboard was read",
    failed="A part of the dashboard was not read",
    expected="queries to Prometheus in the file itself",
    source="Grafana: Library panels, Data sources",
    fix="Look at what is listed in Grafana.",
)
CHECKS = (READABLE, PARSES, NAMES_SERIES, LABELS_EXIST, LEGEND, HAS_LE, VARIABLE_RETURNS, RETURNS_DATA, COVERED)
