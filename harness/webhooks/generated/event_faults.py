"""Looks again at an invalid event that the receiver failed on, as at any delivery: a cause that both show is one."""

from __future__ import annotations

from harness.model import Event, Finding, Outcome
from harness.webhooks.case_runner import ReceiverUnderTest
from harness.webhooks.case_trial import CaseTrial
from harness.webhooks.cases import Expected, Material
from harness.webhooks.cases.receiver_case import worded_case
from harness.webhooks.generated.event_answers import INVALID

_ROW = worded_case(
    id=INVALID.id,
    item=INVALID.item,
    summary="an invalid generated event",
    expected=Expected.ANSWERED,
    source=INVALID.source,
    fix=INVALID.fix,
    build=Material.signed,
)


def fault_of(receiver: ReceiverUnderTest, event: Event, genuine: Event) -> Finding | None:
    """Deliver ``event`` again, correctly signed; return what the receiver does wrong, None where it answers right now.

    ``genuine`` is an event of which the receiver accepts deliveries.
    """
    usable, error = receiver.usable(genuine)
    found = [] if error else CaseTrial(receiver, _ROW, "").failed_on(event, usable)
    return next((f for f in found if f.outcome is Outcome.FAIL), None)
