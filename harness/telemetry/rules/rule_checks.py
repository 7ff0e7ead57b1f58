"""What is checked of alert rules without any server: the rows, and what one of them found."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from harness.model import Check, Finding, Level, Outcome
from harness.telemetry.rules.rule_file import Rule

ITEM = "observability.alerts"
_RULES = "Prometheus: Alerting rules, Recording rules"

PARSES = Check(
    id="rules-parse",
    item=ITEM,
    summary="the files of alert rules, as Prometheus reads them",
    passed="Every rule file parses, with every expression in it",
    failed="A rule file does not parse",
    expected="files that Prometheus loads",
    source=_RULES,
    fix="Correct the line: Prometheus refuses the whole file with all its rules.",
)
SERIES = Check(
    id="rule-series-exist",
    item=ITEM,
    summary="the series that rules select",
    passed="Every series that a rule selects is exposed or recorded",
    failed="A rule selects a series that does not exist",
    expected="series that the target exposes, a rule records, or Prometheus itself makes",
    source="Prometheus: Querying basics (a selector without series is empty, and never fires)",
    fix="Correct the name or the matcher, or expose the series.",
)
LABELS = Check(
    id="rule-labels-exist",
    item=ITEM,
    summary="the labels that rules name in matchers, clauses and templates",
    passed="Every label that a rule names exists where it is named",
    failed="A rule names a label that does not exist there",
    expected="labels of the selected series, or of the rule's own result",
    source="Prometheus: Operators (aggregation, vector matching), Template reference",
    fix="Correct the label, add it to `by`, or name it in [telemetry.alerts] labels where your scraping adds it.",
)
STARTS = Check(
    id="rule-counters-start",
    item=ITEM,
    summary="the counters whose increase rules measure",
    passed="Every counter whose increase a rule measures exists before its first failure",
    failed="A rule measures the increase of a counter that begins with its first failure",
    expected="a sample of the counter, of value 0, since the target's start",
    source="Prometheus: Instrumentation, Avoid missing metrics",
    fix="Export the counter with 0, for each value of its labels, when the process starts.",
)
QUANTILES = Check(
    id="rule-quantiles",
    item=ITEM,
    summary="the quantiles of classic histograms in rules",
    passed="Every quantile has the limits of its buckets",
    failed="A rule takes a quantile of buckets without their limits",
    expected="`le` among the labels of what histogram_quantile takes",
    source="Prometheus: Query functions, histogram_quantile",
    fix="Add `le` to the `by` of the aggregation inside.",
)
CIRCLES = Check(
    id="recording-circle",
    item=ITEM,
    summary="the order of recording rules",
    passed="No recording rules read each other in a circle",
    failed="Recording rules read each other in a circle",
    expected="recording rules that begin with exposed series",
    source=_RULES,
    fix="Let one of them read an exposed series instead.",
)
PATIENCE = Check(
    id="for-covers-scrapes",
    item=ITEM,
    level=Level.SHOULD,
    summary="how long an alert waits before it fires",
    passed="Every alert waits for two scrapes at least",
    failed="An alert fires after less than two scrapes",
    expected="`for` of two scrape intervals or more, or a range",
    source="Google SRE Workbook, chapter 5; Prometheus: Alerting rules, for",
    fix="Raise `for`, so that one bad scrape alerts nobody.",
)
SEVERITY = Check(
    id="alert-severity",
    item=ITEM,
    level=Level.SHOULD,
    summary="the severity of each alert",
    passed="Every alert has a severity",
    failed="An alert has no severity, or a misspelt one",
    expected="a label such as severity",
    source="Prometheus: Alerting; Alertmanager: Configuration, matchers",
    fix="Add the label `severity`, with a value that your routes know.",
)
RUNBOOK = Check(
    id="alert-runbook",
    item=ITEM,
    level=Level.SHOULD,
    summary="the runbook of each alert",
    passed="Every alert names a runbook",
    failed="An alert names no runbook",
    expected="an annotation such as runbook_url",
    source="Google SRE Workbook, chapter 8 (On-call)",
    fix="Add the annotation `runbook_url`, with the page that helps the person who is woken.",
)
RUNBOOK_EXISTS = Check(
    id="runbook-exists",
    item=ITEM,
    summary="the runbooks that alerts name",
    passed="Every runbook in the repository that an alert names exists, with its heading",
    failed="An alert names a runbook that does not exist",
    expected="a file, relative to the folder of harness.toml or to the rule file, and a heading in it",
    source="Google SRE Workbook, chapter 8 (On-call)",
    fix="Correct the path or the anchor.",
)
CHECKS = (
    *(PARSES, SERIES, LABELS, STARTS, QUANTILES, CIRCLES),
    *(PATIENCE, SEVERITY, RUNBOOK, RUNBOOK_EXISTS),
)


class Complaint(NamedTuple):
    """What is wrong with one rule, by one check."""

    where: str
    """``file:line``."""
    rule: str
    """Name of the alert or of the recorded series; empty where it is about a file."""
    text: str
    subject: str = ""
    """What in the rule it is about, such as a series; part of the finding's case."""


def complaint(rule: Rule, key: str, text: str, subject: str = "") -> Complaint:
    """Return a complaint about one key of a rule, such as ``expr`` or ``labels.severity``."""
    return Complaint(rule.where(key), rule.name, text, subject)


def complaint_findings(check: Check, complaints: Iterable[Complaint], looked: str, unknown: str = "") -> list[Finding]:
    """Return a finding for each distinct complaint; without any, one that passes, or that was ``unknown``."""
    failed: dict[str, Finding] = {}
    for each in dict.fromkeys(complaints):
        name = f"{each.rule}: " if each.rule else ""
        parts = (check.id, each.rule or each.where, each.subject)
        case = "-".join(part for part in parts if part)
        if case in failed:
            case = f"{case}-{each.where}"
        summary = f"{each.where}: {name}{each.text}"
        failed[case] = check.finding(Outcome.FAIL, check.failed, summary=summary, case=case)
    if failed:
        return list(failed.values())
    return [check.finding(Outcome.NOT_RUN, unknown)] if unknown else [check.finding(Outcome.PASS, looked)]
