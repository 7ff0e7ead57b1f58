"""Thirty runbooks of other people: each lacks exactly what a careful reader finds missing, whatever its headings."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pytest

from harness.operations.runbook_fitness import Review, complaints
from harness.operations.runbook_page import read_document

REVIEW = Review(dt.date(2026, 3, 1), dt.timedelta(days=180))
UNOWNED = ("owner", "review")
PROMOP = (*UNOWNED, "rollback", "escalation")

# What reading each by eye finds missing; "no command" where a section tells nothing to run and nowhere to look.
MISSING = {
    # Symptoms, triage with commands, restarts; the callers that wait are named among the symptoms; the way back is
    # another runbook.
    "ValueCanvas--agent-stalls.md": UNOWNED,
    # Complete but for what its alerts mean to users: their severity alone is given.
    "clipper--background-jobs.md": ("impact",),
    # Its rollback is a link to another runbook, its contacts stand at the end.
    "clipper--permission-escalation.md": (),
    # "Have rollback plan ready", but no plan.
    "clipper--webhook-dlq-replay-runbook.md": ("rollback",),
    # One heading for each alert, lead-ins such as "How to **fix**:", and no word on whom to call.
    "cortex-jsonnet--playbooks.md": PROMOP,
    # Half a page: "check the Grafana panel", without a link.
    "get-into-teaching-api--google-api-errors.md": (
        *UNOWNED,
        "impact",
        "diagnosis: no command",
        "mitigation: no command",
        "rollback",
        "escalation",
    ),
    "get-into-teaching-api--high-cpu.md": (
        *UNOWNED,
        "impact",
        "diagnosis: no command",
        "mitigation: no command",
        "rollback",
        "escalation",
    ),
    # "Alerts will be lost" is its impact; it finds the fault, and does not say how to end it.
    "gitlab--alertmanager-notification-failures.md": (*UNOWNED, "mitigation", "rollback", "escalation"),
    # Its symptoms are messages, and nothing says who notices.
    "gitlab--pgbouncer-saturation.md": (*UNOWNED, "impact", "rollback", "escalation"),
    # Prose: "if you see log messages like", "it will crash", what to drop and to remove.
    "gitlab--postgresql-disk-space.md": PROMOP,
    # Three steps that find the instance, and none that mends it.
    "gitlab--praefect-error-rate.md": (*UNOWNED, "impact", "mitigation", "rollback", "escalation"),
    # What is down is started under "Possible checks".
    "gitlab--sentry-is-down.md": (*UNOWNED, "impact", "rollback", "escalation"),
    # Two lines on what to check, with the command.
    "gitlab--target-is-down.md": (*UNOWNED, "symptoms", "impact", "mitigation", "rollback", "escalation"),
    # All of it in four paragraphs: its owner is a channel, its way back an action on GitHub.
    "govuk--RouterErrorRatioTooHigh.html.md": ("review",),
    "govuk--email-alert-api-unprocessed-work.html.md": ("review", "rollback"),
    "jsonnet-libs--runbooks.md": PROMOP,
    # A list of messages and severities.
    "kubernetes-mixin--runbook.md": (*UNOWNED, "impact", "rollback", "escalation"),
    # Help and a channel are named under "Mitigation".
    "kubevirt--KubemacpoolDown.md": (*UNOWNED, "rollback"),
    "kubevirt--LowVirtOperatorCount.md": (*UNOWNED, "rollback"),
    "kubevirt--VirtAPIDown.md": (*UNOWNED, "rollback"),
    "kubevirt--VirtualMachineCRCErrors.md": (*UNOWNED, "rollback"),
    # "Please contact Dedicated Support."
    "openshift--CephOSDNearFull.md": (*UNOWNED, "rollback"),
    # "The resolution depends on the particular issue", and no more.
    "openshift--KubeControllerManagerDown.md": (*UNOWNED, "mitigation: no command", "rollback", "escalation"),
    # Diagnosis and mitigation are links to another runbook.
    "openshift--NodeFilesystemAlmostOutOfSpace.md": PROMOP,
    # A page of checks that other runbooks refer to.
    "openshift--diagnosis.md": (*UNOWNED, "symptoms", "impact", "mitigation", "rollback", "escalation"),
    # "There are no cheap options to mitigate this risk."
    "promop--AlertmanagerClusterDown.md": (*UNOWNED, "mitigation: no command", "rollback", "escalation"),
    # "Check if application is performing normally", and not how.
    "promop--CPUThrottlingHigh.md": (*UNOWNED, "diagnosis: no command", "rollback", "escalation"),
    "promop--KubePersistentVolumeFillingUp.md": PROMOP,
    # "Check alertmanager logs", and not where; its mitigation names the integration to set up.
    "promop--Watchdog.md": (*UNOWNED, "diagnosis: no command", "rollback", "escalation"),
    # A page on how monitors work: what fails over, and no sign by which to know that it must.
    "rook--ceph-mon-health.md": (*UNOWNED, "symptoms", "rollback", "escalation"),
}
_COMPLAINTS = {
    r"it has no owner": "owner",
    r"it has no date of its last review": "review",
    r"it has no section on (\w+)": "{0}",
    r"its section on (\w+) has neither a command nor a link": "{0}: no command",
}


def missing(path: Path) -> tuple[str, ...]:
    """Return what the harness finds missing, without links to files that are not beside this one."""
    found = []
    for text in complaints(read_document(path), REVIEW, path.parent):
        if "leads nowhere" in text:
            continue
        match, form = next((m, form) for p, form in _COMPLAINTS.items() if (m := re.search(p, text)))
        found.append(form.format(*match.groups()))
    return tuple(found)


@pytest.mark.parametrize("name", MISSING)
def test_a_runbook_lacks_what_a_reader_finds_missing(shared_data: Path, name: str) -> None:
    """No more and no less."""
    assert missing(shared_data / "monitoring" / "runbooks" / name) == MISSING[name]


def test_all_of_them_are_read(shared_data: Path) -> None:
    """The table has a row for each file."""
    assert {path.name for path in (shared_data / "monitoring" / "runbooks").glob("*.md")} == set(MISSING)
