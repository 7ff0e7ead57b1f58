"""Rules judged without a server: each fault is found at its line, and what is legal and common is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.model import Finding, Level, Outcome
from harness.telemetry.metrics import Exposed, Samples
from harness.telemetry.rules.rule_checks import (
    CHECKS,
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
)
from harness.telemetry.rules.rule_judgement import RuleSurroundings, judge_rules, static_findings
from tests.unit.telemetry.rules.conftest import ReadText

BEFORE: Samples = {
    "refusals_total": [({"reason": "signature"}, 0)],
    "deliveries_total": [({"outcome": "accepted"}, 0)],
    "inbox_oldest_seconds": [({}, 0)],
    "wait_seconds_bucket": [({"le": "1", "kind": "run"}, 0)],
}
AFTER: Samples = {**BEFORE, "refusals_total": [({"reason": r}, 1) for r in ("signature", "stale")]}
EXPOSED = Exposed(BEFORE, AFTER)
WHOLE = {"labels": {"severity": "page"}, "annotations": {"runbook_url": "https://example.com/runbook"}}


def rules_of(*rules: Mapping[str, Any]) -> str:
    """Return a file with one group."""
    return yaml.safe_dump({"groups": [{"name": "g", "rules": list(rules)}]}, sort_keys=False)


def alert(expr: str, **more: Any) -> dict[str, Any]:
    """Return a rule that nothing is wrong with but what is given."""
    return {"alert": "A", "expr": expr, **WHOLE, **more}


def failed(findings: Sequence[Finding], check: str) -> list[str]:
    """Return the summaries of a check's failures, without the place."""
    found = [f for f in findings if f.check == check]
    assert found, f"nothing was reported of {check}"
    return [f.summary.partition(": ")[2] for f in found if f.outcome is Outcome.FAIL]


def judged(read_text: ReadText, *rules: Mapping[str, Any], **around: Any) -> list[Finding]:
    """Judge rules against the metrics above."""
    return judge_rules([read_text(rules_of(*rules))], RuleSurroundings(**{"exposed": EXPOSED, **around}))


def test_good_rules_pass_every_check(read_text: ReadText, tmp_path: Path) -> None:
    """Each row reports once, as passed."""
    findings = judged(
        read_text,
        alert('increase(refusals_total{reason="signature"}[5m]) > 3'),
        alert("job:inbox:max > 1"),
        alert("up == 0", **{"for": "2m"}),
        alert('ALERTS{alertstate="firing"} == 1', **{"for": "2m"}),
        {"record": "job:inbox:max", "expr": "max by (job) (inbox_oldest_seconds)"},
        scrape_interval_s=15,
        root=tmp_path,
        anchors=lambda _: (),
    )

    assert [(f.check, f.outcome) for f in findings if f.outcome is not Outcome.PASS and f.check != PATIENCE.id] == []
    assert sorted({f.check for f in findings}) == sorted(check.id for check in CHECKS)


@pytest.mark.parametrize(
    "expr, fault",
    [
        ("refusal_total > 0", "A: no series has the name refusal_total. Did you mean 'refusals_total'?"),
        ("refusals_gone > 0", "A: no series has the name refusals_gone. Did you mean 'refusals_total'?"),
        ("refusals_x_y_z_count > 0", "A: no series has the name refusals_x_y_z_count."),
        (
            'refusals_total{reason="signatur"} > 0',
            "A: no sample of refusals_total has reason=\"signatur\". Did you mean 'signature'?",
        ),
        (
            'refusals_total{job="other"} > 0',
            'A: no series of refusals_total has job="other": [telemetry.alerts] labels gives it another value',
        ),
        (
            'up{job="other"} == 0',
            'A: no series of up has job="other": [telemetry.alerts] labels gives it another value',
        ),
    ],
)
def test_a_selector_of_nothing_is_found(read_text: ReadText, expr: str, fault: str) -> None:
    """A misspelt name or value is reported with the nearest that exists."""
    assert failed(judged(read_text, alert(expr), labels={"job": "app"}), SERIES.id)[0].startswith(fault)


