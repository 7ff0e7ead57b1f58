"""Valid calls that the harness makes by itself: made from the document, every answer held against it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NamedTuple, TypedDict, Unpack
from urllib.parse import parse_qsl, urlsplit

import httpx
import msgspec

from harness.contract.created_resources import CreatedResources
from harness.contract.exposure import exposures
from harness.contract.required_inputs import PRECONDITION, RequiredInputs, required_inputs, under_new_key
from harness.contract.sample import Sample
from harness.errors import ProbeError
from harness.http.provider_client import LIMITED, ProviderClient, SendResult
from harness.model import Check, Finding, FixedBy, Outcome
from harness.model.cause import SERVER_ERROR, level_of, of_group, own_crash, without_place
from harness.openapi.operation import Operation
from harness.openapi.spec_document import Spec

ITEM = "contract.fuzz"
ANSWERS = Check(
    id="answers",
    item=ITEM,
    fixed_by=FixedBy.PROVIDER,
    summary="answers to calls that the checks make",
    passed="Answered every call of the checks as the spec describes",
    failed="Answered a call of the checks in a way that breaks the spec",
    expected="as the spec describes",
    source="the spec",
    fix="Answer as the spec describes, or describe what you answer.",
)
FIX_LIMITED = "Send Retry-After with every 429 and 503: the seconds, or the date, from which a call can succeed."


class CallOptions(TypedDict, total=False):
    """What is special about one call."""

    content: bytes | None
    """Sent as it is, in place of the JSON body."""
    headers: Mapping[str, str] | None
    params: Mapping[str, Any] | None
    """Of the query."""
    authenticated: bool
    """Whether it carries the credential; it does unless this is false."""
    keyed: bool
    """Whether a key in the body is the one to be sent; else each call has a new one."""


class NotedBreach(NamedTuple):
    """What is wrong with an operation."""

    example: str
    cause: str
    fix: str
    """Empty for that of `ANSWERS`."""


class Caller:
    """Calls the provider as an honest client would, and notes what of each answer breaks the document."""

    def __init__(self, spec: Spec, client: ProviderClient, resources: CreatedResources | None = None) -> None:
        """``resources`` are what other callers of the run learnt, and learn more."""
        self.spec = spec
        self.resources = CreatedResources(spec) if resources is None else resources
        """Real values of path parameters."""
        permitted = client.guard.labels if client.guard is not None else None
        self.operations = {o.label: o for o in spec.operations if permitted is None or o.label in permitted}
        """Those that may be called, by label."""
        self._client = client
        self._etags: dict[str, str] = {}
        """By path, of the last answer that had one."""
        self.calls = 0
        self.violations: dict[tuple[str, str], NotedBreach] = {}
        """By operation and what is wrong."""

    @property
    def spares_credentials(self) -> bool:
        """Whether wrong credentials are sent as rarely as possible."""
        return self._client.guard is not None and self._client.guard.spares_credentials

    def permits(self, method: str, path: str) -> bool:
        """Whether a call to ``path``, below the base URL or a whole URL, may be made with the right credential."""
        if self._client.guard is None:
            return True
        url = self._client.build(method, path).url
        return not self._client.guard.refusal(method, url, authenticated=True)

    def call(self, operation: Operation, path: str, body: Any = None, **options: Unpack[CallOptions]) -> Sample:
        """Make one call, and hold its answer against the document; for ``options`` see `CallOptions`.

        Raises `ProbeError` where no answer came, and `NotPermittedError`.
        """
        body = body if options.get("keyed") else under_new_key(self.spec, operation, body)
        result = self.send(operation, path, body, **options)
        for response in (*result.limited, *filter(None, [result.response])):
            self._note(operation, response)
        if result.last is None:
            raise ProbeError(f"{operation.label} gave no answer ({_kind(result)}). Is the provider there?")
        sample = Sample(operation=operation, path=path, body=body, response=result.last)
        self._learn(sample)
        return sample

    def send(self, operation: Operation, path: str, body: Any = None, **options: Unpack[CallOptions]) -> SendResult:
        """Make one call that is not meant to be right, so that its answer is neither judged nor learnt from.

        It carries each header, query and cookie that the document requires, as every call does. Raises
        `NotPermittedError`.
        """
        carried = dict(options.get("headers") or {})
        needed = self._required(operation, path, carried, options.get("params") or {})
        request = self._client.build(
            operation.method,
            path,
            {**needed.headers, **carried},
            authenticated=options.get("authenticated", True),
            json=body,
            content=options.get("content"),
            params=options.get("params"),
        )
        if needed.query:
            request.url = _with_query(request.url, needed.query)
        return self._client.send(request)

    def attempt(
        self, operation: Operation, path: str, body: Any = None, **options: Unpack[CallOptions]
    ) -> Sample | None:
        """Make one call as `send` does, and return it with its answer; None where no answer came."""
        response = self.send(operation, path, body, **options).last
        return None if response is None else Sample(operation=operation, path=path, body=body, response=response)

    def _learn(self, sample: Sample) -> None:
        self.resources.learn(sample)
        if sample.response.is_success and "etag" in sample.response.headers:
            self._etags[sample.path] = sample.response.headers["etag"]

    def _required(
        self, operation: Operation, path: str, headers: Mapping[str, str], params: Mapping[str, Any]
    ) -> RequiredInputs:
        """Return what the document requires of a call, without what it carries already."""
        queries = [name for name, _ in parse_qsl(urlsplit(path).query, keep_blank_values=True)]
        given = {
            "header": {name.lower() for name in (*headers, *self._client.headers_for(operation.method, path))},
            "query": {name.lower() for name in (*queries, *params)},
            "cookie": {pair.partition("=")[0].strip().lower() for pair in _cookie(headers).split(";")},
        }
        return required_inputs(self.spec, operation, given=given, known=lambda name: self._known(name, path))

    def _known(self, name: str, path: str) -> str | None:
        return self._etags.get(path) if name.lower() == PRECONDITION else self.resources.value(name)

    def complain(self, operation: str, complaint: str, example: str, cause: str = "", fix: str = "") -> None:
        """Record what is wrong with an operation, once; ``complaint`` contains nothing of the example.

        ``cause`` is what other operations and checks have in common with it; it is the complaint by default. ``fix``
        is given where to describe what is answered would correct nothing.
        """
        self.violations.setdefault((operation, complaint), NotedBreach(example, cause, fix))

    def findings(self) -> list[Finding]:
        """Return one finding for each thing that was noted."""
        return [
            broken(operation, ANSWERS, complaint, noted.example, shared=noted.cause, fix=noted.fix)
            for (operation, complaint), noted in self.violations.items()
        ]

    def _note(self, operation: Operation, response: httpx.Response) -> None:
        self.calls += 1
        called = f"{operation.method} {response.request.url.path} answered {response.status_code}"
        described = self.spec.find(operation.method, response.request.url)
        for breach in described.breaches(response) if described else ():
            self.complain(operation.label, breach.text.partition(":")[0], f"{called}: {breach.text}", breach.cause)
        authenticated = self._client.authenticates(response.request) and bool(self._client.carried_by(response.request))
        for shown in exposures(operation, response, authenticated=authenticated):
            example = f"{called}: {shown.text} ({shown.source})"
            self.complain(operation.label, shown.text, example, shown.cause, shown.fix)
        if response.status_code in LIMITED and "retry-after" not in response.headers:
            violation = f"answers {response.status_code} without Retry-After"
            example = f"{called} (RFC 6585 section 4, RFC 9110 section 10.2.3)"
            self.complain(operation.label, violation, example, fix=FIX_LIMITED)


def broken(
    subject: str,
    check: Check,
    cause: str,
    observed: str,
    *,
    expected: str = "",
    source: str = "",
    shared: str = "",
    fix: str = "",
) -> Finding:
    """Return a finding that the provider breaks its contract, named after operation, check and cause.

    ``cause`` contains nothing of the example, which belongs into ``observed``. ``shared`` is what other checks call
    the same fault; a crash that it distinguishes from others has an id of its own, and that of all as an alias.
    ``fix`` replaces that of the check where this cause needs another one.
    """
    summary, shared = f"{subject}: {cause}", shared or cause
    found = check.finding(Outcome.FAIL, observed, summary=summary, expected=expected, source=source, case="")
    level = max(check.level, level_of(shared))  # `should` is the greater
    named = found.named(subject, check.id, cause)
    if shared.startswith(SERVER_ERROR.begins) and shared != cause:  # two crashes are two findings
        of_all = without_place(shared, subject) if own_crash(shared, subject) else ""
        aliases = (of_group(check.item, cause), named.id, *([of_group(check.item, of_all)] if of_all else []))
        named = named if shared == of_all else found.named(subject, check.id, f"{cause}\n{shared}")
        named = msgspec.structs.replace(named, aliases=aliases)
    return msgspec.structs.replace(named, cause=shared, level=level, fix=fix or named.fix)


def _with_query(url: httpx.URL, more: str) -> httpx.URL:
    return url.copy_with(query=b"&".join(filter(None, (url.query, more.encode()))))


def _cookie(headers: Mapping[str, str]) -> str:
    return next((value for name, value in headers.items() if name.lower() == "cookie"), "")


def _kind(result: SendResult) -> str:
    """Return the name of what the client raised, without its text."""
    return result.detail.partition(":")[0]


def same_resource(first: Sample, second: Sample) -> bool:
    """Whether two answers describe one resource: by ``Location`` or ``id`` if present, else by their whole content."""
    locations = [s.response.headers.get("location") for s in (first, second)]
    if all(locations):
        return bool(locations[0] == locations[1])
    documents = [s.document for s in (first, second)]
    with suppress(KeyError, TypeError):
        return bool(documents[0]["id"] == documents[1]["id"])
    return bool(documents[0] == documents[1])
