"""The alerts of a target's rules are held against its runbooks."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from harness.context.runbook_checks import alert_links, judge_runbooks_of_alerts
from harness.context.target import load_target
from harness.model import Finding, Outcome
from harness.telemetry.rules.rule_file import read_rules

TODAY = dt.date(2026, 11, 27)
RULES = """groups:
- name: a
  rules:
  - record: a:b
    expr: b
  - alert: InboxStuck
    expr: up == 0
    annotations:
      summary: x
      runbook: docs/inbox.md
  - alert: InboxStuck
    expr: up == 1
  - alert: Down
    expr: up == 0
    annotations: { playbook_url: y.md, runbook_url: " https://wiki.example/down " }
  - alert: Plain
    expr: up == 0
"""
TOML = """[target]
name = "Acme"

[telemetry]
metrics = "http://127.0.0.1:9/metrics"

[telemetry.alerts]
rules = ["rules/*.yml"]
"""


def judged(tmp_path: Path, toml: str, rules: str, runbook: str = "alerts: [Inbox]") -> dict[str, Finding]:
    """Return the findings of a target by check."""
    for folder in ("rules", "docs"):
        (tmp_path / folder).mkdir()
    (tmp_path / "harness.toml").write_text(toml)
    (tmp_path / "rules" / "a.yml").write_text(rules)
    (tmp_path / "docs" / "inbox.md").write_text(f"---\n{runbook}\n---\n")
    return {f.check: f for f in judge_runbooks_of_alerts(load_target(tmp_path), TODAY)}


def test_every_alert_has_its_link_once(tmp_path: Path) -> None:
    """Under ``runbook_url`` or what other teams write instead, with the line."""
    path = tmp_path / "a.yml"
    path.write_text(RULES)

    found = [(a.name, a.link, a.where) for a in alert_links([read_rules(path, "a.yml")])]

    assert found == [
        ("InboxStuck", "docs/inbox.md", "a.yml:10"),
        ("Down", "https://wiki.example/down", "a.yml:15"),
        ("Plain", "", "a.yml:16"),
    ]


def test_alerts_and_runbooks_are_held_against_each_other(tmp_path: Path) -> None:
    """The runbook must be fit, and the alerts that it names must exist."""
    found = judged(tmp_path, TOML + '[operations]\nrunbooks = "docs/*.md"\n', RULES)

    assert found["runbook-fit"].observed.startswith("where InboxStuck leads:\ndocs/inbox.md:1: it has no owner.")
    assert "docs/inbox.md:1: no rule defines Inbox. Did you mean 'InboxStuck'?" in found["runbook-names-alerts"].summary
    assert found["runbook-listed"].outcome is Outcome.PASS


def test_a_template_may_define_what_a_runbook_names(tmp_path: Path) -> None:
    """So no name is wrong beside one."""
    rules = "groups:\n{{- if .Values.x }}\n- name: a\n"

    found = judged(tmp_path, TOML + '[operations]\nrunbooks = "docs/*.md"\n', rules)

    assert {f.outcome for f in found.values()} == {Outcome.NOT_APPLICABLE}


def test_without_runbooks_there_is_nothing_to_follow(tmp_path: Path) -> None:
    """The items of the runbooks report that they are missing."""
    found = judged(tmp_path, TOML, RULES)

    assert [(f.outcome, f.observed) for f in found.values()] == [
        (Outcome.NOT_APPLICABLE, "harness.toml does not set [operations] runbooks")
    ]


def test_a_glob_of_runbooks_that_names_no_file_is_a_failure(tmp_path: Path) -> None:
    """It is named with its key, instead of no alert leading anywhere."""
    found = judged(tmp_path, TOML + '[operations]\nrunbooks = "doc/*.md"\n', RULES)

    assert found["runbook-listed"].outcome is Outcome.FAIL
    assert "harness.toml: [operations] runbooks: no file matches 'doc/*.md'" in found["runbook-listed"].summary


def test_queries_of_runbooks_are_parsed(tmp_path: Path) -> None:
    """A block of PromQL that is none is advice, with its line."""
    runbook = "owner: a\n---\n```promql\nrate(up[5m]\n```\n\n```promql\nup == 0\n```\n---"

    found = judged(tmp_path, TOML + '[operations]\nrunbooks = "docs/*.md"\n', RULES, runbook)

    assert "A query in a runbook is not PromQL: docs/inbox.md:5: " in found["runbook-queries"].summary
