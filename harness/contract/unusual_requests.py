"""Reads in another form than the spec has them, without a credential: HEAD for GET, and a slash at the end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec

from harness.contract.caller import Caller
from harness.http.credential_state import REFUSALS
from harness.http.message import is_json
from harness.model import Check, Finding, FixedBy, Outcome
from harness.openapi.operation import Operation

MOST_READS = 25
"""Operations that are called in other forms."""
FORMS = 2
"""Requests to each of them."""
UNUSUAL = Check(
    id="unusual",
    item="auth.rejects",
    fixed_by=FixedBy.PROVIDER,
    summary="reads in another form, without a credential: HEAD, and a slash at the end of the path",
    passed="Refused reads in another form without a credential",
    failed="Did not refuse a read in another form without a credential",
    expected="no success: 401, 403, 404, 405 or a redirect",
    source="RFC 9110 section 9.3.2; OWASP API8:2023",
    fix="Check the credential before the request is routed, whatever its method and the spelling of its path.",
)


class UnusualRead(NamedTuple):
    """One form of a read."""

    name: str
    operation: Operation
    path: str
    shows: bool
    """Whether a success counts only where it has JSON: an unknown path may lead to a page for people."""


def judge_unusual(caller: Caller, reads: Sequence[tuple[Operation, str]], *, of: int) -> list[Finding]:
    """Read at each path in other forms without a credential; one finding for each that is answered, or one for all.

    ``reads`` are secured operations with their real paths; ``of`` operations are secured.
    """
    if caller.spares_credentials or not reads:
        why = "vendors lock accounts" if reads else "the spec has no secured GET operation that may be called"
        return [UNUSUAL.finding(Outcome.NOT_APPLICABLE, f"not tried: {why}")]
    found: list[Finding] = []
    for operation, path in reads[:MOST_READS]:
        for form in _forms(caller, operation, path):
            if _is_open(caller, form) and _is_refused(caller, operation, path):
                seen = f"{form.operation.method} {form.path} without a credential succeeded, and GET {path} is refused"
                named = UNUSUAL.finding(Outcome.FAIL, seen).named(operation.label, UNUSUAL.id, form.name)
                found.append(msgspec.structs.replace(named, cause=f"{form.name} is answered without a credential"))
    shown = f"{min(len(reads), MOST_READS)} of {of} secured operations"
    return found or [UNUSUAL.finding(Outcome.PASS, shown)]


def _forms(caller: Caller, operation: Operation, path: str) -> Iterator[UnusualRead]:
    if f"HEAD {operation.path}" not in caller.operations and caller.permits("HEAD", path):
        yield UnusualRead("HEAD", Operation(caller.spec, "HEAD", operation.path, "/"), path, shows=False)
    slashed = path.partition("?")[0].rstrip("/") + "/"
    if slashed != path and caller.permits("GET", slashed):
        yield UnusualRead("a slash at the end of the path", operation, slashed, shows=True)


def _is_open(caller: Caller, form: UnusualRead) -> bool:
    response = caller.send(form.operation, form.path, authenticated=False).response
    if response is None or not response.is_success:
        return False
    return not form.shows or is_json(response.headers.get("content-type", ""))


def _is_refused(caller: Caller, operation: Operation, path: str) -> bool:
    """Whether the usual form needs a credential; where it does not, that is found by another check."""
    response = caller.send(operation, path, authenticated=False).last
    return response is not None and response.status_code in REFUSALS
