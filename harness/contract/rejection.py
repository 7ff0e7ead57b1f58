"""Calls without the right credential: every secured operation must refuse them, whatever else is right about them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cached_property
from typing import NamedTuple

import msgspec

from harness.contract.accepted_calls import ADDS
from harness.contract.caller import Caller
from harness.contract.credential_forms import Credential, first_half
from harness.contract.credentials import MOST_READS, Secured, in_words, status_of, succeeded
from harness.contract.malformed_credentials import MALFORMED, MOST_OPERATIONS, MalformedCall, forms_for, judge_malformed
from harness.contract.operation_credentials import Parts, WrongHeaders, altered, beside
from harness.contract.path_resolver import PathResolver
from harness.contract.promise import MOST_NAMED
from harness.contract.unusual_requests import judge_unusual
from harness.core.names import first_of
from harness.errors import ProbeError
from harness.http.credential_state import REFUSALS
from harness.http.message import SAFE_METHODS
from harness.http.provider_client import SendResult
from harness.model import Check, Finding, FixedBy, Outcome
from harness.model.cause import SERVER_ERROR, UNCHECKED
from harness.openapi.examples import valid_bodies
from harness.openapi.operation import Operation

REJECTS = "auth.rejects"


class CredentialCase(Check, frozen=True, kw_only=True):
    """One way to call without the right credential."""

    item: str = REJECTS
    fixed_by: FixedBy = FixedBy.PROVIDER
    expected: str = "HTTP 401 or 403"
    source: str = "RFC 9110 sections 15.5.2 and 15.5.4"
    fix: str = "Check the credential before anything else is done, on every operation that the spec secures."
    accepted: str
    """The cause where such a call succeeds."""
    headers: Callable[[Credential], dict[str, str]]


CASES: tuple[CredentialCase, ...] = (
    CredentialCase(
        id="none",
        summary="no credential",
        passed="Refused calls without a credential",
        failed="Did not refuse a call without a credential",
        accepted=UNCHECKED[0],
        headers=lambda _: {},
    ),
    CredentialCase(
        id="wrong",
        summary="a wrong credential",
        passed="Refused calls with a wrong credential",
        failed="Did not refuse a call with a wrong credential",
        accepted=UNCHECKED[1],
        headers=lambda c: {c.header: c.written(c.wrong())},
    ),
    CredentialCase(
        id="truncated",
        summary="the first half of the right credential",
        passed="Refused calls with half of the credential",
        failed="Did not refuse a call with half of the credential",
        accepted=UNCHECKED[2],
        headers=lambda c: {c.header: c.written(first_half(c.secret()))},
    ),
)


class SecuredCalls:
    """Calls of the secured operations, at real resources where any are known."""

    def __init__(self, secured: Secured, caller: Caller, explore: Callable[[], object] = lambda: None) -> None:
        """``explore`` creates and reads what can be, with the right credential, so that ``caller`` learns of it."""
        self.secured = secured
        self.caller = caller
        self._resolver = PathResolver(caller)
        self._explore = explore
        self._explored = False

    @cached_property
    def operations(self) -> list[Operation]:
        """Those that may be called."""
        guard = self.secured.client.guard
        return [o for o in self._all if guard is None or o.label in guard.labels]

    @cached_property
    def _all(self) -> list[Operation]:
        return [o for o in self.secured.spec.readable if o.is_secured]

    @property
    def labels(self) -> list[str]:
        """All secured operations, as ``METHOD /path``."""
        return [o.label for o in self._all]

    @property
    def spares_credentials(self) -> bool:
        """Whether wrong credentials are sent as rarely as possible."""
        return self.caller.spares_credentials

    def refused(self, operation: Operation, headers: dict[str, str]) -> SendResult:
        """Call an operation with these headers in place of the credential, as rightly otherwise as is needed.

        A body is sent only where the answer to an empty one proves nothing.
        """
        path = self.path(operation)
        result = self.send(operation, path, headers, _empty(operation))
        if operation.bodies and _proves_nothing(result):
            return self.send(operation, path, headers, next(iter(valid_bodies(operation, random_seed=0)), None))
        return result

    def send(self, operation: Operation, path: str, headers: dict[str, str], body: object) -> SendResult:
        """Call an operation with these headers in place of the credential."""
        return self.caller.send(operation, path, body, headers=headers, authenticated=False)

    def hides(self, operation: Operation, result: SendResult) -> bool:
        """Whether a 404 hides from strangers what the right credential can read (RFC 9110 section 15.5.4)."""
        if status_of(result) != 404 or operation.method not in SAFE_METHODS:
            return False
        return succeeded(self.caller.send(operation, self.path(operation)))

    def path(self, operation: Operation) -> str:
        """Return a real path of an operation; a made-up one where none is known, or another's would be changed."""
        found = self._known(operation)
        if found is None and not self._explored:
            self._explored = True
            with suppress(ProbeError):
                self._explore()
            found = self._known(operation)
        return found or operation.made_up_path

    def _known(self, operation: Operation) -> str | None:
        with suppress(ProbeError):
            return self._resolver.likeliest(operation)
        return None


class _RefusedCall(NamedTuple):
    """One call that was to be refused."""

    label: str
    result: SendResult
    is_hidden: bool = False
    alone: str = ""
    """The one of several credentials that was not the right one; empty where all were not."""

    @property
    def proves(self) -> bool:
        """Whether the answer shows that the credential was refused."""
        return self.is_hidden or status_of(self.result) in REFUSALS