@pytest.mark.parametrize(
    "expr",
    [
        "up == 0",
        "scrape_samples_scraped > 5000",
        "ALERTS > 0",
        'refusals_total{reason="poison"} > 0',
        'refusals_total{reason=~"sig.*",job="app",instance="x:1"} > 0',
        '{__name__=~"refusals.*"} > 0',
        "wait_seconds_bucket > 0",
        "absent(refusals_total)",
    ],
    ids=["up", "scrape", "alerts", "new-value", "patterns", "names", "bucket", "absent"],
)
def test_a_selector_of_what_can_exist_is_no_fault(read_text: ReadText, expr: str) -> None:
    """A value that never occurred may be right; only what is almost another value is taken for a misspelling."""
    assert failed(judged(read_text, alert(expr), labels={"job": "app"}), SERIES.id) == []


def test_series_of_other_exporters_are_named_and_not_judged(read_text: ReadText) -> None:
    """Rules may read what the target does not expose; an alert that the harness is to fire may not."""
    (passed,) = [f for f in judged(read_text, alert("node_load1 > 1")) if f.check == SERIES.id]
    counted = failed(judged(read_text, alert("node_load1 > 1"), counted=["A"]), SERIES.id)

    assert passed.outcome is Outcome.PASS
    assert passed.observed.endswith("not checked, as they look like series of other exporters: node_load1")
    assert counted == ["A: no series has the name node_load1."]


@pytest.mark.parametrize(
    "rule, fault",
    [
        (
            alert('refusals_total{resaon!="x"} > 0'),
            "A: refusals_total has no label 'resaon', which a matcher names. Did you mean 'reason'?",
        ),
        (
            alert("sum by (raeson) (refusals_total) > 0"),
            "A: `by` names the label 'raeson', which its input does not have. Did you mean 'reason'?",
        ),
        (
            alert("sum by (reason) (sum by (job) (refusals_total)) > 0"),
            "A: `by` names the label 'reason', which its input does not have. Known: job.",
        ),
        (
            alert("refusals_total / on (outcome) deliveries_total > 0"),
            "A: `on` names the label 'outcome', which its input does not have.",
        ),
        (
            alert("sum(refusals_total) > 0", annotations={"summary": "{{ $labels.instance }} fails"}),
            "A: {{ $labels.instance }} in summary expands to nothing: it is a label that the expression's result",
        ),
        (
            alert("sum(up) > 0", annotations={"summary": "{{ $labels.severity }}"}),
            "A: {{ $labels.severity }} in summary expands to nothing: it is a label that only the rule adds.",
        ),
        (
            alert("refusals_total > 0", annotations={"summary": '{{ index $labels "raeson" }}'}),
            "A: {{ $labels.raeson }} in summary expands to nothing: it is a label that the expression's result",
        ),
        (
            alert("up == 0", labels={"severity": "{{ $labels.tier }}"}),
            "A: {{ $labels.tier }} in severity expands to nothing: it is a label that the expression's result",
        ),
    ],
)
def test_a_label_that_is_not_there_is_found(read_text: ReadText, rule: dict[str, Any], fault: str) -> None:
    """Matchers, clauses and templates name labels of what they are applied to."""
    assert failed(judged(read_text, rule), LABELS.id)[0].startswith(fault)


@pytest.mark.parametrize(
    "rule",
    [
        alert(
            "sum without (pod) (refusals_total) > 0", annotations={"s": "{{ $labels.reason }} {{ $labels.instance }}"}
        ),
        alert("sum by (zone) (refusals_total) > 0", annotations={"s": "{{ $labels.zone }}"}),
        alert(
            "sum(up) > 0", annotations={"s": "{{ if $labels.pod }}{{ $labels.pod }}{{ end }}{{ $externalLabels.x }}"}
        ),
        alert('label_replace(up, "x", "$1", "job", "(.*)") == 0', annotations={"s": "{{ $labels.x }}"}),
        alert("other_exporter_thing > 0", annotations={"s": "{{ $labels.anything }}"}),
        alert("job:r:sum > 0", annotations={"s": "{{ $labels.reason }} {{ $labels.tier }}"}),
    ],
)
def test_labels_that_can_be_there_are_no_fault(read_text: ReadText, rule: dict[str, Any]) -> None:
    """Labels of scraping, of recorded series, guarded ones, and those of unknown series."""
    recording = {"record": "job:r:sum", "expr": "sum by (reason) (refusals_total)", "labels": {"tier": "1"}}

    assert failed(judged(read_text, rule, recording, labels={"zone": "a"}), LABELS.id) == []


