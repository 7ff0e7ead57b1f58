"""How the proof of an alert is judged, and in which words."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from harness.model import Finding, Outcome
from harness.telemetry.monitoring.alert_checks import CHECKS, judge_proofs
from harness.telemetry.monitoring.alert_proof import AlertProof, CausedFault, Compared, CountedAlert
from harness.telemetry.monitoring.alert_watch import AlertEpisode
from harness.telemetry.monitoring.notifications import Notification

COMPARED = Compared(left="increase(x[4s])", operator=">", threshold=3000, reached=(0, 24))
ALERT = CountedAlert(name="A", fault="forged", compared=COMPARED)
FAULT = CausedFault(began=100, ended=120, seen_until=140, caused="100 forged deliveries")
FIRED = AlertEpisode(
    alert="A", labels={"alertname": "A", "instance": "app"}, pending_at=101, firing_at=103, resolved_at=130
)
NOTIFIED = Notification(
    at=103.25, status="firing", labels={"alertname": "A"}, annotations={"runbook_url": "runbooks/a.md"}, receiver="team"
)
GOOD = AlertProof(alert=ALERT, fault=FAULT, episodes=(FIRED,), notified=NOTIFIED)


def judged(proof: AlertProof) -> dict[str, Finding]:
    return {finding.check: finding for finding in judge_proofs([proof], reproduce="harness gate -k alerts")}


def changed(proof: AlertProof = GOOD, **fields: Any) -> AlertProof:
    return msgspec.structs.replace(proof, **fields)


def test_an_alert_that_works_passes_every_check() -> None:
    """Each finding names the alert and when it happened, and has a case of its own."""
    found = judged(GOOD)

    assert [finding.outcome for finding in found.values()] == [Outcome.PASS] * len(CHECKS)
    assert {f.check: (f.summary, f.observed) for f in found.values()} == {
        "fires-for-its-fault": (
            "A: Fired for its fault", "pending 1.0 s and firing 3.0 s after 100 forged deliveries began"
        ),
        "is-notified": (
            "A: Sent a notification of the alert to a receiver", "receiver 'team' after 0.2 s, runbook runbooks/a.md"
        ),
        "resolves": (
            "A: Resolved after its fault had ended", "10.0 s after 100 forged deliveries had ended"
        ),
        "silent-on-good-traffic": ("A: Stayed silent on good traffic", "it never fired on good traffic"),
    }  # fmt: skip
    assert found["resolves"].case == "resolves-A"
    assert found["resolves"].reproduce == "harness gate -k alerts"


PENDING = msgspec.structs.replace(FIRED, firing_at=None, resolved_at=121)
SLOW = msgspec.structs.replace(ALERT, written_for="1h", for_s=240)
NOT_FIRED = changed(episodes=(), notified=None)
REASONS = {
    "longer than the fault": (
        changed(NOT_FIRED, alert=SLOW, episodes=(PENDING,)),
        "pending for 20 s, but `for: 1h` (scaled to 240.0 s) is longer than the fault lasted (20 s)",
    ),
    "longer than the team allows": (
        changed(
            NOT_FIRED, alert=msgspec.structs.replace(SLOW, too_late="it takes longer than 15m"), episodes=(PENDING,)
        ),
        (
            "pending for 20 s, but `for: 1h` (scaled to 240.0 s) is longer than the fault lasted (20 s); "
            "it takes longer than 15m"
        ),
    ),
    "interrupted": (
        changed(
            NOT_FIRED,
            alert=msgspec.structs.replace(SLOW, for_s=8),
            episodes=(
                msgspec.structs.replace(PENDING, resolved_at=104),
                msgspec.structs.replace(PENDING, pending_at=115),
            ),
        ),
        (
            "pending 2 times, for at most 6 s, while the fault lasted 20 s: the expression does not hold as long as "
            "`for: 1h` (scaled to 8.0 s)"
        ),
    ),
    "below the threshold": (
        NOT_FIRED,
        (
            "it stayed inactive: the value reached 24, the threshold is > 3000. Thresholds on counts are not scaled; "
            "the harness caused 100 forged deliveries for 20 s"
        ),
    ),
    "above a lower threshold": (
        changed(
            NOT_FIRED,
            alert=msgspec.structs.replace(
                ALERT, compared=msgspec.structs.replace(COMPARED, operator="<", threshold=-1)
            ),
        ),
        (
            "it stayed inactive: the value fell to 0, the threshold is < -1. Thresholds on counts are not scaled; "
            "the harness caused 100 forged deliveries for 20 s"
        ),
    ),
    "equality": (
        changed(
            NOT_FIRED,
            alert=msgspec.structs.replace(
                ALERT, compared=msgspec.structs.replace(COMPARED, operator="==", threshold=30)
            ),
        ),
        (
            "it stayed inactive: the value was between 0 and 24, the threshold is == 30. Thresholds on counts are not "
            "scaled; the harness caused 100 forged deliveries for 20 s"
        ),
    ),
    "no series": (
        changed(
            NOT_FIRED, alert=msgspec.structs.replace(ALERT, compared=msgspec.structs.replace(COMPARED, reached=None))
        ),
        (
            "it stayed inactive: the harness caused 100 forged deliveries for 20 s, and increase(x[4s]) returned no "
            "series at all"
        ),
    ),
    "no number": (
        changed(NOT_FIRED, alert=msgspec.structs.replace(ALERT, compared=None)),
        "it stayed inactive: the harness caused 100 forged deliveries for 20 s, and the expression returned nothing",
    ),
    "active before": (
        changed(NOT_FIRED, before=(FIRED,)),
        "it was firing already when 100 forged deliveries began, so nothing shows that this fires it",
    ),
    "pending before": (
        changed(NOT_FIRED, before=(PENDING,)),
        "it was pending already when 100 forged deliveries began, so nothing shows that this fires it",
    ),
    "not evaluated": (
        changed(NOT_FIRED, unhealthy="vector contains metrics with the same labelset"),
        "Prometheus cannot evaluate the rule: vector contains metrics with the same labelset",
    ),
}


@pytest.mark.parametrize("proof, observed", REASONS.values(), ids=REASONS.keys())
def test_why_an_alert_did_not_fire_is_explained(proof: AlertProof, observed: str) -> None:
    """The reason names the figures that decide, and what depends on the alert firing is not judged."""
    found = judged(proof)

    assert (found["fires-for-its-fault"].outcome, found["fires-for-its-fault"].observed) == (Outcome.FAIL, observed)
    assert {found[name].outcome for name in ("is-notified", "resolves")} == {Outcome.NOT_RUN}
    assert found["silent-on-good-traffic"].outcome is Outcome.PASS


def test_a_prometheus_without_its_scrapes_is_the_harness_own_trouble() -> None:
    """On a machine too busy to scrape nothing is known of the rule; an alert that fired all the same has fired."""
    found = judged(changed(NOT_FIRED, stalled_s=6.2))["fires-for-its-fault"]

    assert found.outcome is Outcome.ERROR
    assert found.observed == (
        "Prometheus of the harness scraped nothing for 6 s while 100 forged deliveries lasted, so the rule could not "
        "be judged: the machine is too busy. Run the gate again with less beside it"
    )
    assert judged(changed(stalled_s=6.2))["fires-for-its-fault"].outcome is Outcome.PASS


def test_an_alert_that_fires_too_late_as_written_fails() -> None:
    """It fires by its scaled time, and is notified and resolves; the team wants it sooner all the same."""
    found = judged(changed(alert=msgspec.structs.replace(ALERT, too_late="it takes longer than 15m")))

    outcomes = [finding.outcome for finding in found.values()]
    assert outcomes == [Outcome.FAIL, Outcome.PASS, Outcome.PASS, Outcome.PASS]
    assert found["fires-for-its-fault"].observed == "it takes longer than 15m"


def test_a_for_beyond_the_longest_wait_is_no_failure() -> None:
    """What the harness does not wait for is not run, unless the team itself wants it sooner."""
    alert = msgspec.structs.replace(SLOW, beyond="the harness waits 50 s at most")

    found = judged(changed(NOT_FIRED, alert=alert, episodes=(PENDING,)))["fires-for-its-fault"]
    late = msgspec.structs.replace(alert, too_late="it takes longer than 15m")

    assert (found.outcome, found.observed) == (Outcome.NOT_RUN, "the harness waits 50 s at most")
    late_found = judged(changed(NOT_FIRED, alert=late, episodes=(PENDING,)))["fires-for-its-fault"]
    assert late_found.outcome is Outcome.FAIL


def test_a_fault_that_was_not_caused_proves_nothing() -> None:
    """It is an error with the reason, never a pass."""
    proof = changed(NOT_FIRED, fault=msgspec.structs.replace(FAULT, not_caused="the receiver answered HTTP 500"))

    found = judged(proof)["fires-for-its-fault"]

    assert found.outcome is Outcome.ERROR
    assert found.observed == "the fault 'forged' could not be caused: the receiver answered HTTP 500"


BAD = {
    "held back": (
        changed(notified=None, held_back="Alertmanager holds it back: it is inhibited by Down"),
        "is-notified",
        "Alertmanager holds it back: it is inhibited by Down",
    ),
    "never notified": (changed(notified=None), "is-notified", "no notification of it arrived while it fired"),
    "template": (
        changed(
            notified=msgspec.structs.replace(NOTIFIED, annotations={"summary": "<error expanding template: no x>"})
        ),
        "is-notified",
        "annotation summary: <error expanding template: no x>",
    ),
    "never resolves": (
        changed(episodes=(msgspec.structs.replace(FIRED, resolved_at=None),)),
        "resolves",
        "it still fired 20 s after 100 forged deliveries had ended, with the labels {instance='app'}",
    ),
    "one of several never resolves": (
        changed(
            episodes=(
                FIRED,
                msgspec.structs.replace(FIRED, labels={"alertname": "A", "instance": "b"}, resolved_at=None),
            )
        ),
        "resolves",
        "it still fired 20 s after 100 forged deliveries had ended, with the labels {instance='b'}",
    ),
    "good traffic": (
        changed(on_good_traffic=(FIRED,)),
        "silent-on-good-traffic",
        "without a fault it fired with the labels {instance='app'}",
    ),
}


@pytest.mark.parametrize("proof, check, observed", BAD.values(), ids=BAD.keys())
def test_each_other_failure_is_its_own_finding(proof: AlertProof, check: str, observed: str) -> None:
    """One check fails with its reason, the others still pass."""
    found = judged(proof)

    assert (found[check].outcome, found[check].observed) == (Outcome.FAIL, observed)
    assert [f.check for f in found.values() if f.outcome is not Outcome.PASS] == [check]
