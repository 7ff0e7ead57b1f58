"""How the team's own servers are judged; what could not be read or proved is never a pass."""

from __future__ import annotations

import msgspec
import pytest

from harness.model import Outcome
from harness.telemetry.monitoring.own import OwnMonitoring, OwnRule, SyntheticAlert
from harness.telemetry.monitoring.own_checks import CHECKS, judge_own

OWN = OwnMonitoring(
    version="2.42.0",
    target="http://app/metrics",
    alertmanagers=("http://am/api/v2/alerts",),
    rules=(OwnRule(alert="A", health="ok"),),
)
SENT = SyntheticAlert(
    labels={"alertname": "T"}, receivers=("team",), integrations=("webhook",), sent=(3, 4), failed=(1, 1), resolved=True
)


def judged(own: OwnMonitoring, synthetic: SyntheticAlert | str = SENT) -> dict[str, tuple[Outcome, str]]:
    return {f.case: (f.outcome, f.observed) for f in judge_own(own, synthetic, counted=["A"])}


def test_what_works_passes_and_what_is_not_proved_is_not_run() -> None:
    """The rows of an exercise are there by name, with the reason and what to do."""
    found = judged(OWN)

    own = {case: outcome for case, (outcome, _) in found.items() if case.startswith("own-")}
    assert own == {
        "own-target-scraped": Outcome.PASS,
        "own-alerts-sent": Outcome.PASS,
        "own-rule-healthy-A": Outcome.PASS,
        "own-series-exist-A": Outcome.PASS,
        "own-test-alert-notified": Outcome.PASS,
    }
    assert len(own) == len(CHECKS)
    for case in ("fires-for-its-fault-A", "is-notified-A", "resolves-A", "silent-on-good-traffic-A"):
        outcome, observed = found[case]
        assert outcome is Outcome.NOT_RUN
        assert "name the rule files in [telemetry.alerts] rules" in observed
    assert found["own-test-alert-notified"][1] == (
        "routed to team (webhook); notifications: 3 before, 4 after; failed: 1 before, 1 after."
    )


def test_what_an_exercise_proves_is_not_reported_as_unproved() -> None:
    """With rule files beside the URL the harness proves the same alerts with a Prometheus of its own."""
    found = list(judge_own(OWN, SENT, counted=["A", "B"], proved=["A"]))

    assert {f.case.rpartition("-")[2] for f in found if f.outcome is Outcome.NOT_RUN} == {"B"}


def test_a_prometheus_that_cannot_be_read_is_an_error_of_every_check() -> None:
    """The reason is that of the API; nothing passes because nothing was found."""
    found = judged(OwnMonitoring(error="it does not answer"), "no labels")

    assert {found[c] for c in found if c.startswith("own-") and c != "own-test-alert-notified"} == {
        (Outcome.ERROR, "it does not answer")
    }
    assert found["own-test-alert-notified"] == (Outcome.NOT_RUN, "no labels")


FAULTY = {
    "no target": (
        {"target_problem": "it scrapes no target with job='app'"},
        "own-target-scraped",
        (Outcome.FAIL, "it scrapes no target with job='app'"),
    ),
    "no alertmanager": ({"alertmanagers": ()}, "own-alerts-sent", (Outcome.FAIL, "its list of Alertmanagers is empty")),
    "not loaded": (
        {"rules": (OwnRule(alert="A", loaded=False, close="Did you mean 'B'?"),)},
        "own-rule-healthy-A",
        (Outcome.FAIL, "no alert of this name is loaded. Did you mean 'B'?"),
    ),
    "broken": (
        {"rules": (OwnRule(alert="A", health="err", last_error="many-to-many"),)},
        "own-rule-healthy-A",
        (Outcome.FAIL, "health: err, many-to-many"),
    ),
    "not evaluated": (
        {"rules": (OwnRule(alert="A", health="unknown"),)},
        "own-rule-healthy-A",
        (Outcome.ERROR, "health: unknown, for it was not evaluated yet"),
    ),
    "misspelt": (
        {"rules": (OwnRule(alert="A", health="ok", missing=("x. Did you mean 'y'?",)),)},
        "own-series-exist-A",
        (Outcome.FAIL, "no series of x. Did you mean 'y'?"),
    ),
    "unreadable": (
        {"rules": (OwnRule(alert="A", health="ok", unread="unknown function"),)},
        "own-series-exist-A",
        (Outcome.ERROR, "the expression could not be parsed: unknown function"),
    ),
}


@pytest.mark.parametrize("fields, case, expected", FAULTY.values(), ids=FAULTY.keys())
def test_each_fault_is_its_own_finding(fields: dict[str, object], case: str, expected: tuple[Outcome, str]) -> None:
    """The finding has what Prometheus reports."""
    assert judged(msgspec.structs.replace(OWN, **fields))[case] == expected


ROUTES = {
    "nowhere": ({"receivers": ()}, Outcome.FAIL, "it was routed to no receiver."),
    "no integration": ({"integrations": ()}, Outcome.FAIL, "routed to team, which has no integration: nobody is not"),
    "nothing sent": ({"sent": (3, 3)}, Outcome.FAIL, "notifications: 3 before, 3 after"),
    "grouped": (
        {"sent": (3, 3), "beside": ("DiskFull", "Watchdog")},
        Outcome.ERROR,
        "Active for the same receiver: DiskFull, Watchdog. In one group with them, it waits for group_interval: run",
    ),
    "grouped and failed": ({"failed": (1, 2), "beside": ("DiskFull",)}, Outcome.FAIL, "failed: 1 before, 2 after"),
    "failed": ({"failed": (1, 2)}, Outcome.FAIL, "failed: 1 before, 2 after"),
    "held back": ({"held_back": "a silence matches it (7)"}, Outcome.FAIL, "but held back: a silence matches it (7)."),
    "error": ({"error": "HTTP 401"}, Outcome.ERROR, "the test alert could not be followed: HTTP 401"),
    "lasts": ({"resolved": False}, Outcome.PASS, "It could not be resolved: it ends by itself within 5 minutes."),
}


@pytest.mark.parametrize("fields, outcome, text", ROUTES.values(), ids=ROUTES.keys())
def test_a_test_alert_that_reaches_nobody_fails(fields: dict[str, object], outcome: Outcome, text: str) -> None:
    """Whether it is not routed, not sent, refused or held back."""
    found = judged(OWN, msgspec.structs.replace(SENT, **fields))["own-test-alert-notified"]

    assert found[0] is outcome
    assert text in found[1]
