"""What one test observed: the findings it attached, and those that were refused, as properties of its reports."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import msgspec
from _pytest.outcomes import Failed  # pytest.fail.Exception, under the name mypy can follow

from harness.errors import FindingError
from harness.model import Finding, Mode, Outcome
from harness.readiness.finding_intake import FINDING, PROBLEM, problem_property

if TYPE_CHECKING:
    from harness.context.run_context import RunContext

Property = tuple[str, object]


class FindingsFailed(Failed):
    """A test passed by its assertions, but something it attached failed."""


class Findings:
    """The findings of one test, redacted as they come in."""

    def __init__(self, run_context: RunContext, test: str, *, recorded: bool, provider_counts: bool = True) -> None:
        """``test`` is the node id; ``recorded`` marks what is seen as coming from a cassette.

        Without ``provider_counts``, what only the provider can correct does not fail the test.
        """
        self._context = run_context
        self._test = test
        self._mode = Mode.RECORDED if recorded else Mode.LIVE
        self._provider_counts = provider_counts
        self._all: list[Finding] = []
        self._refused: list[FindingError] = []
        self._unsent: list[Property] = []
        self._sent: set[Property] = set()
        self._judged = 0

    def add(self, finding: Finding, *, recorded: bool = False) -> None:
        """Attach one finding; a failing one fails the test. ``recorded`` marks it as about a recording in any mode.

        Raises `FindingError` for what cannot enter the report; that fails the test even where it is caught.
        """
        try:
            admitted = self._context.admission.admit(finding, self._test)
        except FindingError as exc:
            self._refuse(exc)
            raise
        admitted = msgspec.structs.replace(
            admitted,
            reproduce=admitted.reproduce or self._context.reproduce(self._test),
            test=self._test,
            mode=Mode.RECORDED if recorded else self._mode,
        )
        self._all.append(admitted)
        self._unsent.append((FINDING, admitted.to_json()))

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
                found = self._context.admission.admit_json(foreign[1], self._test)
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
        """Return why the test must fail by what was attached since the last call; empty when it need not."""
        from harness.readiness.evaluate import today
        from harness.readiness.vendor import is_difference
        from harness.readiness.waivers import excused

        fresh, self._judged = self._all[self._judged :], len(self._all)
        refused, self._refused = self._refused, []
        counted = (excused(f, self._context.config.waiver, today()) for f in fresh)
        bad = [f for f in counted if f.outcome in (Outcome.FAIL, Outcome.ERROR)]
        bad = [f for f in bad if self._provider_counts or not is_difference(f)]
        return "\n".join([*map(str, refused), *(line for f in bad for line in _lines(f))])

    def properties(self) -> list[Property]:
        """Return, as properties of the test, what was attached or refused since the last call."""
        fresh, self._unsent = self._unsent, []
        self._sent.update(fresh)
        return fresh

    def _refuse(self, error: FindingError) -> None:
        self._refused.append(error)
        self._unsent.append(problem_property(error))


def _lines(finding: Finding) -> Iterator[str]:
    from harness.reports.text import evidence

    yield f"{finding.item}: {finding.headline}"
    yield from (textwrap.indent(f"{label}: {text.strip()}", "    ") for label, text in evidence(finding))
