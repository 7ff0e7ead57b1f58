"""What fuzzing came to, as findings: of one operation, and of the chains of linked ones."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from harness.fuzzing.defect_fixes import FIXES
from harness.fuzzing.defect_store import DefectStore
from harness.fuzzing.defects import Defect, smaller
from harness.fuzzing.session import FuzzSession
from harness.fuzzing.unserved import as_unserved
from harness.model import Check, Finding, Outcome
from harness.model.cause import level_of


class FuzzSubject(msgspec.Struct, frozen=True, kw_only=True):
    """What is fuzzed, and the words for it."""

    check: Check
    title: str
    case: str
    requests: str = "generated requests"
    """What is sent."""
    nothing: str = "no generated request could be sent"
    unheard: str = "the provider did not answer while it was fuzzed"

    def finding(self, outcome: Outcome, summary: str, observed: str) -> Finding:
        """Return a finding of the subject as a whole."""
        return self.check.finding(outcome, observed, summary=f"{self.title}: {summary}", case=self.case)

    def error(self, summary: str, observed: str) -> Finding:
        """Return a finding that something could not be tried."""
        expected = "a description that requests can be made from, and a provider that answers them"
        summary = f"{self.title}: {summary}"
        return self.check.finding(Outcome.ERROR, observed, summary=summary, expected=expected, case=self.case)


def findings_of(session: FuzzSession, subject: FuzzSubject, store: DefectStore, observed: str) -> Iterator[Finding]:
    """Yield a finding for each defect, or one that there is none; ``observed`` is how to repeat that.

    The example shown is the smallest that was ever stored.
    """
    if session.unheard:
        yield subject.error(subject.unheard, session.unheard)
    found = [
        defect_finding(smaller(defect, store.get(defect.id) or defect), subject.check, session.client.base_url)
        for defect in session.shown
    ]
    if session.watch is not None and session.watch.unserved:
        yield from map(as_unserved, found)
        yield from [] if found else [session.watch.finding(session.stored(session.watch.last), session.client.base_url)]
        return
    yield from found
    bad = any(not f.note for f in found)
    if bad and session.left_out:
        yield subject.finding(Outcome.NOT_APPLICABLE, "not all requests were sent", observed)
    if bad or session.unheard:
        return
    if session.answered:
        yield subject.finding(Outcome.PASS, f"{session.answered} {subject.requests}, no violation", observed)
    else:
        yield subject.error(subject.nothing, observed)


def defect_finding(defect: Defect, check: Check, base_url: str) -> Finding:
    """Return the finding of ``check`` that a person acts on."""
    before = "".join(f"before: {step.curl(base_url)}\n" for step in defect.steps[:-1])
    found = check.finding(
        Outcome.FAIL,
        f"{defect.answer}\n{before}request: {defect.steps[-1].curl(base_url)}\n{defect.message}",
        summary=f"{defect.operation}: {defect.title} ({defect.id})",
        expected=f"{defect.excerpt.pointer}: {defect.excerpt.text}",
        reproduce=f"harness fuzz --replay {defect.id}",
        source=f"the spec at {defect.excerpt.pointer}; check {defect.check}",
        case=defect.operation,
    )
    level = max(check.level, level_of(defect.shared_cause))  # `should` is the greater
    named = {"id": defect.id, "subject": defect.operation, "cause": defect.shared_cause, "note": defect.note}
    fix = FIXES.get(defect.check, check.fix)
    return msgspec.structs.replace(found, **named, level=level, aliases=defect.aliases, fix=fix)