def judge_rejection(
    case: CredentialCase, calls: SecuredCalls, credential: Credential, *, reproduce: str
) -> list[Finding]:
    """Call every secured operation without the right credential; one finding per offender, or one for all.

    It passes only where each operation that was tried has refused. Where a vendor may lock the account, one GET is
    tried.
    """
    answers = _one_read(case, calls, credential) if calls.spares_credentials else _each(case, calls, credential)
    if not answers:
        secured = calls.secured
        why = "no operation accepted the right credential" if secured.reads else secured.nothing
        return [case.finding(Outcome.ERROR, why, reproduce=reproduce)]
    offenders = [(a, s) for a in answers if (s := status_of(a.result)) is not None and (s < 400 or s >= 500)]
    if offenders:
        return [_offence(case, answer, status, reproduce) for answer, status in offenders]
    return [_judged(case, answers, calls.labels, reproduce)]


def _offence(case: CredentialCase, answer: _RefusedCall, status: int, reproduce: str) -> Finding:
    """Return the finding of one operation; a crash has one cause, whichever credential was wrong."""
    beside = f", where only {answer.alone} was not the right one" if answer.alone else ""
    found = case.finding(Outcome.FAIL, f"{answer.label} answered {status}{beside}", reproduce=reproduce)
    crash = SERVER_ERROR.of(f"{status} to calls without the right credential")
    return msgspec.structs.replace(
        found.named(answer.label, case.id, str(status)), cause=case.accepted if status < 500 else crash
    )


def _judged(case: CredentialCase, answers: list[_RefusedCall], labels: list[str], reproduce: str) -> Finding:
    """Judge answers of which none is a success or a server error."""
    proven = [a for a in answers if a.proves]
    tried = {a.label for a in answers}
    observed = f"{len(proven)} of {len(answers)} secured operations answered 401 or 403"
    if hidden := [a.label for a in proven if a.is_hidden]:
        observed += f"; hidden by a 404: {first_of(hidden, MOST_NAMED)}"
    if unproven := [f"{a.label} {in_words(a.result).removeprefix('HTTP ')}" for a in answers if not a.proves]:
        observed += f"; no proof from: {first_of(unproven, MOST_NAMED)}"
    if left_out := [label for label in labels if label not in tried]:
        observed += f"; not tried: {first_of(left_out, MOST_NAMED)}"
    return case.finding(Outcome.ERROR if unproven else Outcome.PASS, observed, reproduce=reproduce)


def _each(case: CredentialCase, calls: SecuredCalls, credential: Credential) -> list[_RefusedCall]:
    answers = []
    for operation in calls.operations:
        result, alone = _refused(case, calls, operation, credential)
        answers.append(_RefusedCall(operation.label, result, calls.hides(operation, result), alone))
    return answers


def _refused(
    case: CredentialCase, calls: SecuredCalls, operation: Operation, credential: Credential
) -> tuple[SendResult, str]:
    """Return the worst answer, and which credential alone was wrong: of several, the provider must check each."""
    wrong = altered(calls.secured.parts(operation, credential), case.headers)
    answers = [(calls.refused(operation, each.headers), each.alone) for each in wrong]
    return max(answers, key=lambda answer: _weight(answer[0]))


def _weight(result: SendResult) -> int:
    """Return 0 for a refusal, 1 for what proves nothing, and 2 for what proves that nothing was refused."""
    status = status_of(result)
    if status in REFUSALS:
        return 0
    return 1 if status is None or 400 <= status < 500 else 2


def _one_read(case: CredentialCase, calls: SecuredCalls, credential: Credential) -> list[_RefusedCall]:
    secured = calls.secured
    for path in secured.reads[:MOST_READS]:
        if succeeded(secured.read(path, secured.honest(path, credential))):
            wrong, *_ = altered(secured.parts_at(path, credential), case.headers)
            return [_RefusedCall(f"GET {path}", secured.read(path, wrong.headers))]
    return []


def judge_malformed_credentials(calls: SecuredCalls, credential: Credential) -> list[Finding]:
    """Call some secured operations with each malformed credential, one of each method first."""
    if calls.spares_credentials:
        why = "not tried: vendors lock accounts after a few wrong credentials"
        return [MALFORMED.finding(Outcome.NOT_APPLICABLE, why)]
    if not calls.operations:
        return [MALFORMED.finding(Outcome.ERROR, calls.secured.nothing)]
    made = [
        MalformedCall(
            operation.label,
            form,
            calls.send(operation, calls.path(operation), wrong.headers, _empty(operation)),
            wrong.alone,
        )
        for operation in various(calls.operations)
        for form, wrong in malformed_for(calls.secured.parts(operation, credential))
    ]
    return judge_malformed(made, of=len(calls.labels))


def malformed_for(parts: Parts) -> list[tuple[str, WrongHeaders]]:
    """Return the malformed credentials with their headers; of several, each alone is malformed."""
    return [(form, beside(parts, wrong, headers)) for wrong in parts for form, headers in forms_for(wrong)]


def judge_unusual_reads(calls: SecuredCalls) -> list[Finding]:
    """Read what is secured in other forms than the document has, without a credential."""
    reads = [(o, calls.path(o)) for o in calls.operations if o.method == "GET"]
    return judge_unusual(calls.caller, reads, of=len(calls.labels))


def various(operations: Iterable[Operation]) -> list[Operation]:
    """Return a few operations, one of each method first."""
    listed = list(operations)
    first = {o.method: o for o in reversed(listed)}.values()
    return sorted(listed, key=lambda o: o not in first)[:MOST_OPERATIONS]


def _empty(operation: Operation) -> dict[str, object] | None:
    return {} if operation.method in ADDS else None


def _proves_nothing(result: SendResult) -> bool:
    status = status_of(result)
    return status is not None and 400 <= status < 500 and status not in REFUSALS
