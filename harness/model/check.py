"""A check: one row of any kind, with the item of the checklist that it verifies and the words of its findings."""

from __future__ import annotations

import msgspec

from harness.model.finding import Finding, FixedBy, Level, Outcome, stable_id

Judgement = tuple[Outcome, str]
"""An outcome, and what was observed."""

_OTHERWISE = {
    Outcome.ERROR: "could not be judged",
    Outcome.NOT_RUN: "not checked",
    Outcome.NOT_APPLICABLE: "not applicable",
    Outcome.WAIVED: "waived",
}
"""How a sentence ends about what neither passed nor failed."""


def passes_if(holds: bool, observed: str) -> Judgement:  # noqa: FBT001 - reads as a sentence
    """Return the judgement of what was observed, where it decides alone."""
    return (Outcome.PASS if holds else Outcome.FAIL), observed


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """What is checked, what is expected, and how to fix a failure; rooms derive their rows from it."""

    id: str
    """Unique among the checks of its item."""
    item: str
    """Item of the checklist that it verifies."""
    level: Level = Level.MUST
    level_of_fail: Level | None = None
    """Level of a failure, where to fail weighs more than not to be checked; by default that of the row."""
    fixed_by: FixedBy = FixedBy.INTEGRATION
    """Who can correct what it finds."""
    summary: str
    """What is checked, in a few words."""
    passed: str
    """The sentence for a pass, without its full stop: "Refused a signature cut by four characters"."""
    failed: str
    """The sentence for a fail, also without: "Accepted a signature cut by four characters"."""
    expected: str
    source: str
    """Where the expectation comes from: an RFC section, a vendor's page, a CVE."""
    fix: str
    """What to do when it fails, in terms that suit any programming language."""
    alone: bool = False
    """Whether nothing may run beside it, because it judges short times."""

    @property
    def levels(self) -> str:
        """Its level in words, with that of a failure where they differ."""
        return f"{self.level}, {self.level_of_fail} if it fails" if self.level_of_fail else self.level.value

    @property
    def key(self) -> str:
        """Its name among all checks: ``webhooks.signatures/truncated``."""
        return f"{self.item}/{self.id}"

    @property
    def failure_id(self) -> str:
        """Id of its failure: also of one whose finding names a cause that other checks show too."""
        return stable_id(self.id, self.key, "")

    def sentence(self, outcome: Outcome) -> str:
        """Return the line that a person reads first."""
        own = {Outcome.PASS: self.passed, Outcome.FAIL: self.failed}
        return own.get(outcome) or f"{self.summary[:1].upper()}{self.summary[1:]}: {_OTHERWISE[outcome]}"

    def finding(
        self,
        outcome: Outcome,
        observed: str,
        *,
        summary: str = "",
        expected: str = "",
        reproduce: str = "",
        request: str = "",
        source: str = "",
        case: str | None = None,
        subject: str = "",
        cause: str = "",
    ) -> Finding:
        """Return the finding of one observation; the fix is given where it failed.

        ``summary``, ``expected`` and ``source`` replace those of the row where an observation is more specific;
        ``case`` distinguishes several findings of one row, and is the row's id by default. Where it is empty,
        ``subject`` and ``cause`` do, and contain nothing that changes from run to run.
        """
        return Finding(
            item=self.item,
            outcome=outcome,
            summary=summary or self.sentence(outcome),
            expected=expected or self.expected,
            observed=observed,
            reproduce=reproduce,
            request=request,
            fix=self.fix if outcome is Outcome.FAIL else "",
            source=source or self.source,
            level=(self.level_of_fail if outcome is Outcome.FAIL else None) or self.level,
            fixed_by=self.fixed_by,
            check=self.id,
            case=self.id if case is None else case,
            subject=subject,
            cause=cause,
        )
