"""Judges rule files by every row: a finding for each fault, with file and line, or one that none was found."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from harness.model import Finding, Outcome
from harness.telemetry.metrics import Exposed
from harness.telemetry.rules.annotation_checks import (
    Anchors,
    impatient,
    missing_runbooks,
    missing_template_labels,
    without_runbook,
    without_severity,
)
from harness.telemetry.rules.expression_checks import (
    circles,
    late_counters,
    lost_buckets,
    missing_labels,
    missing_series,
)
from harness.telemetry.rules.rule_checks import (
    CIRCLES,
    LABELS,
    PARSES,
    PATIENCE,
    QUANTILES,
    RUNBOOK,
    RUNBOOK_EXISTS,
    SERIES,
    SEVERITY,
    STARTS,
    Complaint,
    complaint_findings,
)
from harness.telemetry.rules.rule_file import RuleFile, read_rules
from harness.telemetry.rules.series_catalogue import SeriesCatalogue

NO_METRICS = "the target's metrics were not read: set [telemetry] metrics in harness.toml"
NO_START = "nobody read the metrics when the target had started, so that it is unknown what existed before its failures"


class RuleSurroundings:
    """What rule files are held against; what is missing makes the checks that need it report so."""

    def __init__(
        self,
        *,
        exposed: Exposed | None = None,
        labels: Mapping[str, str] | None = None,
        counted: Collection[str] = (),
        scrape_interval_s: float | None = None,
        root: Path | None = None,
        anchors: Anchors | None = None,
    ) -> None:
        """``exposed`` are the target's metrics, ``labels`` those that scraping gives to every series.

        ``counted`` are the alerts that are to fire, ``root`` is the folder of harness.toml, and ``anchors`` returns
        the anchors of a Markdown file.
        """
        self.exposed = exposed
        self.labels = dict(labels or {})
        self.counted = counted
        self.scrape_interval_s = scrape_interval_s
        self.root = root
        self.anchors = anchors


def judge_rules(files: Sequence[RuleFile], around: RuleSurroundings) -> list[Finding]:
    """Return the findings of every check of rules; without a file, that none was judged."""
    if not files:
        return [PARSES.finding(Outcome.NOT_RUN, "no file matches [telemetry.alerts] rules in harness.toml")]
    rules = [rule for file in files for rule in file.rules]
    looked = f"{len(rules)} rules in {len(files)} files"
    if not rules:
        return list(_parsed(files, looked))
    catalogue = SeriesCatalogue(around.exposed, around.labels, rules)
    elsewhere: set[str] = set()
    series = list(missing_series(rules, catalogue, around.counted, elsewhere))
    labels = [*missing_labels(rules, catalogue), *missing_template_labels(rules, catalogue)]
    others = f"; not checked, as they look like series of other exporters: {', '.join(sorted(elsewhere))}"
    blind = NO_METRICS if around.exposed is None else ""
    started = blind or (NO_START if around.exposed and around.exposed.before is None else "")
    findings = [
        *_parsed(files, looked),
        *complaint_findings(SERIES, series, looked + (others if elsewhere else ""), blind),
        *complaint_findings(LABELS, labels, looked, blind),
        *complaint_findings(STARTS, late_counters(rules, catalogue), looked, started),
        *complaint_findings(QUANTILES, lost_buckets(rules), looked),
        *complaint_findings(CIRCLES, circles(rules), looked),
        *complaint_findings(SEVERITY, without_severity(rules), looked),
        *complaint_findings(RUNBOOK, without_runbook(rules), looked),
    ]
    if around.scrape_interval_s is not None:
        findings += complaint_findings(PATIENCE, impatient(rules, around.scrape_interval_s), looked)
    if around.root is not None and around.anchors is not None:
        folders = {file.name: file.path.parent for file in files}
        missing = missing_runbooks(rules, around.root, around.anchors, folders)
        findings += complaint_findings(RUNBOOK_EXISTS, missing, looked)
    return findings


def static_findings(paths: Iterable[Path]) -> list[Finding]:
    """Return what is wrong with rule files by themselves, without any target."""
    return [f for f in judge_rules([read_rules(p) for p in paths], RuleSurroundings()) if f.outcome is Outcome.FAIL]


def _parsed(files: Sequence[RuleFile], looked: str) -> Iterator[Finding]:
    """Yield the faults of files, what of them is not read, and that all parse where nothing else is to be reported."""
    found = [
        Complaint(fault.at(file.name).partition(": ")[0], "", fault.text) for file in files for fault in file.faults
    ]
    unread = {
        file.name: f"{file.name} is a template, which is not read ({file.template})" for file in files if file.template
    }
    newer = {
        r.where("expr"): f"{r.where('expr')}: {r.name} has {r.newer}, which is not read"
        for f in files
        for r in f.rules
        if r.newer
    }
    fix = "Render it first, and name the result in [telemetry.alerts] rules."
    for case, text in unread.items():
        yield PARSES.finding(Outcome.NOT_RUN, fix, summary=text, case=f"{PARSES.id}-{case}")
    for case, text in newer.items():
        yield PARSES.finding(
            Outcome.ERROR, "no fault of the rule, but it cannot be judged", summary=text, case=f"{PARSES.id}-{case}"
        )
    if found or not (unread or newer):
        yield from complaint_findings(PARSES, found, looked)
