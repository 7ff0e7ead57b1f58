"""Rule files: every form that Prometheus and its operator take, with lines, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.telemetry.rules.rule_file import MAX_BYTES, read_rules, recorded_names
from tests.unit.telemetry.rules.conftest import ReadText

PLAIN = """\
groups:
  - name: g
    labels: { team: payments }
    rules:
      - alert: Refused
        expr: |
          increase(refusals_total[5m]) > 3
        for: 1h30m
        keep_firing_for: 5m
        labels:
          severity: page
          tier: 1
        annotations:
          runbook_url: docs/refused.md
      - record: job:refusals:rate5m
        expr: sum by (job) (rate(refusals_total[5m]))
"""
OBJECT = """\
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: { name: x }
spec:
  groups:
    - name: g
      rules: [{ alert: A, expr: up == 0 }]
"""


def test_a_rule_has_its_parts_and_their_lines(read_text: ReadText) -> None:
    """Times are in seconds, numbers in labels are text, labels of the group are the rule's, and keys have lines."""
    file = read_text(PLAIN)
    alert, recording = file.rules

    assert (file.faults, file.template) == ((), "")
    assert (alert.alert, alert.name, alert.for_s, alert.keep_firing_for_s) == ("Refused", "Refused", 5400, 300)
    assert alert.labels == {"team": "payments", "severity": "page", "tier": "1"}
    assert alert.annotations == {"runbook_url": "docs/refused.md"}
    assert alert.where() == "rules.yml:5"
    assert alert.where("annotations.runbook_url") == "rules.yml:14"
    assert (recording.record, recording.name, recording.where("expr")) == (
        "job:refusals:rate5m",
        "job:refusals:rate5m",
        "rules.yml:16",
    )
    assert recorded_names([file]) == {"job:refusals:rate5m"}


@pytest.mark.parametrize(
    "text, alerts",
    [
        (OBJECT, ["A"]),
        (f"{OBJECT}---\n{OBJECT.replace('name: g', 'name: h')}---\n", ["A", "A"]),
        ("apiVersion: v1\nkind: List\nitems:\n  - spec: {groups: [{name: g, rules: [{alert: A, expr: up}]}]}\n", ["A"]),
        ('\ufeff{"groups": [{"name": "g", "rules": [{"alert": "A", "expr": "up"}]}]}', ["A"]),
        ("x: &d {severity: page}\ngroups: [{name: g, rules: [{alert: A, expr: up, labels: {<<: *d}}]}]", ["A"]),
        ("groups: [{name: g, rules: [{alert: A, expr: up}]}, {name: h, rules: }]", ["A"]),
    ],
    ids=["object", "documents", "list", "json", "merge", "empty-group"],
)
def test_every_form_is_read(read_text: ReadText, text: str, alerts: list[str]) -> None:
    """Objects of the operator, several documents, lists, JSON and merge keys."""
    file = read_text(text)

    assert file.faults == ()
    assert [rule.alert for rule in file.rules] == alerts


@pytest.mark.parametrize(
    "text",
    [
        "{% raw %}\ngroups: []\n{% endraw %}\n",
        "{{- if .Values.enabled }}\ngroups: []\n{{- end }}\n",
        'groups: [{name: g, rules: [{alert: A, expr: "up == {{ .Values.limit }}"}]}]',
        "groups:\n  - name: '{{ include \"chart.name\" . }}'\n    rules: []\n",
    ],
    ids=["jinja", "helm", "value", "include"],
)
def test_a_template_is_not_read(read_text: ReadText, text: str) -> None:
    """Helm and Jinja are named as such, and nothing in them is a fault."""
    file = read_text(text)

    assert (file.rules, file.faults) == ((), ())
    assert file.template.startswith("line ")


def test_what_prometheus_expands_is_no_template(read_text: ReadText) -> None:
    """Annotations may contain Prometheus' own templates, on lines of their own too."""
    text = (
        PLAIN
        + "        labels: {}\n".replace("labels: {}", "")
        + (
            "      - alert: B\n        expr: up == 0\n        annotations:\n          text: >\n"
            "            {{ with $labels.job }}{{ . }}{{ end }}\n            {{ $value }} of {{ $labels.instance }}\n"
        )
    )

    assert [rule.name for rule in read_text(text).rules] == ["Refused", "job:refusals:rate5m", "B"]


@pytest.mark.parametrize(
    "line",
    [
        '{{ with query "up" }}{{ . | first | value }}{{ end }}',
        "{{ if gt $value 1.0 }}many{{ else }}one{{ end }}",
        '{{- range query "up" }} {{ .Value }} {{- end }}',
        "{{/* for the pager */}} failing",
    ],
    ids=["with", "if", "range", "comment"],
)
def test_a_text_of_several_lines_may_begin_one_with_a_condition(read_text: ReadText, line: str) -> None:
    """Helm has the same syntax, but on lines that are no YAML (Prometheus: Template examples)."""
    text = f"groups:\n- name: g\n  rules:\n  - alert: A\n    expr: up\n    annotations:\n      a: |\n        {line}\n"

    file = read_text(text)

    assert (file.template, file.faults) == ("", ())
    assert file.rules[0].annotations["a"].startswith(line)


