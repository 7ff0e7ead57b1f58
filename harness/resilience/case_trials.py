"""How one case is judged: of each operation by as many runs as it takes, then of all operations in one finding."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from math import comb

import msgspec

from harness.core.names import first_of
from harness.model import CallMoment, Check, Finding, Outcome
from harness.resilience.client_case import ClientCase
from harness.resilience.client_evidence import Evidence, OfTiming, Timed, as_advised, moments, timeline

_TIME = re.compile(r"\d{1,9}\.\d{1,9} s")
UNMET_RUNS = 3
"""Runs in which a call has to appear, before it is taken for one that the workflow makes no more."""


class Repeats(msgspec.Struct, frozen=True):
    """How often what may be chance is tried, and how many of the runs must fail."""

    runs: int
    failures: int

    def undecided(self, failed: int, tried: int) -> bool:
        """Whether one more run can decide."""
        return failed < self.failures and tried - failed <= self.runs - self.failures

    def false_alarm(self, probability: float) -> float:
        """Return how probably a correct client fails, of which one run fails with that probability."""
        ways = range(self.failures, self.runs + 1)
        return sum(comb(self.runs, k) * probability**k * (1 - probability) ** (self.runs - k) for k in ways)


NOISE = Repeats(3, 2)
"""Of what a busy machine may cause: pass needs two of three."""
CHANCE = Repeats(5, 4)
"""Of what the client's own jitter may cause."""


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """What a case found at one operation."""

    label: str
    outcome: Outcome
    complaint: str = ""
    observed: str
    moments: tuple[CallMoment, ...] = ()
    complaints: tuple[str, ...] = ()
    """The parts of the complaint."""
    brief: str = ""
    """Of a pass: how many attempts there were, and what was measured."""
    is_clear: bool = True
    """Whether what was measured is far from every limit."""


def tried(case: ClientCase, label: str, run: Callable[[int], tuple[Evidence, Sequence[str]]]) -> Tried:
    """Judge a case at one operation; ``run`` returns the run of a number, and why calls could not be passed on."""
    evidence, errors = run(0)
    for number in range(1, UNMET_RUNS):
        if _met(case, evidence) or errors:
            break
        evidence, errors = run(number)
    if error := _untried(case, evidence, errors, label):
        return Tried(label=label, outcome=Outcome.ERROR, observed=f"{error}. {_seen(evidence)}")
    found = _complaints(case, evidence)
    if found and all(isinstance(text, OfTiming) for _, text in found):
        return _repeated(case, label, evidence, run)
    return _judged(case, label, evidence, found)


def passed_beside(case: ClientCase, label: str, evidence: Evidence) -> Tried | None:
    """Return the pass of one operation in a run in which others met the faults too; None where it proves none.

    Only a workflow that succeeded shows that the client recovered at another one.
    """
    others = any(a.fault and evidence.called(a) != label for a in evidence.attempts)
    if not evidence.is_met or (others and not evidence.run.succeeded) or _complaints(case, evidence):
        return None
    return _judged(case, label, evidence, [])


def _judged(case: ClientCase, label: str, evidence: Evidence, found: Sequence[tuple[object, str]]) -> Tried:
    outcome = Outcome.FAIL if found else Outcome.PASS
    complaint = "; ".join(text for _, text in found)
    margins = "" if found else _margins(case, evidence)
    parts = filter(None, (complaint, timeline(evidence.attempts), evidence.run.ended, margins))
    attempts = len(evidence.faulted)
    brief = ", ".join(filter(None, (f"{attempts} attempt{'' if attempts == 1 else 's'}", margins)))
    return Tried(
        label=label,
        outcome=outcome,
        complaint=complaint,
        observed=". ".join(parts),
        moments=moments(evidence.attempts),
        complaints=tuple(text for _, text in found),
        brief=brief,
        is_clear=all(timed.is_clear(evidence) for timed in _timed(case)),
    )


