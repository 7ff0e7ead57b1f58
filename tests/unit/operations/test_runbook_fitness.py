"""A good runbook is not refused for its headings, and a section that is missing is reported whatever they are."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from harness.operations.runbook_fitness import Review, complaints
from harness.operations.runbook_page import read_document

REVIEW = Review(dt.date(2026, 11, 27), dt.timedelta(days=180))
FRONT = "---\nowner: team-payments\nlast_reviewed: 2026-11-01\n---\n"

FIT = {
    "prometheus-operator": """# PaymentsDown
## Meaning
No payment service answers its probes.
## Impact
Nobody can pay while this lasts.
## Diagnosis
`kubectl get pods -n payments`
## Mitigation
`kubectl rollout restart deployment/payments`; if it follows a release, roll it back:
```sh
kubectl rollout undo deployment/payments
```
If you cannot resolve the issue, see the [channel](https://chat.example/payments).
""",
    "GitLab": """# Payments alert
## Overview
This alert fires when payments stop for five minutes.
## Severities
Customers cannot pay, so this is a severity one.
## Verification
See the [dashboard](https://grafana.example/d/payments).
## Recent changes
How to properly [roll back](https://ci.example/rollback) a deployment.
## Possible Resolutions
Restart the pods: `kubectl rollout restart deployment/payments`.
## Escalation
Slack channel #payments, then the incident manager.
""",
    "Grafana": """# Payments
## Description
Payments stopped for five minutes.
## Consequences
Nobody can pay while this lasts.
## Potential Causes
Look at `kubectl logs deployment/payments` first.
## Resolutions
Run `make restart` on the host, and wait.
## Reverting
Run `make previous` on the host, and wait.
## Contacts
Call the payments team, then the database team.
""",
    "PagerDuty": """# Payments
## What is happening
Payments stopped for five minutes.
## Who is affected
Every customer at the checkout of the shop.
## Troubleshooting
See `kubectl logs deployment/payments` first.
## Actions
1. Run `make restart` on the host, and wait.
2. Roll back the last release with `make rollback VERSION=previous`.
## Who to call
The payments team, then the database team.
""",
    "bold lead-ins": """# Payments
**Symptoms:** payments stop for five minutes or more.

**Impact:** nobody can pay while this lasts.

**Diagnosis:** look at the logs.

```sh
kubectl logs deployment/payments
```

**Fix:**

- Run `make restart` on the host.

**Roll back:** `make previous`.

**Contact:** #payments
""",
    "a table": """# Payments
| | |
|---|---|
| Alert | Payments stopped for five minutes. |
| Impact | Nobody can pay while this lasts. |
| Diagnose | See `kubectl logs deployment/payments`. |
| Remediation | Run `make restart` on the host. |
| Rollback | Run `make previous` on the host. |
| On-call | +49 30 1234567 |
""",
    "HTML": """<h1>Payments</h1>
<h2>Symptoms</h2>

Payments stopped for five minutes.

<h2>Impact</h2>

Nobody can pay while this lasts.

<details><summary>Investigate</summary>

    kubectl logs deployment/payments

</details>
<details><summary>Remedy</summary>

    make restart

</details>

<h2>Roll-back</h2>
<p>Run <code>make previous</code> on the host.</p>
<h2>Escalate</h2>
<p>Call the payments team, then the database team.</p>
""",
    "one heading for each alert": """# Alerts
## PaymentsDown
This means there is a delay for customers. Check `kubectl get pods` first.

How to **fix** it:

- `kubectl rollout restart deployment/payments`, or `kubectl rollout undo deployment/payments`

Page the on-call engineer of team-payments after ten minutes.
""",
}


def complaints_about(tmp_path: Path, text: str) -> list[str]:
    """Return what is wrong with a runbook of this text."""
    path = tmp_path / "runbook.md"
    path.write_text(text, encoding="utf-8")
    return [text.removeprefix("runbook.md:") for text in complaints(read_document(path), REVIEW, tmp_path)]


@pytest.mark.parametrize("text", FIT.values(), ids=FIT)
def test_a_good_runbook_is_fit_whatever_its_headings(tmp_path: Path, text: str) -> None:
    """The six sections are found by the titles of every template, or by the words of a passage."""
    assert complaints_about(tmp_path, FRONT + text) == []


SECTIONS = {
    "Symptoms": "Payments stopped for five minutes.",
    "Impact": "Nobody can pay while this lasts.",
    "Diagnosis": "See `kubectl logs deployment/payments`.",
    "Mitigation": "Run `make restart` on the host.",
    "Rollback": "Run the previous version on the host.",
    "Escalation": "Call the payments team by telephone.",
}


@pytest.mark.parametrize("missing", SECTIONS)
def test_a_section_that_is_missing_is_reported(tmp_path: Path, missing: str) -> None:
    """None of the other five does its work."""
    text = "".join(f"## {title}\n\n{text}\n\n" for title, text in SECTIONS.items() if title != missing)

    (complaint,) = complaints_about(tmp_path, f"{FRONT}# Payments\n\n{text}")

    assert complaint.startswith(f"1: it has no section on {missing.lower()}. Add one")


@pytest.mark.parametrize("empty", SECTIONS)
def test_a_section_without_content_is_reported(tmp_path: Path, empty: str) -> None:
    """A placeholder is no content."""
    text = "".join(f"## {title}\n\n{'TODO' if title == empty else text}\n\n" for title, text in SECTIONS.items())

    (complaint,) = complaints_about(tmp_path, f"{FRONT}# Payments\n\n{text}")

    assert complaint.endswith(f": its section on {empty.lower()} is empty. Write what to do.")


PLACEHOLDERS = (
    "...",
    "tbd",
    "- ",
    "n/a",
    "TODO: describe the impact on users",
    "Documentation coming soon.",
    "To be written",
)
STATEMENTS = ("Nobody can pay.", "Checkout fails", "Nobody can pay. TODO: how many is it?", "Causes have to be found.")


@pytest.mark.parametrize("text", [*PLACEHOLDERS, *STATEMENTS])
def test_a_section_is_empty_where_it_has_no_words_but_placeholders(tmp_path: Path, text: str) -> None:
    """Words count, however few they are; marks of what is unwritten do not, however many words follow them."""
    page = "".join(f"## {title}\n\n{text if title == 'Impact' else own}\n\n" for title, own in SECTIONS.items())

    found = complaints_about(tmp_path, f"{FRONT}# Payments\n\n{page}")

    assert [each.partition(": ")[2] for each in found] == (
        [] if text in STATEMENTS else ["its section on impact is empty. Write what to do."]
    )


@pytest.mark.parametrize("vague", ["Diagnosis", "Mitigation"])
def test_a_section_that_gives_nothing_to_run_is_reported(tmp_path: Path, vague: str) -> None:
    """Diagnosis and mitigation need a command or a link."""
    text = "".join(
        f"## {title}\n\n{'Think it over and act.' if title == vague else text}\n\n" for title, text in SECTIONS.items()
    )

    (complaint,) = complaints_about(tmp_path, f"{FRONT}# Payments\n\n{text}")

    assert f"its section on {vague.lower()} has neither a command nor a link. Add what to run" in complaint


WITHOUT_ESCALATION = "# Payments\n" + "".join(f"## {t}\n\n{x}\n\n" for t, x in SECTIONS.items() if t != "Escalation")

REACHABLE = {
    "a contact": "contact: team-payments, extension 4711",
    "a channel": 'slack_channel: "#payments"',
    "the channel of the owner": 'owner_slack: "#payments"',
    "an owner with an address": "owner: payments@example.com",
    "an owner with a page": "owner: https://teams.example/payments",
}


@pytest.mark.parametrize("line", REACHABLE.values(), ids=REACHABLE)
def test_front_matter_may_say_whom_to_call(tmp_path: Path, line: str) -> None:
    """A channel, an address or a contact there is as good as a section on escalation."""
    front = f"---\nowner: team-payments\nlast_reviewed: 2026-11-01\n{line}\n---\n"
    front = front.replace("owner: team-payments\n", "") if line.startswith("owner:") else front

    assert complaints_about(tmp_path, front + WITHOUT_ESCALATION) == []


def test_the_name_of_a_team_is_nobody_to_call(tmp_path: Path) -> None:
    """At night a name alone does not help."""
    (complaint,) = complaints_about(tmp_path, FRONT + WITHOUT_ESCALATION)

    assert complaint == (
        "1: it has no section on escalation. Add one, or `contact:` in the front matter: "
        "a channel, an address, a number."
    )


def test_words_about_rolling_back_need_a_command(tmp_path: Path) -> None:
    """Without one, nobody on call can do it."""
    text = "# Payments\n" + "".join(f"## {t}\n\n{x}\n\n" for t, x in SECTIONS.items() if t != "Rollback")
    plain, exact = (
        text.replace("on the host.", f"on the host.\n\n{more}") for more in ("Or revert it.", "`git revert x`")
    )

    assert "no section on rollback" in complaints_about(tmp_path, FRONT + plain)[0]
    assert complaints_about(tmp_path, FRONT + exact) == []


FACTS = {
    "in the front matter of GOV.UK": '---\nowner_slack: "#payments"\nlast_reviewed_on: 2026-11-01\n---\n',
    "in TOML": '+++\nowner = "team-payments"\nlast_reviewed = 2026-11-01\n+++\n',
    "in another spelling": "---\nService Owner: team-payments\nlastReviewed: 2026-11-01\n---\n",
    "in lines of the text": "**Owner**: team-payments\n**Last reviewed**: 2026-11-01\n\n",
    "in a table": "| Owner | team-payments |\n|-|-|\n| Last reviewed | 2026-11-01 |\n\n",
}


@pytest.mark.parametrize("front", FACTS.values(), ids=FACTS)
def test_owner_and_review_are_found(tmp_path: Path, front: str) -> None:
    """Wherever a team writes them."""
    assert complaints_about(tmp_path, front + FIT["GitLab"]) == []


def test_broken_front_matter_is_one_complaint(tmp_path: Path) -> None:
    """Its owner and its review are not reported as missing too."""
    (complaint,) = complaints_about(tmp_path, FRONT.replace("owner: ", "owner: [") + FIT["GitLab"])

    assert complaint.startswith("3: its front matter is not YAML.")


def test_another_encoding_is_a_complaint_of_its_own(tmp_path: Path) -> None:
    """The runbook is read all the same."""
    path = tmp_path / "runbook.md"
    path.write_bytes((FRONT + FIT["GitLab"]).encode("utf-16"))

    (complaint,) = complaints(read_document(path), REVIEW, tmp_path)

    assert complaint.endswith("Convert it: iconv -f UTF-16 -t UTF-8 runbook.md > new.md")


LINKS = {
    "a file that is there": ("other.md", ""),
    "a file that is not": ("gone.md", "the link gone.md leads nowhere. Correct it."),
    "a heading that is there": ("other.md#first-aid", ""),
    "one in other letters": ("other.md#First-Aid", ""),
    "one with what GitHub puts before it": ("#user-content-overview", ""),
    "a heading that is not": (
        "other.md#last",
        "the link other.md#last names a heading that does not exist. Correct it.",
    ),
    "the top": ("#top", ""),
    "a line of code": ("other.md#L3-L7", ""),
    "another host": ("//example.com/x", ""),
    "mail": ("mailto:a@example.com", ""),
    "from the root of the repository": ("/docs/other.md", ""),
    "an address of a site": ("/manual/other/", ""),
    "what a site fills in": ("{{site.url}}/x", ""),
    "a question behind it": ("other.md?plain=1", ""),
    "a name too long for a file": (f"{'a' * 300}.md", "leads nowhere. Correct it."),
    "a file that cannot be read": ("picture.md#a", "leads to a file that cannot be read."),
}


@pytest.mark.parametrize("link, complaint", LINKS.values(), ids=LINKS)
def test_links_are_followed_where_that_is_possible(tmp_path: Path, link: str, complaint: str) -> None:
    """Those that only another host or a generator of sites can answer are left alone."""
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "other.md").write_text("## First aid\n")
    (docs / "picture.md").write_bytes(b"\0")
    path = docs / "runbook.md"
    path.write_text(f"{FRONT}{FIT['GitLab']}\n[x](<{link}>)\n")

    found = list(complaints(read_document(path), REVIEW, tmp_path))

    assert [text.partition(": ")[2] for text in found] == ([complaint] if complaint.startswith("the ") else []) or (
        len(found) == 1 and found[0].endswith(complaint)
    )
