"""Findings of one cause that are one finding in the report: those of all operations that the server does not have."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from harness.core.names import first_of
from harness.model import Finding, FixedBy, Outcome, stable_id
from harness.model.finding import UNSERVED_CHECK

_COUNTED = (Outcome.FAIL, Outcome.WAIVED)
_WAIVED = "; waived by "
"""Begins what a waiver adds to a summary."""


def cause_id(finding: Finding) -> str:
    """Return the id of the one finding that a finding becomes part of; empty for one that remains by itself."""
    if finding.check != UNSERVED_CHECK or not finding.id:
        return ""
    return stable_id("", f"{finding.item}/{finding.check}", "")


def attributed(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings, with what is wrong at an operation which the server does not have put down to that.

    Chains and other calls of the same item meet such an operation too; their ids remain.
    """
    findings = list(findings)
    causes = {(f.item, f.subject): f for f in findings if f.check == UNSERVED_CHECK and f.outcome in _COUNTED}
    found = ((f, causes.get((f.item, f.subject))) for f in findings)
    return [_put_down(f, cause) if cause is not None and _is_part(f) else f for f, cause in found]


def joined(findings: Sequence[Finding]) -> list[Finding]:
    """Return findings of one item that `attributed` returned, where those of one cause are one with all their ids."""
    groups: dict[tuple[object, ...], list[Finding]] = {}
    found: list[list[Finding]] = []
    for finding in findings:
        if finding.outcome not in _COUNTED or not cause_id(finding):
            found.append([finding])
            continue
        key = (finding.outcome, finding.level, finding.mode, _waiver(finding))
        if key not in groups:
            found.append(groups.setdefault(key, []))
        groups[key].append(finding)
    return [_one(alike) if cause_id(alike[0]) else alike[0] for alike in found]


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
    named = cause_id(findings[0])
    operations = tuple(dict.fromkeys(f.subject for f in findings))
    number = f"{len(operations)} operation{'' if len(operations) == 1 else 's'} of the spec"
    summary = f"The server does not have {number}: {first_of(operations)} ({named}){_waiver(findings[0])}"
    return msgspec.structs.replace(
        findings[0],
        summary=summary,
        subject="",
        case=UNSERVED_CHECK,
        id=named,
        operations=operations,
        ids=tuple(dict.fromkeys(f.id for f in findings)),
    )
