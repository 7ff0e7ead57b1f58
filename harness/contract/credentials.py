"""The test credential: whether the provider accepts it, and refuses the one that it replaced."""

from __future__ import annotations

import msgspec

from harness.contract.credential_forms import Credential
from harness.contract.operation_credentials import OperationCredentials, Parts, headers_of
from harness.http.credential_state import REFUSALS
from harness.http.provider_client import ProviderClient, SendResult
from harness.model import Check, Finding, Outcome
from harness.model.strict import where_is
from harness.openapi.operation import Operation
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
TAKEN_BY_NONE = "no operation that may be read takes [provider] auth: each takes one of [provider.credentials]"
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
FIX_NAMED = "Compare [provider.credentials] of these schemes with what the provider issued: type, place and value."
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
    named: OperationCredentials | None = None
    """The credentials of ``[provider.credentials]``; None where all operations take ``[provider] auth``."""

    @property
    def reads(self) -> list[str]:
        """Paths of secured operations that need no parameter and change nothing, the user's own choice alone."""
        if self.whoami is not None:
            return [self.whoami.removeprefix("GET ")]
        guard = self.client.guard
        found = (o for o in self.spec.readable if o.method == "GET" and "{" not in o.path and o.is_secured)
        return [o.path for o in found if guard is None or o.label in guard.labels]

    @property
    def reads_by_names(self) -> dict[tuple[str, ...], list[str]]:
        """The same, by the schemes whose credentials they take together; empty for ``[provider] auth``."""
        found: dict[tuple[str, ...], list[str]] = {}
        for path in self.reads:
            found.setdefault(self._names_at(path), []).append(path)
        return found

    def parts(self, operation: Operation, usual: Credential) -> Parts:
        """Return the credentials that an operation takes together; ``usual`` is that of ``[provider] auth``."""
        names = self.named.names(operation) if self.named else ()
        return self.named.parts(names) if self.named and names else (usual,)

    def parts_at(self, path: str, usual: Credential) -> Parts:
        """Return the same for a GET of a path."""
        names = self._names_at(path)
        return self.named.parts(names) if self.named and names else (usual,)

    def ways(self, operation: Operation) -> int:
        """Return in how many ways a call is without the right credentials: all of several are wrong, and each alone."""
        number = len(self.named.names(operation)) if self.named else 1
        return number + 1 if number > 1 else 1

    def key_at(self, path: str) -> str:
        """Return the key of harness.toml that has what a GET of a path takes."""
        names = self._names_at(path)
        return where_is(("provider", "credentials", " and ".join(names))) if names else "[provider] auth"

    def honest(self, path: str, usual: Credential) -> dict[str, str]:
        """Return the headers with which a path is rightly read."""
        return headers_of(self.parts_at(path, usual))

    def _names_at(self, path: str) -> tuple[str, ...]:
        return self.named.names_at("GET", self.client.base_url.rstrip("/") + path) if self.named else ()

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


def judge_acceptances(secured: Secured, credential: Credential, *, reproduce: str) -> list[Finding]:
    """Read once with each credential that a secured operation without parameters takes."""
    each = secured.reads_by_names or {(): []}
    return [judge_acceptance(secured, credential, names=names, reproduce=reproduce) for names in each]


def judge_acceptance(
    secured: Secured, credential: Credential, *, reproduce: str, names: tuple[str, ...] = ()
) -> Finding:
    """Read from the first secured operation that needs no parameter, and takes the credentials of these ``names``."""

    def finding(outcome: Outcome, observed: str) -> Finding:
        summary = f"{ACCEPTED.sentence(outcome)} ({' and '.join(names)})" if names else ""
        fix = FIX_NAMED if names and outcome is Outcome.FAIL else ""
        found = ACCEPTED.finding(outcome, observed, summary=summary, reproduce=reproduce, case="-".join(names))
        return msgspec.structs.replace(found, fix=fix or found.fix)

    seen = []
    for path in secured.reads_by_names.get(names, [])[:MOST_READS]:
        result = secured.read(path, secured.honest(path, credential))
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
    for path in secured.reads_by_names.get((), [])[:MOST_READS]:
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
    return finding(Outcome.ERROR, "; ".join(seen) or (TAKEN_BY_NONE if secured.reads else secured.nothing))


def status_of(result: SendResult) -> int | None:
    """Return the status of the last answer, None where none came."""
    return result.last.status_code if result.last is not None else None


def in_words(result: SendResult) -> str:
    """Return what was answered, or why nothing was."""
    return f"no answer ({result.reason})" if result.last is None else f"HTTP {result.last.status_code}"


def succeeded(result: SendResult) -> bool:
    """Whether a request was answered with 2xx."""
    return result.response is not None and result.response.is_success
