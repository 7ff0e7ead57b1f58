"""One defect of a provider: what of it is the same in every run, and the smallest request that shows it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import httpx
import msgspec

from harness.core.cutting import cut
from harness.core.pointers import steps_of
from harness.fuzzing.notes import note_of
from harness.fuzzing.response_rules import message_of
from harness.http.credential_places import spelled
from harness.http.curl import curl
from harness.http.message import media_type
from harness.http.provider_client import NoAnswer, json_of
from harness.model import stable_id
from harness.model.cause import STATUS, crash_of, of_group
from harness.openapi.accepted_body import accepted_cause
from harness.openapi.operation import Operation
from harness.openapi.response_causes import cause_of, server_error_cause, text_cause, whole_text_cause
from harness.openapi.spec_document import Spec
from harness.openapi.spec_excerpt import SpecExcerpt, spec_excerpt

ITEM = "contract.fuzz"
ANSWER_CHARS = 500
_LEFT_OUT = frozenset({"host", "accept", "accept-encoding", "connection", "user-agent", "content-length"})
# Checks that see the same mistake as another one on the same response, and say less of it.
_COVERED_BY = {"status_code_conformance": "not_a_server_error", "negative_data_rejection": "missing_required_header"}
_IDENTIFIER = re.compile(r"[A-Za-z][\w.:/#-]{1,79}")


class StoredRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it went over the wire, without the credential.

    It is not `harness.http.message.Request`: its JSON is in example databases that are shared and outlive versions,
    with a path below any base URL, and with the names of the headers that carried the credential.
    """

    method: str
    path: str
    """Path and query, starting at the provider's base URL."""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    secret: tuple[str, ...] = ()
    """Names of the headers that carried the credential."""

    def curl(self, base_url: str) -> str:
        """Return the request as a command line; the credential is left to the variable CREDENTIAL."""
        url = base_url.rstrip("/") + self.path
        return curl(url, self.headers, self.body or b"", method=self.method, credential=self.secret, most_chars=None)

    @property
    def size(self) -> tuple[int, str]:
        """What makes one request smaller than another; the text decides between equals, so that runs agree."""
        text = f"{self.path}{self.headers}{self.body!r}"
        return len(text), text


class Defect(msgspec.Struct, frozen=True, kw_only=True):
    """One defect, by operation, check and normalised cause."""

    operation: str
    """``METHOD /path/template``."""
    check: str
    """Name of the check that failed, as Schemathesis calls it, or ``answers`` where there was no answer."""
    cause: str
    """What of the failure does not depend on the request that showed it."""
    title: str
    message: str
    status: int | None
    """Status of the answer; None where there was none."""
    answer: str
    """Status line, content type and the beginning of the body."""
    excerpt: SpecExcerpt = msgspec.field(name="promise")
    steps: tuple[StoredRequest, ...]
    """The request that shows it, after those that must come before it."""
    bindings: tuple[tuple[str, int, str], ...] = ()
    """``(text, step, JSON pointer)``: this text of later requests stood there in the answer to that step."""
    shared_cause: str = ""
    """What is wrong, in words that are the same at every operation and in every check; empty where it is its own."""
    note: str = ""
    """Why nobody would correct it; empty where somebody would."""
    crash: str = ""
    """What distinguishes a crash from others of its operation, check and cause; empty where nothing does."""
    place: str = ""
    """The part of the request that a crash depends on, where nothing else distinguishes it; see `crash_places`."""
    aliases: tuple[str, ...] = ()
    """Ids that it had before crashes were distinguished, so that their waivers cover it."""

    @property
    def id(self) -> str:
        """Stable name: the same defect has it in every run, on every machine."""
        return stable_id(self.operation, self.check, f"{self.cause}\n{self.crash}") if self.crash else self.of_all

    @property
    def of_all(self) -> str:
        """The name of all crashes of its operation, check and cause together, which earlier versions gave it."""
        return stable_id(self.operation, self.check, self.cause)

    @property
    def size(self) -> tuple[int, int, str]:
        """What makes one example smaller than another."""
        return len(self.steps), *self.steps[-1].size


