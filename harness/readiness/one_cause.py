"""Findings of one cause are one in the report, whichever operations, deliveries, examples and checks show it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from harness.core.names import first_of
from harness.model import Finding, FixedBy, Outcome, stable_id
from harness.model.cause import OF_RECEIVER, UNCHECKED, of_group, own_crash, rank
from harness.model.finding import UNSERVED_CHECK, Member
from harness.model.spec_coverage import CLIENT_RUNS, Coverage
from harness.webhooks.receiver_causes import of_one_check

_COUNTED = (Outcome.FAIL, Outcome.WAIVED)
_ITS_OWN = ("scenarios", "cassettes", CLIENT_RUNS)
"""Sources of coverage that are the integration's calls, and not those of checks."""
FIRST = 5
"""Operations that the summary names."""
_WAIVED = "; waived by "
"""Begins what a waiver adds to a summary."""


def cause_id(finding: Finding) -> str:
    """Return the id of the one finding that a finding becomes part of; empty for one that remains by itself."""
    if is_unserved(finding):
        return stable_id("", f"{finding.item}/{finding.check}", "")
    shared = finding.is_shared or is_of_receiver(finding)
    return of_group(finding.item, finding.cause) if shared else ""


def is_shown_once(finding: Finding) -> bool:
    """Whether one test that fails shows it for all of its cause."""
    return is_unserved(finding) or is_of_receiver(finding)


def is_of_receiver(finding: Finding) -> bool:
    """Whether a finding is about what the receiver does to a delivery for a cause that other deliveries may share."""
    return bool(finding.id and finding.check) and finding.cause.startswith(OF_RECEIVER.begins)


def is_unserved(finding: Finding) -> bool:
    """Whether a finding is about an operation that the server does not have."""
    return finding.check == UNSERVED_CHECK and bool(finding.id)


def attributed(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings, with what is wrong at an operation which the server does not have put down to that.

    Chains and other calls of the same item meet such an operation too; their ids remain. What accepts calls without a
    credential accepts wrong ones for the same reason; and what processes signed garbage fails on other garbage.
    """
    findings = of_one_check(_of_one_hole(list(findings)))
    causes = {(f.item, f.subject): f for f in findings if f.check == UNSERVED_CHECK and f.outcome in _COUNTED}
    found = ((f, causes.get((f.item, f.subject))) for f in findings)
    return [_put_down(f, cause) if cause is not None and _is_part(f) else f for f, cause in found]


def _of_one_hole(findings: list[Finding]) -> list[Finding]:
    """Return findings; of accepted calls without the right credential, each operation has one cause."""
    holes: dict[tuple[str, str], int] = {}
    for finding in findings:
        if finding.cause in UNCHECKED and finding.outcome in _COUNTED:
            place = finding.item, finding.subject
            holes[place] = min(holes.get(place, len(UNCHECKED)), UNCHECKED.index(finding.cause))
    return [
        msgspec.structs.replace(f, cause=UNCHECKED[holes[f.item, f.subject]])
        if f.cause in UNCHECKED and f.outcome in _COUNTED
        else f
        for f in findings
    ]


def marked(findings: Iterable[Finding], coverage: Coverage | None) -> Iterator[Finding]:
    """Yield findings, marked where they are about an operation that the integration itself calls."""
    operations = coverage.operations if coverage else ()
    called = {o.operation for o in operations if any(s.name in _ITS_OWN and s.statuses for s in o.sources)}
    for finding in findings:
        is_called = finding.is_of_provider and finding.subject in called
        yield msgspec.structs.replace(finding, called=(finding.subject,)) if is_called else finding


def without_notes(findings: Iterable[Finding]) -> tuple[list[Finding], list[Finding]]:
    """Return the findings that decide about their item, and the notes."""
    findings = list(findings)
    return [f for f in findings if not f.note], [f for f in findings if f.note]


def joined(findings: Sequence[Finding]) -> list[Finding]:
    """Return findings of one item that `attributed` returned, where those of one cause are one with all their ids."""
    groups: dict[tuple[object, ...], list[Finding]] = {}
    found: list[list[Finding]] = []
    for finding in findings:
        if finding.outcome not in _COUNTED or not cause_id(finding):
            found.append([finding])
            continue
        level = "" if is_of_receiver(finding) else finding.level  # one whose deliveries are of both has the worse
        key = (cause_id(finding), finding.outcome, level, finding.mode, _waiver(finding))
        if key not in groups:
            found.append(groups.setdefault(key, []))
        groups[key].append(finding)
    return [_one(alike) if len(alike) > 1 or is_unserved(alike[0]) else alike[0] for alike in found]


def order(finding: Finding) -> tuple[object, ...]:
    """Return what orders findings of one outcome: requirements first, so that summary, fix and command are of one.

    What the integration calls comes before the rest, then crashes and broken schemas, then what stands for many.
    """
    worst = rank(finding.cause) if finding.is_of_provider else 0
    many = not finding.operations
    return finding.level, not finding.called, worst, many, finding.test, finding.case, finding.mode


def _is_part(finding: Finding) -> bool:
    return finding.fixed_by is FixedBy.PROVIDER and finding.outcome in _COUNTED and bool(finding.id)


def _put_down(finding: Finding, cause: Finding) -> Finding:
    return msgspec.structs.replace(finding, check=cause.check, cause=cause.cause, fix=cause.fix)


def _waiver(finding: Finding) -> str:
    """Return what a waiver added to the summary; empty for a finding that is not waived."""
    _, separator, text = finding.summary.partition(_WAIVED)
    return separator + text if finding.outcome is Outcome.WAIVED else ""


def _one(findings: Sequence[Finding]) -> Finding:
    """Return one finding for several; evidence and command are those of the first."""
    findings = sorted(findings, key=lambda f: (not f.called, f.level if is_of_receiver(f) else ""))
    first, named = findings[0], cause_id(findings[0])
    operations = _operations(findings)
    number = f"{len(operations)} operation{'' if len(operations) == 1 else 's'}"
    if is_unserved(first):
        summary = f"The server does not have {number} of the spec: {first_of(operations)} ({named}){_waiver(first)}"
    elif is_of_receiver(first):
        summary = (
            f"{first.cause}, at {len(findings)} deliveries: {first_of(operations, FIRST)} ({named}){_waiver(first)}"
        )
    elif len(operations) == 1:
        where = "" if own_crash(first.cause, operations[0]) else f": {operations[0]}"
        summary = f"{first.cause}{where} ({named}){_waiver(first)}"
    else:
        summary = f"{first.cause}, at {number}: {first_of(operations, FIRST)} ({named}){_waiver(first)}"
    return msgspec.structs.replace(
        first,
        summary=summary,
        subject="",
        case=UNSERVED_CHECK if is_unserved(first) else first.case,
        id=named,
        operations=() if is_of_receiver(first) else operations,
        ids=tuple(dict.fromkeys(f.id for f in findings)),
        aliases=tuple(dict.fromkeys(alias for f in findings for alias in f.aliases)),
        members=tuple(map(_member, findings)),
        called=tuple(dict.fromkeys(label for f in findings for label in f.called)),
    )


def _operations(findings: Iterable[Finding]) -> tuple[str, ...]:
    """Return where findings were seen, without paths of which an operation is among them."""
    subjects = dict.fromkeys(f.subject for f in findings)
    paths = {subject.partition(" ")[2] for subject in subjects}
    return tuple(subject for subject in subjects if subject not in paths)


def _member(finding: Finding) -> Member:
    return Member(
        id=finding.id,
        check=finding.check,
        subject=finding.subject,
        observed=finding.observed,
        reproduce=finding.reproduce,
    )
