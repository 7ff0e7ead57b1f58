"""Whether the client's pauses are random, read off the runs that other cases made."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from math import comb
from statistics import median

from harness.model import Finding, Level, Outcome
from harness.resilience.case_runs import check_case, first_pauses
from harness.resilience.cases import retries
from harness.resilience.client_cases import RETRIES
from harness.resilience.client_drill import ClientDrill, DrillSetting

LEAST = 8
"""Pauses that must be known before they are compared."""
ALIKE_S = 0.02
"""Seconds by which two pauses may differ although the client means the same: noise of the machine. Of pauses that are
mostly shorter, noise alone looks like jitter."""
ALIKE_SHARE = 1 / 15
"""The same as a share of the usual pause, where that is less: short pauses have little room for jitter."""
SPREAD = 5
"""Times that length over which jitter spreads pauses at least: 0.1 s, or a third of the usual pause."""
FALSE_ALARM = 0.001
"""How probably a client with such jitter may fail."""


def _judge(drill: ClientDrill, setting: DrillSetting) -> Finding:
    if unproven := setting.client.unproven(drill):
        return unproven
    for case in (*retries.ONCE, retries.IN_PROGRESS, *(c for c in RETRIES if c.item == drill.item)):
        check_case(setting.client, case)  # as a rule it was checked before, and its runs are known
    pauses = first_pauses(setting.client)
    if len(pauses) < LEAST:
        return _unjudged(drill, f"{len(pauses)} pauses before a second attempt were measured, and {LEAST} are needed")
    return judged(drill, pauses)


def _unjudged(drill: ClientDrill, why: str) -> Finding:
    return drill.finding(Outcome.NOT_APPLICABLE, why, summary=f"{drill.sentence(Outcome.NOT_APPLICABLE)}: {why}")


def judged(drill: ClientDrill, pauses: Sequence[float]) -> Finding:
    """Return the finding of at least `LEAST` pauses, in seconds."""
    if (usual := median(pauses)) < ALIKE_S:
        half = f"half of the {len(pauses)} pauses before a second attempt are below {usual * 1000:.0f} ms"
        return _unjudged(drill, f"{half}, which is too short to compare")
    within, alike = most_alike(pauses)
    total = len(pauses)
    shortest = f"{alike} of {total} pauses lie within {within * 1000:.0f} ms of each other"
    spread = f"from {min(pauses):.3f} to {max(pauses):.3f} s, half of them below {median(pauses):.3f} s"
    if (chance := by_chance(alike, total)) > FALSE_ALARM:
        return drill.finding(Outcome.PASS, f"{total} pauses before a second attempt, {spread}; {shortest}")
    rare = f"pauses spread over {within * SPREAD:.2f} s do so by chance less than once in {1 / chance:,.0f} times"
    return drill.finding(
        Outcome.FAIL, f"{shortest}; {spread}; {rare}", summary=f"{drill.sentence(Outcome.FAIL)}: {shortest}"
    )


def most_alike(pauses: Sequence[float]) -> tuple[float, int]:
    """Return a length of time, in seconds, and the most pauses that lie within it."""
    within, ordered = min(ALIKE_S, median(pauses) * ALIKE_SHARE), sorted(pauses)
    return within, max(bisect_right(ordered, pause + within) - place for place, pause in enumerate(ordered))


def by_chance(alike: int, total: int) -> float:
    """Return how probably, at most, so many of the pauses of a client with jitter are alike."""
    share, others = 1 / SPREAD, total - 1
    tail = sum(comb(others, k) * share**k * (1 - share) ** (others - k) for k in range(alike - 1, total))
    return min(1.0, total * tail)


JITTER = ClientDrill(
    id="jitter",
    item="resilience.retries",
    level=Level.SHOULD,
    summary="the pauses before second attempts, in the runs of all cases",
    passed="Paused for another time before each second attempt",
    failed="Paused for the same time before second attempts",
    expected=f"pauses that are spread over 0.1 s, or a third of their length, of at least {LEAST}",
    source=retries.BACKOFF,
    fix="Choose each pause at random, below a bound that grows, so that who failed together does not return together.",
    alone=True,
    from_recording=True,
    judge=_judge,
)