def smaller(first: Defect, second: Defect) -> Defect:
    """Return the smaller example of one defect; one that an earlier version stored gets the cause of the other."""
    small, large = (second, first) if second.size < first.size else (first, second)
    if small.shared_cause:
        return small
    return msgspec.structs.replace(small, shared_cause=large.shared_cause, note=large.note)


def as_request(request: httpx.Request, base_url: str, credential: Mapping[str, str]) -> StoredRequest:
    """Return what is stored of a request: all but the headers of the ``credential``; an invented one is included."""
    hidden = {name.lower(): spelled(name) for name, value in credential.items() if request.headers.get(name) == value}
    prefix = httpx.URL(base_url).raw_path.decode().rstrip("/")
    return StoredRequest(
        method=request.method,
        path=request.url.raw_path.decode(errors="replace").removeprefix(prefix),
        headers=tuple((k, v) for k, v in request.headers.items() if k not in _LEFT_OUT and k not in hidden),
        body=request.content or None,
        secret=tuple(hidden[name] for name in request.headers if name in hidden),
    )


def of_failures(
    failures: Iterable[Any],
    operation: Operation,
    spec: Spec,
    *,
    case: Any,
    response: httpx.Response,
    steps: Sequence[StoredRequest],
) -> list[Defect]:
    """Return the defects that Schemathesis' checks found in one response."""
    found = [
        Defect(
            operation=label,
            check=_check(failure),
            cause=cause,
            title=str(failure.title),
            message=cut(message_of(failure), 600),
            status=response.status_code,
            answer=as_answer(response),
            excerpt=_promised(failure, label, spec, case, response),
            steps=tuple(steps),
            shared_cause=_shared_cause(failure, operation, spec, response),
            note=note_of(failure, operation, response),
        )
        for failure in failures
        # A stateful check names the operation that the trouble began with.
        for label in [failure.operation if failure.operation in spec.definitions else operation.label]
        for cause in _causes(failure, case, response)
    ]
    found = [_distinguished(defect, response) for defect in found]
    seen = {defect.check for defect in found}
    return [defect for defect in found if _COVERED_BY.get(defect.check) not in seen]


def _distinguished(defect: Defect, response: httpx.Response) -> Defect:
    """Return a crash with what distinguishes it at its operation; any other defect unchanged."""
    crash = server_error_cause(response) if defect.check == "not_a_server_error" else ""
    if not crash:
        return defect
    aliases = [defect.of_all]
    # Its ids where no log is read, and those that earlier versions gave it.
    for text in dict.fromkeys((text_cause(response), whole_text_cause(response))):
        if text and text != crash:
            aliases += [of_group(ITEM, text), msgspec.structs.replace(defect, crash=text).id]
    return msgspec.structs.replace(defect, crash=crash, aliases=tuple(aliases))


def as_one(crashes: Sequence[Defect]) -> Defect:
    """Return one defect for crashes of one operation that are too many to be different ones."""
    small = min(crashes, key=lambda defect: defect.size)
    cause = crash_of(small.status or 500, small.operation)
    return msgspec.structs.replace(small, crash="", place="", shared_cause=cause, aliases=())


def judged_again(defect: Defect, operation: Operation, spec: Spec, response: httpx.Response) -> Defect:
    """Return a defect that is known by its status alone with the cause and the note that the answer has now."""
    failure = type("Failure", (), {"checks": (defect.check,)})()
    note = note_of(failure, operation, response)
    return msgspec.structs.replace(defect, shared_cause=_shared_cause(failure, operation, spec, response), note=note)


def _shared_cause(failure: Any, operation: Operation, spec: Spec, response: httpx.Response) -> str:
    """Return the cause of a failure; where a valid request is refused in a way that is not documented, of both."""
    status = response.status_code
    if _check(failure) == "positive_data_acceptance" and not operation.key_of(status):
        return STATUS.of(str(status))
    if _check(failure) == "negative_data_rejection":
        return accepted_cause(spec, operation, response.request)
    return cause_of(failure, response)


def _check(failure: Any) -> str:
    checks = type(failure).checks or (type(failure).__name__,)
    return str(checks[0])