def test_labels_are_judged_without_a_target_where_the_rule_alone_decides(read_text: ReadText) -> None:
    """What an aggregation removes is gone whatever the target exposes."""
    lost = alert("sum by (job) (anything) > 0", annotations={"s": "{{ $labels.pod }}"})
    unknown = alert("anything > 0", annotations={"s": "{{ $labels.pod }}"})

    assert len(failed(judged(read_text, lost, exposed=None), LABELS.id)) == 1
    assert failed(judged(read_text, unknown, exposed=None), LABELS.id) == []


@pytest.mark.parametrize(
    "expr, faults",
    [
        ('increase(refusals_total{reason="stale"}[5m]) > 0', 1),
        ('rate(refusals_total{reason=~"stale|gone"}[5m]) > 0', 1),
        ('increase(refusals_total{reason="never"}[5m]) > 0', 1),
        ('increase(refusals_total{reason="signature"}[5m]) > 0', 0),
        ('increase(refusals_total{reason=~"5.."}[5m]) > 0', 0),
        ("increase(refusals_total[5m]) > 0", 0),
        ('refusals_total{reason="stale"} > 0', 0),
        ('max_over_time(refusals_total{reason="stale"}[5m]) > 0', 0),
    ],
    ids=["late", "list", "never", "early", "pattern", "unfiltered", "no-range", "no-increase"],
)
def test_a_counter_that_begins_with_its_first_failure_is_found(read_text: ReadText, expr: str, faults: int) -> None:
    """`increase` sees no increase from nothing to one; an open pattern cannot be exported in full."""
    found = failed(judged(read_text, alert(expr)), STARTS.id)

    assert len(found) == faults
    assert all("did not exist when the target had started" in text for text in found)


def test_a_counter_that_no_fault_begins_is_shown_beside_those_that_exist(read_text: ReadText) -> None:
    """A value that no sample ever has is mostly a wrong one, such as 500 where the metric has 5xx."""
    never, late = (alert(f'increase(refusals_total{{reason="{r}"}}[5m]) > 0') for r in ("never", "stale"))

    [text] = failed(judged(read_text, never), STARTS.id)
    assert text.endswith("the first failure. No fault made it exist: reason had the values signature, stale")
    [text] = failed(judged(read_text, late), STARTS.id)
    assert text.endswith("it misses the first failure")


@pytest.mark.parametrize(
    "rule, faults",
    [
        (alert("up == 0"), ["A: it has no `for`, and two scrapes take 60 s"]),
        (alert("up == 0", **{"for": "30s"}), ["A: `for` is 30 s, and two scrapes take 60 s"]),
        (alert("rate(refusals_total[5m]) > 0", **{"for": "30s"}), ["A: `for` is 30 s, and two scrapes take 60 s"]),
        (alert("up == 0", **{"for": "1m"}), []),
        (alert("rate(refusals_total[5m]) > 0"), []),
        (alert("vector(1)"), []),
    ],
)
def test_patience_shorter_than_two_scrapes_is_advised_against(
    read_text: ReadText, rule: dict[str, Any], faults: list[str]
) -> None:
    """Only where the scrape interval is known, and never for an alert over a range."""
    assert failed(judged(read_text, rule, scrape_interval_s=30), PATIENCE.id) == faults
    assert [f for f in judged(read_text, rule) if f.check == PATIENCE.id] == []


def test_a_fault_of_one_expression_is_reported_once(read_text: ReadText) -> None:
    """A ratio reads the same series above and below the line."""
    [text] = failed(judged(read_text, alert("refusal_total / sum(refusal_total) > 0.05")), SERIES.id)

    assert text.startswith("A: no series has the name refusal_total. Did you mean 'refusals_total'?")


