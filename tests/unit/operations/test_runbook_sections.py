"""A title opens the sections that its words mean in real runbooks."""

from __future__ import annotations

import pytest

from harness.operations.runbook_sections import sections_of

TITLES = {
    "symptoms": (
        *("Meaning", "What this alert means", "What does this alert mean?", "When does this fire", "Alert Behavior"),
        *("Symptoms", "Detection", "Triggers", "Description", "Overview", "Summary", "What's happening", "Context"),
        *("Problem statement", "How to recognise it", "Error message", "RedisMultipleMasters", "PaymentsDown"),
    ),
    "impact": (
        *("Impact", "User impact", "Who is affected", "Affected services", "Severities", "Consequences", "Urgency"),
        *("Blast radius", "Why it matters", "What happens if ignored"),
    ),
    "diagnosis": (
        *("Diagnosis", "Triage", "Troubleshooting", "Investigation steps", "What to check", "Possible checks"),
        *("Potential Causes", "Verification", "How to debug", "Root cause", "Where to look", "Initial assessment"),
        *("Dashboards", "Logs", "Useful queries"),
    ),
    "mitigation": (
        *(
            "Mitigation",
            "Remediation",
            "Potential resolution steps",
            "How to fix",
            "Recovery",
            "Solution",
            "Workaround",
        ),
        *("Immediate actions", "What to do", "Response", "Steps", "Procedure", "First aid", "Containment"),
    ),
    "rollback": ("Rollback", "Rolling back", "Roll-back", "Revert", "Undo", "Back-out plan", "Restore", "Fallback"),
    "escalation": (
        *("Escalation", "Escalation path", "Contacts", "Points of contact", "On-call", "Who to call", "Support"),
        *("Getting help", "Need help?", "Communication", "Refer to the etcd team", "Subject matter experts"),
    ),
}


@pytest.mark.parametrize("section, title", [(name, title) for name, titles in TITLES.items() for title in titles])
@pytest.mark.parametrize("written", ["{}", "3. {}", "\N{FIRE} {}"], ids=["plain", "numbered", "with an emoji"])
def test_a_title_opens_its_section(section: str, title: str, written: str) -> None:
    """With a number or an emoji before it as without."""
    assert section in sections_of(written.format(title))


@pytest.mark.parametrize(
    "title",
    [
        "References",
        "Prerequisites",
        "Lessons learned",
        "Reverse proxy",
        "Prefix",
        "Glossary",
        "BigQuery",
        "Related alerts",
    ],
)
def test_other_titles_open_none(title: str) -> None:
    """A word that merely looks like one of theirs is not enough."""
    assert sections_of(title) == frozenset()


def test_long_titles_are_read_in_time() -> None:
    """Whatever stands in them."""
    for word in ("alert ", "what you ", "how to ", "this means ", "notify ", " "):
        sections_of(word * 40_000)
