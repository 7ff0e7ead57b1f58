"""What the fault server saw of one run of the client, and the timeline of its calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import msgspec

from harness.model import Attempt, CallMoment, Finding, Level, Outcome
from harness.model.config import Policy
from harness.resilience.client_process import ClientRun
from harness.resilience.fault_server import WRITES
from harness.resilience.sent_heads import SentHeads
from harness.resilience.workflow_operations import ClientOperation

SHOWN_ATTEMPTS = 12


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """One run of the client under the faults of a case."""

    attempts: Sequence[Attempt]
    """All requests, in order of arrival."""
    heads: SentHeads = msgspec.field(default_factory=lambda: SentHeads(bound="none", max_body=0))
    """The headers of all requests."""
    run: ClientRun
    policy: Policy
    operation: ClientOperation | None = None
    """The operation that met the faults; None where the first calls did, whichever they are."""
    undisturbed: Sequence[Attempt] = ()
    """The requests of the run without a fault."""
    label_of: Callable[[str, str], str] = "{} {}".format
    """Returns the label of the operation that a request of that method and target calls."""
    takes_key: Callable[[str, str], bool] = lambda *_: True
    """Returns whether a write of that method and target may carry an idempotency key."""

    @property
    def faulted(self) -> list[Attempt]:
        """The attempts of the call that the first fault hit.

        Once it was answered, a read that is the same is another call, and so is a write with another key.
        """
        hit = next((n for n, a in enumerate(self.attempts) if a.fault and self._is_aimed_at(a)), 0)
        found: list[Attempt] = []
        for attempt in self.attempts[hit:]:
            answered = bool(found) and is_answered(found[-1])
            if answered and attempt.method not in WRITES:
                break
            if same_call(attempt, self.attempts[hit], by_key=answered):
                found.append(attempt)
        return found

    def called(self, attempt: Attempt) -> str:
        """Return the label of the operation that a request calls."""
        return self.label_of(attempt.method, attempt.path)

    @property
    def is_met(self) -> bool:
        """Whether a call of the operation met a fault."""
        return any(a.fault and self._is_aimed_at(a) for a in self.attempts)

    def _is_aimed_at(self, attempt: Attempt) -> bool:
        return self.operation is None or self.called(attempt) == self.operation.label

    @property
    def gaps(self) -> list[float]:
        """Seconds between the attempts of the faulted call."""
        return [b.at - a.at for a, b in pairwise(self.faulted)]

    @property
    def must_repeat(self) -> bool:
        """Whether the client may be asked to repeat the call: it is safe, idempotent or keyed (RFC 9110, 9.2.2)."""
        return self.operation is None or self.operation.repeatable


Expectation = Callable[[Evidence], str]
"""Returns what is wrong, empty when the expectation holds."""


class OfTiming(str):
    """A complaint that a busy machine, or chance, may have caused: it counts only if more runs confirm it."""

    __slots__ = ()


class BeyondDefault(OfTiming):
    """A complaint about a limit that the user did not state, and so advice."""

    __slots__ = ()


def as_advised(finding: Finding, complaints: Sequence[str]) -> Finding:
    """Return a failure whose complaints are all advice as a recommendation, and every other finding as it is."""
    advised = bool(complaints) and all(isinstance(text, BeyondDefault) for text in complaints)
    failed = finding.outcome is Outcome.FAIL
    return msgspec.structs.replace(finding, level=Level.SHOULD) if failed and advised else finding


class Timed(msgspec.Struct, frozen=True):
    """An expectation of times, which shows how near to its limit they came."""

    complaint: Expectation
    margin: Expectation
    """Returns what was measured and what the limit is; empty where nothing was measured."""
    false_alarm: float = 0.0
    """How probably one run of a correct client is complained of, because its pauses depend on chance."""
    is_clear: Callable[[Evidence], bool] = lambda _: True
    """Whether what was measured is so far from the limit that no other run on the same machine decides."""

    def __call__(self, evidence: Evidence) -> str:
        """Return what is wrong."""
        return self.complaint(evidence)


def is_answered(attempt: Attempt) -> bool:
    """Whether the provider's own answer came, be it late."""
    return not attempt.fault or (attempt.status is not None and attempt.status < 300)


def same_call(a: Attempt, b: Attempt, *, by_key: bool) -> bool:
    """Whether two requests are attempts of one call: of equal content, or of one key; only that where it is asked for.

    So an attempt under a new key is still recognised.
    """
    if a.method != b.method:
        return False
    if a.key == b.key != "":
        return True
    return (a.path, a.body_digest) == (b.path, b.body_digest) and not (by_key and (a.key or b.key))


def moments(attempts: Sequence[Attempt]) -> tuple[CallMoment, ...]:
    """Return the first requests as a picture shows them."""
    found = []
    for attempt in attempts[:SHOWN_ATTEMPTS]:
        at = attempt.at - attempts[0].at
        found.append(
            CallMoment(
                at=round(at, 3),
                call=f"{attempt.method} {attempt.path}",
                met=attempt.fault or f"passed on, {attempt.status}",
                faulted=bool(attempt.fault),
                due=None if attempt.asked_s is None else round(at + max(0, attempt.asked_s), 3),
            )
        )
    return tuple(found)


def timeline(attempts: Sequence[Attempt]) -> str:
    """Return the requests and the faults applied to them, in seconds since the first request."""
    shown = [
        f"+{a.at - attempts[0].at:.2f} s {a.method} {a.path} {a.fault or f'passed on, {a.status}'}"
        for a in attempts[:SHOWN_ATTEMPTS]
    ]
    more = [f"and {len(attempts) - SHOWN_ATTEMPTS} more"] if len(attempts) > SHOWN_ATTEMPTS else []
    return ", ".join([*shown, *more])
