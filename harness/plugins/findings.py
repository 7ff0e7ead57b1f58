"""What one test observed: the findings it attached, and those that were refused, as properties of its reports."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Literal

import msgspec
from _pytest.outcomes import Failed  # pytest.fail.Exception, under the name mypy can follow

from harness.errors import FindingError
from harness.model import Finding, Level, Mode, Outcome, Waiver
from harness.readiness.finding_ids import told_apart
from harness.readiness.finding_intake import FINDING, PROBLEM, problem_property

if TYPE_CHECKING:
    from harness.context.run_context import RunContext
    from harness.reports.bounds import Kind

Property = tuple[str, object]
Category = Literal["", "waived", "warned", "same cause"]
"""What becomes of a test whose findings failed, and which does not fail for them; empty where none did."""


class FindingsFailed(Failed):
    """A test passed by its assertions, but something it attached failed."""


class Findings:
    """The findings of one test, redacted as they come in."""

    def __init__(
        self,
        run_context: RunContext,
        test: str,
        *,
        recorded: bool,
        origin: str = "",
        gate: bool = False,
        provider_counts: bool = True,
        shown: Counter[Kind] | None = None,
        late: list[tuple[bool, str]] | None = None,
    ) -> None:
        """``test`` is the node id; ``recorded`` marks what is seen as coming from a cassette.

        ``origin`` names the test in the same way in every run, whatever its mode.
        In a ``gate`` what only should hold fails no test: it is a warning of the report.
        Without ``provider_counts``, neither does what only the provider can correct. ``shown`` counts by kind the
        findings that the failures of earlier tests show. ``late`` takes what comes after `close`, in sentences.
        """
        self._context = run_context
        self._test = test
        self._origin = origin or test
        self._mode = Mode.RECORDED if recorded else Mode.LIVE
        self._provider_counts = provider_counts
        self._all: list[Finding] = []
        self._refused: list[FindingError] = []
        self._unsent: list[Finding | Property] = []
        self._sent: set[Property] = set()
        self._judged = 0
        self._gate = gate
        self._shown = Counter() if shown is None else shown
        self._late = [] if late is None else late
        self._closed = False
        self.category: Category = ""
        """Of the phase that `failure` judged last."""

    def add(self, finding: Finding, *, recorded: bool = False) -> None:
        """Attach one finding; a failing one fails the test. ``recorded`` marks it as about a recording in any mode.

        Raises `FindingError` for what cannot enter the report; that fails the test even where it is caught.
        """
        try:
            admitted = self._context.admission.admit(finding, self._test, origin=self._origin)
        except FindingError as exc:
            self._refuse(exc)
            raise
        if self._closed:
            self._note_late(admitted)
            raise FindingError(self._late[-1][1])
        same = [f for f in self._all if admitted.id and f.id == admitted.id]
        if finding.id == "" and any(f.summary != admitted.summary for f in same):
            admitted = told_apart(admitted, self._origin)
        admitted = msgspec.structs.replace(
            admitted,
            reproduce=admitted.reproduce or self._context.reproduce(self._test),
            test=self._test,
            mode=Mode.RECORDED if recorded else self._mode,
        )
        self._all.append(admitted)
        self._unsent.append(admitted)

    def extend(self, findings: Iterable[Finding]) -> None:
        """Attach several findings."""
        for finding in findings:
            self.add(finding)

    def require(self, item_id: str) -> None:
        """Raise `FindingError`, which becomes a problem in the report, unless ``item_id`` is on the checklist."""
        try:
            self._context.admission.require(item_id, self._test)
        except FindingError as exc:
            self._refuse(exc)
            raise

    def take(self, properties: Iterable[Property]) -> None:
        """Attach what the test itself put among its properties under the name of a finding, as if by `add`."""
        for foreign in properties:
            try:
                found = self._context.admission.admit_json(foreign[1], self._test, origin=self._origin)
            except FindingError as exc:
                self._refuse(exc)
            else:
                self.add(found)

    def is_own(self, entry: Property) -> bool:
        """Whether a property of the test is one that `properties` returned, or none of a finding at all."""
        return entry[0] not in (FINDING, PROBLEM) or entry in self._sent

    def known(self, item_ids: Iterable[str]) -> list[str]:
        """Return those of ``item_ids`` that are on the checklist."""
        return [i for i in item_ids if i in self._context.checklist.ids]

    @property
    def items(self) -> set[str]:
        """Ids of the items that findings were attached for."""
        return {f.item for f in self._all}

    def failure(self) -> str:
        """Return why the test must fail by what was attached since the last call; empty when it need not.

        What a live waiver covers is no reason, in a gate neither is what only should hold, nor what is one finding with
        that of an earlier test; `category` has which of them there was.
        """
        from harness.core.shown_text import visible
        from harness.readiness.one_cause import is_shown_once
        from harness.reports.bounds import failure_lines, kind

        fresh, self._judged = self._all[self._judged :], len(self._all)
        refused, self._refused = self._refused, []
        failed = [f for f in fresh if f.outcome in (Outcome.FAIL, Outcome.ERROR) and not f.note]
        waived = [f for f in failed if self._is_waived(f)]
        weak = [f for f in failed if f not in waived and self._only_warns(f)]
        bad = [f for f in failed if f not in waived and f not in weak]
        failed_before = ("failed", self._test)  # a test that is run again fails again
        again = [f for f in bad if is_shown_once(f) and self._shown[kind(f)] and not self._shown[failed_before]]
        bad = [f for f in bad if f not in again]
        if any(map(is_shown_once, bad)):
            self._shown[failed_before] += 1
        self.category = (
            "" if bad or refused else "same cause" if again else "warned" if weak else "waived" if waived else ""
        )
        return visible("\n".join([*map(str, refused), *failure_lines(bad, self._shown, self._lines)]))

    def properties(self, evidence_of: Callable[[Finding], Finding]) -> list[Property]:
        """Return, as properties of the test, what was attached or refused since the last call.

        ``evidence_of`` returns a finding as the evidence that it turned out to be, live or recorded.
        """
        unsent, self._unsent = self._unsent, []
        fresh = [(FINDING, evidence_of(f).to_json()) if isinstance(f, Finding) else f for f in unsent]
        self._sent.update(fresh)
        return fresh

    def close(self) -> None:
        """End the test: what is added from now on, by a thread that still runs, is an error of the run."""
        self._closed = True
        unsent, self._unsent = self._unsent, []
        for finding in unsent:
            if isinstance(finding, Finding):
                self._note_late(finding)

    def accepts_skip(self) -> bool:
        """Whether ``[target] skips`` declares that the test may be skipped."""
        from harness.readiness import skips
        from harness.readiness.evaluate import today

        return skips.declaration(self._test, self._context.config.target.skips, today()) is not None

    def _note_late(self, finding: Finding) -> None:
        text = (
            f"{self._test}: a finding about {finding.item} ({finding.outcome}) came after the test had ended, and is "
            f"in no item: {finding.summary}. Wait in the test for the thread that adds it."
        )
        self._late.append((finding.outcome is Outcome.FAIL, text))

    def _refuse(self, error: FindingError) -> None:
        self._refused.append(error)
        self._unsent.append(problem_property(error))

    def _is_waived(self, finding: Finding) -> bool:
        from harness.readiness.evaluate import today

        return any(today() <= w.expires for w in self._waivers(finding))

    def _waivers(self, finding: Finding) -> list[Waiver]:
        from harness.readiness.waivers import covering

        return covering(finding, self._context.config.waiver)

    def _only_warns(self, finding: Finding) -> bool:
        """Whether a finding is a warning at most: a vendor's, or in a gate by the level of its own or of its item."""
        from harness.readiness.vendor import is_difference

        item = next((i for i in self._context.checklist if i.id == finding.item), None)
        weak = self._gate and Level.SHOULD in (finding.level, item.level if item else None)
        return weak or (not self._provider_counts and is_difference(finding))

    def _lines(self, finding: Finding) -> Iterator[str]:
        from harness.reports.text import evidence

        yield f"{finding.item}: {finding.headline}"
        for waiver in self._waivers(finding):  # none is live
            yield (
                f"    waiver: that of {waiver.owner} expired on {waiver.expires}. Fix what it excuses, or renew it in "
                "harness.toml with a new reason."
            )
        yield from (textwrap.indent(f"{label}: {text.strip()}", "    ") for label, text in evidence(finding))