def finding_of(
    case: ClientCase, all_tried: Sequence[Tried], *, unmet: Sequence[str] = (), reproduce: str = ""
) -> Finding:
    """Return the one finding of a case: it fails at some operations, could not be tried at some, or passes at all.

    ``unmet`` are operations that it concerns and did not meet, because there are too many.
    """
    failed = [t for t in all_tried if t.outcome is Outcome.FAIL]
    shown = failed or [t for t in all_tried if t.outcome is Outcome.ERROR] or list(all_tried)
    outcome = shown[0].outcome
    several = len(all_tried) > 1
    seen = [t.brief if several and outcome is Outcome.PASS else t.observed for t in shown]
    observed = ". ".join(f"{t.label}: {text}" if several else text for t, text in zip(shown, seen, strict=True))
    observed += not_met(len(all_tried), unmet)
    summary = f"{case.sentence(outcome)}: {_where(failed, several=several)}" if failed else ""
    found = case.finding(outcome, observed, summary=summary, reproduce=reproduce)
    found = as_advised(found, [text for t in failed for text in t.complaints])
    return msgspec.structs.replace(found, timeline=failed[0].moments) if failed else found


def not_met(tried: int, unmet: Sequence[str]) -> str:
    """Return a sentence about the operations that come after the first ones, which were ``tried``; empty for none."""
    return f". Not met, beyond the first {tried} operations: {len(unmet)} ({first_of(unmet)})" if unmet else ""


def _where(failed: Sequence[Tried], *, several: bool) -> str:
    """Return each complaint once, however its times differ, with the operations that it is about."""
    alike: dict[str, list[Tried]] = {}
    for t in failed:
        alike.setdefault(_TIME.sub("", t.complaint), []).append(t)
    return "; ".join(
        f"{found[0].complaint} ({', '.join(t.label for t in found)})" if several else found[0].complaint
        for found in alike.values()
    )


def _met(case: ClientCase, evidence: Evidence) -> bool:
    return not case.faults or case.each_write or any(a.fault for a in evidence.attempts)


def _untried(case: ClientCase, evidence: Evidence, errors: Sequence[str], label: str) -> str:
    """Return why a case could not be tried."""
    if not evidence.attempts:
        return f"the client never called the fault server; {evidence.run.ended}: {evidence.run.tail}"
    if errors:
        return errors[0]
    if _met(case, evidence):
        return ""
    return (
        f"the workflow called {label} without a fault, and not in {UNMET_RUNS} runs more: "
        "let it make the same calls each time"
    )


def _seen(evidence: Evidence) -> str:
    return ". ".join(filter(None, (timeline(evidence.attempts), evidence.run.ended)))


def _complaints(case: ClientCase, evidence: Evidence) -> list[tuple[object, str]]:
    return [(expects, text) for expects in case.expectations if (text := expects(evidence))]


def _margins(case: ClientCase, evidence: Evidence) -> str:
    return "; ".join(dict.fromkeys(text for expects in _timed(case) if (text := expects.margin(evidence))))


def _timed(case: ClientCase) -> list[Timed]:
    return [expects for expects in case.expectations if isinstance(expects, Timed)]


def _repeated(
    case: ClientCase, label: str, first: Evidence, run: Callable[[int], tuple[Evidence, Sequence[str]]]
) -> Tried:
    """Repeat a run that failed for its times alone, and show every run."""
    probability = max(
        (e.false_alarm for e, _ in _complaints(case, first) if isinstance(e, Timed)),
        default=0.0,
    )
    rule = CHANCE if probability else NOISE
    runs = [(first, _complaints(case, first))]
    while rule.undecided(failed := sum(bool(found) for _, found in runs), len(runs)):
        evidence, _ = run(len(runs))
        runs.append((evidence, _complaints(case, evidence)))
    outcome = Outcome.FAIL if failed >= rule.failures else Outcome.PASS
    shown = [
        f"run {number}: {'; '.join(text for _, text in found) or _margins(case, evidence)}. {_seen(evidence)}"
        for number, (evidence, found) in enumerate(runs, 1)
    ]
    complaint = "; ".join(text for _, text in runs[0][1])
    if outcome is Outcome.FAIL and probability:
        shown.append(f"full jitter does so by chance once in {1 / rule.false_alarm(probability):,.0f} times")
    counted = f"{complaint} ({failed} of {len(runs)} runs)"
    observed = ". ".join([counted, *shown])
    return Tried(
        label=label,
        outcome=outcome,
        complaint=counted,
        observed=observed,
        moments=moments(first.attempts),
        complaints=tuple(text for _, found in runs for _, text in found),
        brief=observed,
        is_clear=False,
    )


def not_applicable(case: Check, why: str) -> Finding:
    """Return the finding of a case that does not apply to clients of this provider."""
    return case.finding(Outcome.NOT_APPLICABLE, "", summary=f"{case.sentence(Outcome.NOT_APPLICABLE)}: {why}")
