"""The id of each finding that may be waived, from what is the same in every run and on every machine."""

from __future__ import annotations

import msgspec

from harness.core.stable_text import stable
from harness.model import Finding, Outcome
from harness.model.finding import EXCUSABLE, stable_id


def identified(finding: Finding, origin: str) -> Finding:
    """Return a finding with an id; one that passed, or does not apply, or has an id already, as it is.

    The id of a check's finding comes from its item, check, case, subject and cause. That of a finding without a check
    is one of your own test: it depends on ``origin`` too, the test without the mode it runs in. Where a finding names
    neither case nor cause, its summary, without what changes from run to run, stands for the cause. What could not be
    checked has another id than what failed: who accepts the one has not accepted the other.
    """
    if finding.id or finding.outcome not in EXCUSABLE:
        return finding
    return msgspec.structs.replace(finding, id=_id(finding, origin, stable(finding.summary)))


def told_apart(finding: Finding, origin: str) -> Finding:
    """Return a finding with another id than that of `identified`, where another finding of its test has that one."""
    return msgspec.structs.replace(finding, id=_id(finding, origin, finding.summary, always=True))


def _id(finding: Finding, origin: str, summary: str, *, always: bool = False) -> str:
    check = f"{finding.item}/{finding.check}" if finding.check else f"{finding.item} of {origin}"
    subject = "\n".join(filter(None, (finding.case, finding.subject)))
    cause = finding.cause or ("" if finding.case else summary)
    if finding.outcome is not Outcome.FAIL:
        cause = f"{finding.outcome}\n{cause}"
    return stable_id(subject, check, f"{cause}\n{summary}" if always else cause)