def of_missing_answer(
    reason: NoAnswer, detail: str, operation: Operation, spec: Spec, *, steps: Sequence[StoredRequest]
) -> Defect:
    """Return the defect of an operation that answers other requests, but not this one."""
    title = {
        NoAnswer.TIMEOUT: "No whole answer in time",
        NoAnswer.CLOSED: "Connection closed without a whole answer",
        NoAnswer.GARBAGE: "An answer that cannot be read",
    }[reason]
    return Defect(
        operation=operation.label,
        check="answers",
        cause=str(reason),
        title=title,
        message=detail,
        status=None,
        answer=f"none ({detail})",
        excerpt=spec_excerpt(spec, _place(operation.label, spec), ["responses"]),
        steps=tuple(steps),
    )


def as_answer(response: httpx.Response) -> str:
    """Return status line, content type and the beginning of the body."""
    body = response.text.replace("\x00", "\\0")
    shown = body if len(body) <= ANSWER_CHARS else f"{cut(body, ANSWER_CHARS)} ({len(body)} characters)"
    kind = response.headers.get("content-type", "no content type")
    return f"HTTP {response.status_code} {response.reason_phrase} ({kind}) {shown}".strip()


def _causes(failure: Any, case: Any, response: httpx.Response) -> list[str]:
    """Return what distinguishes this defect from others of the same operation and check, without the example."""
    if hasattr(failure, "schema_path"):
        where = "/".join("*" if isinstance(step, int) else str(step) for step in failure.instance_path)
        return [f"{failure.title}: {where} {failure.schema_path[-1] if failure.schema_path else ''}"]
    if hasattr(failure, "missing_headers"):
        return [f"{response.status_code} without {name}" for name in failure.missing_headers]
    if _check(failure) == "negative_data_rejection":
        return [f"{response.status_code} in {part}" for part in _wrong_in(case)]
    names = ("content_type", "actual", "header_name", "failure_reason", "missing_methods", "undocumented_methods")
    parts = [f"{name} {getattr(failure, name)}" for name in names if hasattr(failure, name)]
    if not parts and hasattr(failure, "status_code"):
        parts.append(f"{failure.status_code}{_problem(response) if response.is_server_error else ''}")
    return ["; ".join(parts)]


def _problem(response: httpx.Response) -> str:
    """Return what a server error calls itself: two different ones are two defects (RFC 9457 `type`, and its like)."""
    document = json_of(response)
    if isinstance(document, dict):
        for key in ("type", "code", "error"):
            value = document.get(key)
            if isinstance(value, str) and value != "about:blank" and _IDENTIFIER.fullmatch(value):
                return f" {value}"
    return ""


def _wrong_in(case: Any) -> list[str]:
    """Return the parts of the request that were made invalid."""
    meta = case.meta
    wrong = sorted(str(name.value) for name, info in meta.components.items() if info.mode.is_negative) if meta else []
    return wrong or ["request"]


def _promised(failure: Any, label: str, spec: Spec, case: Any, response: httpx.Response) -> SpecExcerpt:
    """Return the place in the document that the response contradicts."""
    status, check = response.status_code, _check(failure)
    answered = ["responses", (str(status), f"{status // 100}XX", f"{status // 100}xx", "default")]
    path: list[Any] = ["responses"]
    if hasattr(failure, "missing_headers"):
        path = [*answered, "headers", failure.missing_headers[0]]
    elif hasattr(failure, "schema_path"):
        if "components" in failure.schema_path[:1]:
            return spec_excerpt(spec, list(failure.schema_path)[:-1])
        kind = media_type(response.headers.get("content-type", ""))
        body = ["content", (kind, "application/json", "*/*"), "schema", *list(failure.schema_path)[:-1]]
        path = [*answered, *(["headers"] if "header" in str(failure.title) else body)]
    elif check == "content_type_conformance":
        path = [*answered, "content"]
    elif check == "negative_data_rejection":
        path = ["requestBody" if "body" in _wrong_in(case) else "parameters"]
    elif check == "positive_data_acceptance":
        path = [("requestBody", "parameters")]
    elif check in ("unsupported_method", "allow_header_conformance"):
        return spec_excerpt(spec, _place(label, spec)[:-1])
    return spec_excerpt(spec, _place(label, spec), path)


def _place(label: str, spec: Spec) -> tuple[str, ...]:
    return steps_of(spec.places.get(label, ""))