@pytest.mark.parametrize(
    "severities, fault",
    [
        (["critical", "critical", "critcal"], "A: its severity is 'critcal', which no other alert has. Did you mean "),
        (["warning", "warning", "wanring"], "A: its severity is 'wanring', which no other alert has. Did you mean "),
        (["critical", "critical", "Critical"], ""),
        (["warning", "warning", "warning-eu"], ""),
        (["P1", "P1", "P2"], ""),
        (["critcal", "critcal", "critical"], ""),
        (["{{ $labels.tier }}", "critical"], ""),
    ],
)
def test_a_misspelt_severity_is_found(read_text: ReadText, severities: list[str], fault: str) -> None:
    """A value like the one that more alerts have; values that teams use beside others are left alone."""
    found = failed(judged(read_text, *[alert("up == 0", labels={"severity": s}) for s in severities]), SEVERITY.id)

    assert [text.startswith(fault) for text in found] == [True] * bool(fault)


def test_severity_and_runbook_are_advised(read_text: ReadText) -> None:
    """Both by any of their usual names, and at the level of advice."""
    bare = {"alert": "A", "expr": "up == 0"}
    named = {"alert": "B", "expr": "up == 0", "labels": {"priority": "P1"}, "annotations": {"playbook": "x"}}
    findings = judged(read_text, bare, named)

    assert failed(findings, SEVERITY.id) == ["A: it has no label `severity`"]
    assert failed(findings, RUNBOOK.id) == ["A: it has no annotation `runbook_url`"]
    assert {f.level for f in findings if f.outcome is Outcome.FAIL} == {Level.SHOULD}


@pytest.mark.parametrize(
    "labels, annotations",
    [
        ({"level": "x"}, {"documentation": "https://docs.ceph.com/en/latest/rados/operations/health-checks#mon-down"}),
        ({"class": "P2"}, {"wiki_url": "https://wiki.example.com/a"}),
        ({"kind": "Critical"}, {"fix": "Restart the worker."}),
        ({"sloth_severity": "page"}, {"description": "See https://example.com/runbooks/a for what to do."}),
    ],
    ids=["ceph", "class", "value", "link"],
)
def test_severity_and_runbook_may_have_other_names(
    read_text: ReadText, labels: dict[str, str], annotations: dict[str, str]
) -> None:
    """Labels and annotations of other conventions count, as seen in the rules of TiKV, Rook and Sloth."""
    findings = judged(read_text, {"alert": "A", "expr": "up == 0", "labels": labels, "annotations": annotations})

    assert failed(findings, SEVERITY.id) == failed(findings, RUNBOOK.id) == []


@pytest.mark.parametrize(
    "target, fault",
    [
        ("docs/page.md", ""),
        ("/docs/page.md", ""),
        ("beside.md", ""),
        ("docs/page.md#mitigation", ""),
        ("docs/my%20page.md", ""),
        ("https://example.com/none.md", ""),
        ("docs/{{ $labels.job }}.md", ""),
        ("Restart it.", ""),
        ("none", ""),
        ("None.", ""),
        ("page.md", "A: the runbook page.md does not exist"),
        ("docs/pag.md", "A: the runbook docs/pag.md does not exist"),
        ("docs", ""),
        ("docs/", ""),
        ("docs/page", ""),
        ("/docs/page/#mitigation", ""),
        ("docs/pag", "A: the runbook docs/pag does not exist"),
        ("/", "A: the runbook / does not exist"),
        (f"docs/{'a' * 300}", f"A: the runbook docs/{'a' * 300} does not exist"),
        (
            "docs/page#mitigate",
            "A: the runbook docs/page#mitigate has no such heading. Did you mean 'mitigation'?",
        ),
        (
            "docs/page.md#mitigate",
            "A: the runbook docs/page.md#mitigate has no such heading. Did you mean 'mitigation'?",
        ),
    ],
)
def test_runbooks_in_the_repository_must_exist(read_text: ReadText, tmp_path: Path, target: str, fault: str) -> None:
    """A path is relative to the root or to the rule file; URLs and prose are not followed."""
    (tmp_path / "docs").mkdir()
    for page in ("docs/page.md", "docs/my page.md", "rules/beside.md"):
        (tmp_path / page).parent.mkdir(exist_ok=True)
        (tmp_path / page).touch()
    rule = alert("up == 0", annotations={"runbook_url": target})
    file = read_text(rules_of(rule), "rules/rules.yml")

    findings = judge_rules([file], RuleSurroundings(root=tmp_path, anchors=lambda _: {"mitigation"}))

    assert failed(findings, RUNBOOK_EXISTS.id) == ([fault] if fault else [])