def test_a_placeholder_in_an_expression_is_no_fault(read_text: ReadText) -> None:
    """What another program fills in cannot be judged."""
    file = read_text('groups: [{name: g, rules: [{alert: A, expr: "up{env=\\"x\\"} > ${LIMIT}"}]}]')

    assert file.faults == ()
    assert file.rules[0].newer == "a placeholder of a template"


RULE = "groups:\n  - name: g\n    rules:\n      - alert: A\n        expr: up\n"


@pytest.mark.parametrize(
    "text, fault",
    [
        (
            RULE.replace("expr: up", "expr: sum("),
            "rules.yml:5: the expression is not PromQL: unclosed left parenthesis",
        ),
        (
            RULE.replace("expr: up", "fro: 5m"),
            "rules.yml:5: the rule has the key 'fro', which Prometheus does not know",
        ),
        (
            RULE + "        for: 5min\n",
            "rules.yml:6: for: '5min' is not a duration of Prometheus; write 30s, 5m or 1h30m",
        ),
        (RULE + "        expr: up\n", "rules.yml:6: the key 'expr' is written twice"),
        (RULE + "        labels: [page]\n", "rules.yml:6: labels is not a mapping"),
        (RULE + "        record: x\n", "rules.yml:4: the rule needs either `alert` or `record`"),
        (RULE.replace("        expr: up\n", ""), "rules.yml:4: the rule has no expression"),
        (RULE + "  - name: g\n", "rules.yml:6: the group 'g' is in the file twice"),
        (RULE + "  - rules: []\n", "rules.yml:6: the group has no name"),
        (RULE + "    each: 5m\n", "rules.yml:6: the group has the key 'each', which Prometheus does not know"),
        (
            RULE + "    interval: 5\n",
            "rules.yml:6: interval: '5' is not a duration of Prometheus; write 30s, 5m or 1h30m",
        ),
        (
            RULE.replace("alert", "record") + "        annotations: {a: b}\n",
            "rules.yml:6: a recording rule has no `annotations`",
        ),
        (RULE.replace("alert", "record") + "        for: 5m\n", "rules.yml:6: a recording rule has no `for`"),
        (f"{RULE}---\n{RULE}", "rules.yml:7: Prometheus reads the first document of a file alone"),
        ("groups: 3", "rules.yml:1: groups is not a list"),
        ("groups: [{name: g, rules: [3]}]", "rules.yml:1: a rule is not a mapping"),
        ("a: b", "rules.yml: it has no rules: neither `groups` nor a PrometheusRule object"),
        ("", "rules.yml: it has no rules: neither `groups` nor a PrometheusRule object"),
        ("tests: []", "rules.yml: it is a test for promtool: name it in [telemetry.alerts] tests"),
        ("groups: [", "rules.yml:2: did not find expected node content"),
        ("groups: " + "[" * 600 + "]" * 600, "rules.yml:1: it nests deeper than 500 levels"),
    ],
    ids=range(21),
)
def test_what_prometheus_refuses_is_a_fault_with_its_line(read_text: ReadText, text: str, fault: str) -> None:
    """The first fault of each file names the place and the reason."""
    assert read_text(text).faults[0].at("rules.yml") == fault


def test_aliases_that_multiply_end_at_a_bound(read_text: ReadText) -> None:
    """A small file cannot ask for more rules than fit into memory."""
    rules = "x0: &r0 {alert: A, expr: up}"
    groups = ", ".join(f"{{name: g{n}, rules: *rules}}" for n in range(300))
    text = f"{rules}\nrules: &rules [{', '.join(['*r0'] * 300)}]\ngroups: [{groups}]\n"

    file = read_text(text)

    assert file.faults[-1].text == "it has more than 20000 rules; the others are not read"


def test_a_mapping_within_itself_ends(read_text: ReadText) -> None:
    """A merge key that leads back to its own mapping is taken a bounded number of times."""
    file = read_text("groups: [{name: g, rules: [&r {alert: A, expr: up, labels: &l {a: b, <<: *l}}]}]")

    assert file.rules[0].labels == {"a": "b"}


def test_files_that_cannot_be_read_are_faults(tmp_path: Path) -> None:
    """A folder, a missing and a huge file say so."""
    huge = tmp_path / "huge.yml"
    huge.write_bytes(b"#" * (MAX_BYTES + 1))

    assert (
        read_rules(tmp_path / "none.yml", "none.yml").faults[0].text == "it cannot be read: No such file or directory"
    )
    assert read_rules(tmp_path, "folder").faults[0].text == "it cannot be read: Is a directory"
    assert read_rules(huge, "huge.yml").faults[0].text == "it cannot be read: it is larger than 8 MiB"
