"""The test credential: how it is sent, how it is sent wrongly, and what the provider does with each."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Sequence
from functools import partial
from itertools import islice

import msgspec

from harness.http.provider_client import ProviderClient, SendResult
from harness.model import Check, Finding, FixedBy, Outcome, SecretRef
from harness.model.config import ApiKey, Basic, Bearer
from harness.openapi.operation import Operation
from harness.openapi.spec_document import Spec

ACCEPTS, REJECTS, ROTATED = "auth.accepts", "auth.rejects", "secrets.rotated"
NOTHING_READABLE = "the spec has no secured GET operation without path parameters"
NOTHING_ALLOWED = "[provider] probes, include and exclude allow no request to a secured operation"
NOTHING_SECURED = (
    "the spec asks for a credential at no operation: name the security schemes under `security` in it, or an operation "
    "that shows whether the credential works in [provider] whoami"
)
OPEN = (
    "the spec declares `security: []`, no credential, at {} operations, and asks for one at none: where the provider "
    "does check a credential, name an operation that shows it in [provider] whoami; where it does not, remove "
    "[provider] auth"
)
REFUSALS = frozenset({401, 403})
MOST_READS = 10
"""Operations that are read in search of one that shows whether a credential works."""


class Credential(msgspec.Struct, frozen=True, kw_only=True):
    """One header that carries a secret; the secret is asked for only when the header is made."""

    header: str
    written: Callable[[str], str]
    """Turns a secret into the header's value."""
    secret: Callable[[], str]

    def headers(self) -> dict[str, str]:
        """Return the header of an honest call."""
        return {self.header: self.written(self.secret())}


def credential_for(auth: Bearer | ApiKey | Basic, reveal: Callable[[SecretRef], str]) -> Credential:
    """Return how ``[provider] auth`` is sent; ``reveal`` gives the value of a reference."""
    if isinstance(auth, Bearer):
        return Credential(header="Authorization", written="Bearer {}".format, secret=lambda: reveal(auth.token))
    if isinstance(auth, ApiKey):
        return Credential(header=auth.header, written=str, secret=lambda: reveal(auth.key))
    referred = SecretRef.parse(auth.username)

    def basic(password: str) -> str:
        username = reveal(referred) if referred else auth.username
        return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()

    return Credential(
        header="Authorization",
        written=basic,
        secret=lambda: reveal(auth.password),
    )


class CredentialCase(Check, frozen=True, kw_only=True):
    """One way to call without the right credential."""

    item: str = REJECTS
    fixed_by: FixedBy = FixedBy.PROVIDER
    expected: str = "HTTP 401 or 403"
    source: str = "RFC 9110 sections 15.5.2 and 15.5.4"
    fix: str = "Check the credential before anything else is done, on every operation that the spec secures."
    headers: Callable[[Credential], dict[str, str]]


