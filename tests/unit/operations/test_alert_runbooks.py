"""Alerts lead to fit runbooks, and runbooks name alerts that exist; each fault says where and what to do."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from harness.model import Finding, Level, Outcome
from harness.operations.alert_runbooks import judge_alert_runbooks, load_runbooks
from harness.operations.runbook_link import AlertLink

CODE = "https://github.com/acme/pay/blob/main/runbook-inbox.md"
FIT = """---
owner: team-payments
last_reviewed: 2026-11-01
alerts: [InboxStuck]
---
# Inbox
## Symptoms
Events wait in the inbox for minutes.
## Impact
Payments are late while this lasts.
## Diagnosis
`curl localhost/metrics`
## Mitigation
`make restart`
## Rollback
`make previous`
## Escalation
Call the payments team by telephone.
"""


def judged(tmp_path: Path, files: dict[str, str | bytes], *alerts: AlertLink, known: bool = True) -> dict[str, Finding]:
    """Return the worst finding of each check."""
    for name, text in files.items():
        (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    paths = sorted(tmp_path.glob("runbook-*.md"))
    runbooks = load_runbooks(paths, today=dt.date(2026, 11, 27), review_within_s=180 * 86400, root=tmp_path)
    findings = judge_alert_runbooks(alerts, runbooks, all_alerts_are_known=known)
    return {finding.check: finding for finding in findings}


def linked(link: str, name: str = "InboxStuck") -> AlertLink:
    """Return an alert with a link to its runbook."""
    return AlertLink(name=name, link=link, where="alerts.yml:12")


def test_a_fit_runbook_passes(tmp_path: Path) -> None:
    """Each check says which runbook an alert leads to."""
    found = judged(tmp_path, {"runbook-inbox.md": FIT}, linked(f"{CODE}#impact"))

    assert {id_: f.outcome for id_, f in found.items()} == dict.fromkeys(
        ("runbook-listed", "runbook-heading", "runbook-fit", "runbook-names-alerts"), Outcome.PASS
    )
    assert found["runbook-fit"].observed == "InboxStuck: runbook-inbox.md"


FAULTS = {
    "unfit": (
        {"runbook-inbox.md": FIT.replace("owner: team-payments\n", "")},
        "runbook-inbox.md",
        "runbook-fit",
        Level.SHOULD,
        "The runbook of an alert is incomplete or out of date: runbook-inbox.md:1: it has no owner. Add `owner:`",
    ),
    "unreadable": (
        {"runbook-inbox.md": b"\0"},
        "runbook-inbox.md",
        "runbook-fit",
        Level.SHOULD,
        "incomplete or out of date: runbook-inbox.md:1: it is not text in UTF-8. Save it as UTF-8.",
    ),
    "not among the runbooks": (
        {"inbox.md": FIT},
        "inbox.md",
        "runbook-listed",
        Level.SHOULD,
        "not among those that are checked: alerts.yml:12: the runbook of InboxStuck, inbox.md, is not among them",
    ),
    "a dead heading": (
        {"runbook-inbox.md": FIT},
        f"{CODE}#impacts",
        "runbook-heading",
        Level.MUST,
        "alerts.yml:12: runbook-inbox.md has no heading #impacts. Did you mean 'impact'?",
    ),
    "a name that no rule has": (
        {"runbook-inbox.md": FIT.replace("[InboxStuck]", "[InboxStuk]")},
        "runbook-inbox.md",
        "runbook-names-alerts",
        Level.MUST,
        "runbook-inbox.md:1: no rule defines InboxStuk. Did you mean 'InboxStuck'?",
    ),
}


@pytest.mark.parametrize("files, link, check, level, text", FAULTS.values(), ids=FAULTS)
def test_a_fault_is_reported_once(
    tmp_path: Path, files: dict[str, str | bytes], link: str, check: str, level: Level, text: str
) -> None:
    """With file and line, by the one check that owns it."""
    found = judged(tmp_path, files, linked(link))

    assert [f.check for f in found.values() if f.outcome is Outcome.FAIL] == [check]
    assert text in found[check].summary
    assert found[check].level is level
    assert found[check].fix


@pytest.mark.parametrize("names", ["alerts: InboxStuk, InboxStuck", "alert: InboxStuk", "alerts: [InboxStuk, 3]"])
def test_names_are_read_in_every_form(tmp_path: Path, names: str) -> None:
    """A list, a text with commas, or one name."""
    found = judged(tmp_path, {"runbook-inbox.md": FIT.replace("alerts: [InboxStuck]", names)}, linked("x"))

    assert "no rule defines InboxStuk. " in found["runbook-names-alerts"].observed


def test_no_name_is_wrong_while_rules_are_unknown(tmp_path: Path) -> None:
    """A template may define the alert."""
    text = FIT.replace("[InboxStuck]", "[Other]")

    found = judged(tmp_path, {"runbook-inbox.md": text}, linked("runbook-inbox.md"), known=False)

    assert found["runbook-names-alerts"].outcome is Outcome.NOT_APPLICABLE


def test_a_runbook_for_incidents_is_judged_once(tmp_path: Path) -> None:
    """Its faults are those of its own item."""
    text = FIT.replace("owner: team-payments", "incident: webhooks")

    found = judged(tmp_path, {"runbook-inbox.md": text}, linked("runbook-inbox.md"))

    assert found["runbook-fit"].outcome is Outcome.NOT_APPLICABLE


def test_what_lies_elsewhere_is_listed(tmp_path: Path) -> None:
    """It is not checked, and nothing passes for it."""
    found = judged(tmp_path, {"runbook-inbox.md": FIT}, linked("https://wiki.example/1", "Other"), known=False)

    assert {f.outcome for f in found.values()} == {Outcome.NOT_APPLICABLE}
    assert found["runbook-fit"].observed == (
        "Other: not checked, as it is none of the runbooks: https://wiki.example/1"
    )
