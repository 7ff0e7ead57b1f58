"""Every drill of the client."""

from __future__ import annotations

from harness.resilience import exactly_once, needed_members, renewal_at_once, token_renewal, tolerance
from harness.resilience.client_drill import ClientDrill
from harness.resilience.ended_states import ENDED
from harness.resilience.jitter import JITTER
from harness.resilience.persisted_runs import PERSISTED
from harness.resilience.second_pages import SECOND_PAGE

DRILLS: tuple[ClientDrill, ...] = (
    *token_renewal.DRILLS,
    *renewal_at_once.DRILLS,
    PERSISTED,
    *tolerance.DRILLS,
    *needed_members.NEEDED,
    ENDED,
    SECOND_PAGE,
    *exactly_once.DRILLS,
    JITTER,
)
