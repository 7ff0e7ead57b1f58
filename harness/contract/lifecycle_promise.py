"""What was written is read back by every way, and a write changes what it names and nothing else."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from harness.contract.body_variations import MOST_BODIES
from harness.contract.caller import ANSWERS, Caller, broken
from harness.contract.change_chain import MOST_CHANGES
from harness.contract.combined_changes import MOST_COMBINED
from harness.contract.invariants import CREATED_READABLE, STILL_ANSWERS, Invariant
from harness.contract.life_course import LifeCourse
from harness.contract.lifecycle import Lifecycle
from harness.contract.link_crawler import LinkCrawler
from harness.contract.listings import MAX_PAGES
from harness.contract.promise import Planned, Promise
from harness.contract.resource_kinds import ResourceKind, kinds
from harness.contract.resource_reader import Patience
from harness.model import Finding, FixedBy, Outcome

MOST_KINDS = 60
"""Kinds of resources that are tried: a large API has hundreds."""
_READS = 60
"""Reads of one kind, roughly: after each write, and again where it does not show yet."""
_LISTINGS = 4


def judge_lifecycle(
    caller: Caller,
    walk: Callable[[], LinkCrawler],
    *,
    random_seed: int = 1,
    sleep: Callable[[float], None] = time.sleep,
) -> list[Finding]:
    """Run the chain of every kind of resource; one finding for each thing that does not hold, or one for a pass.

    What the chain creates is deleted at its end, where that is permitted.
    """
    found = sorted(kinds(caller), key=lambda kind: kind.reading.path.count("{"))[:MOST_KINDS]
    patience = Patience(sleep)
    lives = [Lifecycle(caller, kind, patience, random_seed=random_seed) for kind in found]
    begun = [(life, *things) for life in lives if (things := life.begin()) is not None]
    courses = [LifeCourse(*each) for each in begun]
    for course in courses:
        course.change()
    for course in reversed(courses):
        course.end(lives)
    if not lives:
        return [LIFECYCLE.not_known("the spec describes no resource that can be created and read")]
    failed = [finding for life in lives for finding in _failed(life, walk)]
    passed = [life.kind.creation.label for life, _, _ in begun if not life.broken]
    unknown = [LIFECYCLE.not_known(f"{life.kind.creation.label}: {life.why_not}") for life in lives if life.why_not]
    return [*failed, *([_passed(passed)] if passed else []), *unknown]


def _failed(life: Lifecycle, walk: Callable[[], LinkCrawler]) -> Iterator[Finding]:
    """Yield what does not hold, but for what following the links finds too."""
    for (label, invariant), observed in life.broken.items():
        if invariant in (CREATED_READABLE, STILL_ANSWERS) and _is_linked(label, invariant, walk):
            continue
        check = ANSWERS if invariant is STILL_ANSWERS else LIFECYCLE
        words = {"expected": invariant.expected, "source": invariant.source, "fix": invariant.fix}
        yield broken(label, check, invariant.cause, observed, **words)


def _is_linked(label: str, invariant: Invariant, walk: Callable[[], LinkCrawler]) -> bool:
    """Whether following the links of answers meets the same fault."""
    cause = "leads nowhere" if invariant is CREATED_READABLE else invariant.cause
    return any(at == label and cause in complaint for at, complaint in walk().caller.violations)


def _passed(labels: list[str]) -> Finding:
    observed = "written, read again, listed, changed and deleted, as far as the spec describes that"
    return LIFECYCLE.finding(Outcome.PASS, observed, summary=f"{LIFECYCLE.passed}: {', '.join(labels)}", case="")


def _planned(kind: ResourceKind) -> Iterator[Planned]:
    yield Planned(kind.creation.label, 4 * MOST_BODIES + 2)
    yield Planned(kind.reading.label, _READS)
    for listing in kind.listings:
        yield Planned(listing.label, _LISTINGS * MAX_PAGES)
    for operation in kind.changes:
        yield Planned(operation.label, MOST_CHANGES + MOST_COMBINED + 3)
    for operation in kind.other_readings:
        yield Planned(operation.label, 4)
    if kind.deletion is not None:
        yield Planned(kind.deletion.label, 7)


LIFECYCLE = Promise(
    id="lifecycle",
    item="contract.fuzz",
    fixed_by=FixedBy.PROVIDER,
    summary="resources that are created, read, listed, changed and deleted",
    passed="Read back what was written, by every way, and nothing else was changed",
    failed="Did not read back what was written, or changed something else",
    expected="what was written is read back, and a write changes what it names and nothing else",
    source="RFC 9110 sections 3.2 and 9.3",
    fix="Do what the finding states, for each fault has a fix of its own. In general, store every member that a write "
    "carries, for the resource that it names, and read all views from one state.",
    judge=judge_lifecycle,
    planned=lambda caller: (planned for kind in kinds(caller)[:MOST_KINDS] for planned in _planned(kind)),
)