CASES: tuple[CredentialCase, ...] = (
    CredentialCase(
        id="none",
        summary="no credential",
        passed="Refused calls without a credential",
        failed="Did not refuse a call without a credential",
        headers=lambda _: {},
    ),
    CredentialCase(
        id="wrong",
        summary="a wrong credential",
        passed="Refused calls with a wrong credential",
        failed="Did not refuse a call with a wrong credential",
        headers=lambda c: {c.header: c.written(os.urandom(len(c.secret()) // 2 + 1).hex())},
    ),
    CredentialCase(
        id="truncated",
        summary="the first half of the right credential",
        passed="Refused calls with half of the credential",
        failed="Did not refuse a call with half of the credential",
        headers=lambda c: {c.header: c.written(c.secret()[: len(c.secret()) // 2])},
    ),
)

ACCEPTED = Check(
    id="accepted",
    item=ACCEPTS,
    summary="the test credential",
    passed="Accepted the test credential",
    failed="Refused the test credential",
    expected="HTTP 2xx",
    source="RFC 9110 section 11",
    fix="Compare [provider] auth with what the provider issued: scheme, header and value.",
)
REPLACED = Check(
    id="replaced",
    item=ROTATED,
    summary="a credential that was replaced",
    passed="Refused the credential that was replaced",
    failed="Still accepted the credential that was replaced",
    expected="HTTP 401 or 403 to the old credential, 2xx to the new",
    source="OWASP Secrets Management Cheat Sheet, Rotation and Revocation",
    fix="Revoke the old credential at the provider, and see that the new one is the one in use.",
)
CHECKS = (ACCEPTED, *CASES, REPLACED)


class Secured(msgspec.Struct, frozen=True, kw_only=True):
    """What may be read at a provider to see whether a credential works."""

    spec: Spec
    client: ProviderClient
    whoami: str | None = None
    """``GET /path`` of ``[provider] whoami``; None where the document must show one."""

    @property
    def reads(self) -> list[str]:
        """Paths of secured operations that need no parameter and change nothing, the user's own choice alone."""
        if self.whoami is not None:
            return [self.whoami.removeprefix("GET ")]
        guard = self.client.guard
        found = (o for o in self.spec.readable if o.method == "GET" and "{" not in o.path and o.is_secured)
        return [o.path for o in found if guard is None or o.label in guard.labels]

    def read(self, path: str, headers: dict[str, str]) -> SendResult:
        """Send a GET with these headers in place of the test credential."""
        return self.client.send(self.client.build("GET", path, headers, authenticated=False))

    @property
    def nothing(self) -> str:
        """Why there is nothing to read."""
        guard = self.client.guard
        secured = [o for o in self.spec.readable if o.is_secured]
        if guard is not None and secured and not any(o.label in guard.labels for o in secured):
            return NOTHING_ALLOWED
        if secured:
            return NOTHING_READABLE
        public = [o for o in self.spec.readable if o.definition.get("security") == []]
        return NOTHING_SECURED if not public else OPEN.format(f"{len(public)} of {len(self.spec.readable)}")


def judge_acceptance(secured: Secured, credential: Credential, *, reproduce: str) -> Finding:
    """Read with the test credential from the first secured operation that needs no parameter."""
    finding = partial(ACCEPTED.finding, reproduce=reproduce, case="")
    seen = []
    for path in secured.reads[:MOST_READS]:
        result = secured.read(path, credential.headers())
        seen.append(f"GET {path}: {_in_words(result)}")
        if succeeded(result):
            return finding(Outcome.PASS, seen[-1])
        if status_of(result) in REFUSALS:
            return finding(Outcome.FAIL, seen[-1]).named(f"GET {path}", ACCEPTS, "refused")
    return finding(Outcome.ERROR, "; ".join(seen) or secured.nothing)


def judge_replacement(secured: Secured, old: Credential, new: Credential, *, name: str) -> Finding:
    """Read with a credential and with the one it replaced: the provider must refuse the old, and accept the new.

    ``name`` is the reference of the new one, for the report.
    """

    def finding(outcome: Outcome, observed: str) -> Finding:
        summary = f"{REPLACED.sentence(outcome)} ({name})"
        return REPLACED.finding(outcome, observed, summary=summary, case=f"{name}-replaced")

    seen = []
    for path in secured.reads[:MOST_READS]:
        after = secured.read(path, new.headers())
        if not succeeded(after):
            seen.append(f"GET {path}: {_in_words(after)} to the new")
            continue
        before = secured.read(path, old.headers())
        both = f"GET {path}: {_in_words(before)} to the old, {_in_words(after)} to the new"
        if status_of(before) in REFUSALS:
            return finding(Outcome.PASS, both)
        if succeeded(before):
            return finding(Outcome.FAIL, both).named(name, ROTATED, "still accepted")
        seen.append(both)
    return finding(Outcome.ERROR, "; ".join(seen) or secured.nothing)


def judge_rejection(case: CredentialCase, secured: Secured, credential: Credential, *, reproduce: str) -> list[Finding]:
    """Call every secured operation without the right credential; one finding per offender, or one for all.

    Where a vendor may lock the account, one GET is tried.
    """
    guard = secured.client.guard
    if guard is not None and guard.spares_credentials:
        accepted = (p for p in secured.reads[:MOST_READS] if succeeded(secured.read(p, credential.headers())))
        answers = [(f"GET {p}", secured.read(p, case.headers(credential))) for p in islice(accepted, 1)]
    else:
        operations = [o for o in secured.spec.readable if o.is_secured]
        permitted = [o for o in operations if guard is None or o.label in guard.labels]
        answers = [(o.label, _send(secured.client, o, case.headers(credential))) for o in permitted]
    if not answers:
        why = "no operation accepted the right credential" if secured.reads else secured.nothing
        return [case.finding(Outcome.ERROR, why, reproduce=reproduce)]
    statuses = [(label, status) for label, a in answers if (status := status_of(a)) is not None]

    finding = partial(case.finding, reproduce=reproduce)
    offenders = [(label, status) for label, status in statuses if status < 400 or status >= 500]
    if offenders:
        return [
            finding(Outcome.FAIL, f"{label} answered {status}").named(label, case.id, str(status))
            for label, status in offenders
        ]
    refused = [label for label, status in statuses if status in REFUSALS]
    observed = f"{len(refused)} of {len(answers)} secured operations answered 401 or 403" + _others(statuses)
    if not refused or len(statuses) < len(answers):
        unanswered = "; ".join(f"{label}: {_in_words(a)}" for label, a in answers if a.last is None)
        return [finding(Outcome.ERROR, unanswered or observed)]
    return [finding(Outcome.PASS, observed)]


def _others(statuses: Sequence[tuple[str, int]]) -> str:
    """Name the operations whose answer proves nothing, such as a 404 for the invented id."""
    others = [f"{label} {status}" for label, status in statuses if status not in REFUSALS]
    return f"; no proof from: {', '.join(others)}" if others else ""


def _send(client: ProviderClient, operation: Operation, headers: dict[str, str]) -> SendResult:
    """Send the plainest call to ``operation``: made-up path parameters and, for a write, an empty object."""
    method, path = operation.method, operation.made_up_path
    body: dict[str, object] | None = {} if method in {"POST", "PUT", "PATCH"} else None
    return client.send(client.build(method, path, headers, authenticated=False, json=body))


def status_of(result: SendResult) -> int | None:
    """Return the status of the last answer, None where none came."""
    return result.last.status_code if result.last is not None else None


def _in_words(result: SendResult) -> str:
    return f"no answer ({result.reason})" if result.last is None else f"HTTP {result.last.status_code}"


def succeeded(result: SendResult) -> bool:
    """Whether a request was answered with 2xx."""
    return result.response is not None and result.response.is_success
