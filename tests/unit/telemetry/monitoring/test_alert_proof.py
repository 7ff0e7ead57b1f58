"""What was observed of all alerts, reduced to one."""

from __future__ import annotations

import msgspec

from harness.model import Outcome
from harness.telemetry.monitoring.alert_checks import judge_proofs
from harness.telemetry.monitoring.alert_proof import AlertProof, CausedFault, Compared, CountedAlert, prove
from harness.telemetry.monitoring.alert_watch import AlertEpisode
from harness.telemetry.monitoring.notifications import Notification

ALERT = CountedAlert(
    name="A", fault="forged", written_for="5m", for_s=4, compared=Compared(left="x", operator=">", threshold=3)
)
FAULT = CausedFault(began=100, ended=110, seen_until=130)
GOOD = (50.0, 90.0)


def episode(
    pending: float, firing: float | None = None, resolved: float | None = None, alert: str = "A"
) -> AlertEpisode:
    return AlertEpisode(
        alert=alert, labels={"alertname": alert}, pending_at=pending, firing_at=firing, resolved_at=resolved
    )


def notification(at: float, status: str = "firing", alert: str = "A") -> Notification:
    return Notification(at=at, status=status, labels={"alertname": alert}, receiver="r")


def proof(*episodes: AlertEpisode, notifications: tuple[Notification, ...] = ()) -> AlertProof:
    return prove(ALERT, FAULT, good=GOOD, episodes=episodes, notifications=notifications)


def test_only_the_episodes_of_the_alert_and_the_fault_count() -> None:
    """Those of other alerts, and those before and after the fault's window, belong to other proofs."""
    own = episode(101, 105, 120)

    found = proof(episode(92, 95, 99), own, episode(102, 103, 104, alert="B"), episode(131, 135, 140))

    assert found.episodes == (own,)
    assert found.fired == own
    assert found.before == ()
    assert found.on_good_traffic == ()


def test_an_alert_that_another_fault_fires_later_is_not_proved() -> None:
    """Right after the fault its scrape and evaluation may still come; what begins later has another cause."""
    late, later = episode(111.5, 113, 118), episode(114, 115, 120)

    assert proof(late).fired == late
    assert proof(later).fired is None
    assert proof(later).episodes == ()


def test_an_alert_that_fires_again_and_to_the_end_has_not_resolved() -> None:
    """A receiver that is killed takes its series along, and brings them back when it starts again."""
    paused, again = episode(101, 105, 112), episode(118, 119)

    found = proof(paused, again)

    assert found.at_the_end == (again,)
    judged = {f.check: f for f in judge_proofs([found])}
    assert judged["resolves"].outcome is Outcome.FAIL
    assert judged["resolves"].observed.startswith("it still fired 20 s after")
    assert {f.check: f for f in judge_proofs([proof(paused)])}["resolves"].outcome is Outcome.PASS


def test_an_alert_that_was_active_before_is_marked() -> None:
    """An episode that lasts when the fault begins hides whether the fault fires the alert."""
    still = episode(95, 97, 104)

    found = proof(still)

    assert found.before == (still,)
    assert found.fired is None


def test_firing_on_good_traffic_is_marked_however_long_it_lasts() -> None:
    """An alert that fires in any part of good traffic counts; one that is pending there does not."""
    early, whole = episode(30, 40, 55), episode(30, 40)

    assert proof(early).on_good_traffic == (early,)
    assert proof(whole).on_good_traffic == (whole,)
    assert proof(episode(60, None, 70)).on_good_traffic == ()
    assert proof(episode(60, 91, 95)).on_good_traffic == ()
    assert proof(episode(30, 40, 50)).on_good_traffic == ()


def test_notifications_belong_to_the_alert_since_it_fires() -> None:
    """The first firing one counts, and the first resolved one behind it."""
    found = proof(
        episode(101, 105, 120),
        notifications=(
            notification(99), notification(106, alert="B"), notification(105.1, "resolved"),
            notification(105.2), notification(107), notification(121, "resolved"),
        ),
    )  # fmt: skip

    assert found.notified is not None
    assert found.notified.at == 105.2
    assert found.resolution is not None
    assert found.resolution.at == 121


def test_a_notification_that_was_held_back_until_the_fault_ended_is_none() -> None:
    """An inhibition ends with its source: what comes then would have come too late for the incident."""
    sent = (notification(111),)

    found = prove(ALERT, FAULT, good=GOOD, episodes=[episode(101, 105, 120)], notifications=sent, held_back="why")

    assert found.notified is None
    assert found.held_back == "why"
    assert proof(episode(101, 105, 120), notifications=sent).notified == sent[0]
    assert proof(episode(101, 105, 120), notifications=(notification(114),)).notified is None


def test_a_proof_travels_as_json() -> None:
    """What is read is what was written."""
    found = proof(episode(101, 105, 120), notifications=(notification(106),))

    assert msgspec.json.decode(msgspec.json.encode(found), type=AlertProof) == found
