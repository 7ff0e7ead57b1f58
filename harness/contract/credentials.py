"""The test credential: whether the provider accepts it, and refuses the one that it replaced."""

from __future__ import annotations

from functools import partial

import msgspec

from harness.contract.credential_forms import Credential
from harness.http.credential_state import REFUSALS
from harness.http.provider_client import ProviderClient, SendResult
from harness.model import Check, Finding, Outcome
from harness.openapi.spec_document import Spec

ACCEPTS, ROTATED = "auth.accepts", "secrets.rotated"
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
MOST_READS = 10
"""Operations that are read in search of one that shows whether a credential works."""


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
        seen.append(f"GET {path}: {in_words(result)}")
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
            seen.append(f"GET {path}: {in_words(after)} to the new")
            continue
        before = secured.read(path, old.headers())
        both = f"GET {path}: {in_words(before)} to the old, {in_words(after)} to the new"
        if status_of(before) in REFUSALS:
            return finding(Outcome.PASS, both)
        if succeeded(before):
            return finding(Outcome.FAIL, both).named(name, ROTATED, "still accepted")
        seen.append(both)
    return finding(Outcome.ERROR, "; ".join(seen) or secured.nothing)


def status_of(result: SendResult) -> int | None:
    """Return the status of the last answer, None where none came."""
    return result.last.status_code if result.last is not None else None


def in_words(result: SendResult) -> str:
    """Return what was answered, or why nothing was."""
    return f"no answer ({result.reason})" if result.last is None else f"HTTP {result.last.status_code}"


def succeeded(result: SendResult) -> bool:
    """Whether a request was answered with 2xx."""
    return result.response is not None and result.response.is_success