def test_a_quantile_without_le_is_found(read_text: ReadText) -> None:
    """It is always empty, so that the alert never fires."""
    rule = alert("histogram_quantile(0.9, sum by (kind) (rate(wait_seconds_bucket[5m]))) > 1")

    (found,) = failed(judged(read_text, rule), QUANTILES.id)

    assert found.startswith(
        "A: histogram_quantile is always empty: `le` is not among the labels of sum by (kind) (rate("
    )


@pytest.mark.parametrize(
    "recordings, faults",
    [
        ({"a": "b + 1", "b": "c * 2", "c": "a"}, ["a: it reads itself: a → b → c → a"]),
        ({"x": "a", "a": "a + up"}, ["a: it reads itself: a → a"]),
        ({"a": "a + 1 or up"}, []),
        ({"a": "absent(a)"}, []),
        ({"a": "b + c", "b": "d", "c": "d", "d": "up"}, []),
        ({f"r{n}": f"r{n + 1}" for n in range(1500)}, []),
    ],
)
def test_recording_rules_in_a_circle_are_found(
    read_text: ReadText, recordings: dict[str, str], faults: list[str]
) -> None:
    """Nothing ever gives them a first value, unless one falls back on something else."""
    rules = [{"record": name, "expr": expr} for name, expr in recordings.items()]

    assert failed(judged(read_text, *rules), CIRCLES.id) == faults


def test_what_cannot_be_judged_is_never_a_pass(read_text: ReadText) -> None:
    """Without metrics, series and labels are not checked, nor are counters without those of the start."""
    blind = {f.check: f for f in judged(read_text, alert("anything > 0"), exposed=None)}
    late = {f.check: f for f in judged(read_text, alert("up > 0"), exposed=Exposed(None, AFTER))}

    assert [blind[c.id].outcome for c in (SERIES, LABELS, STARTS)] == [Outcome.NOT_RUN] * 3
    assert blind[SERIES.id].observed == "the target's metrics were not read: set [telemetry] metrics in harness.toml"
    assert (late[SERIES.id].outcome, late[STARTS.id].outcome) == (Outcome.PASS, Outcome.NOT_RUN)
    assert late[STARTS.id].observed.startswith("nobody read the metrics when the target had started")


def test_what_is_not_read_is_reported_as_such(read_text: ReadText) -> None:
    """A template and what only Prometheus 3 understands are no faults, and no passes."""
    template = read_text("{% raw %}\n", "template.yml")
    newer = read_text(rules_of(alert("rate(refusals_total[5m * 2]) > 0")), "newer.yml")
    findings = [f for f in judge_rules([template, newer], RuleSurroundings()) if f.check == PARSES.id]

    assert [(f.outcome, f.summary) for f in findings] == [
        (Outcome.NOT_RUN, "template.yml is a template, which is not read (line 1 is of a template)"),
        (Outcome.ERROR, "newer.yml:5: A has an expression as a duration, which is not read"),
    ]


def test_cases_are_unique(read_text: ReadText) -> None:
    """Two faults of one kind in rules of one name are two findings."""
    findings = judged(read_text, alert("refusal_total > 0"), alert("refusal_total > 1"), alert("sum("), alert("sum("))
    cases = [f.case for f in findings]

    assert len(set(cases)) == len(cases)


def test_files_alone_are_judged_by_what_they_contain(tmp_path: Path) -> None:
    """Only faults are returned, and of other people's files nothing that needs their target."""
    path = tmp_path / "rules.yml"
    path.write_text(rules_of(alert("sum(")), encoding="utf-8")

    assert [f.summary for f in static_findings([path])] == [
        f"{path}:5: the expression is not PromQL: unclosed left parenthesis"
    ]


def test_files_without_a_readable_rule_pass_no_check(read_text: ReadText) -> None:
    """A template proves nothing about its rules, and neither does a file that does not parse."""
    files = [read_text("{% if a %}", "template.yml"), read_text("groups: {", "broken.yml")]

    assert {(f.check, f.outcome) for f in judge_rules(files, RuleSurroundings(exposed=EXPOSED))} == {
        (PARSES.id, Outcome.NOT_RUN),
        (PARSES.id, Outcome.FAIL),
    }
