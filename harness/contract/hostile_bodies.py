"""Bodies that no client of good will sends: none ends in an error of the server, and what is not JSON is refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import msgspec

from harness.contract.accepted_calls import ADDS, AcceptedCalls, can_be_undone, cause_of, crash_cause_of, undo
from harness.contract.caller import Caller, broken
from harness.contract.link_crawler import LinkCrawler
from harness.contract.promise import Planned, Promise, not_called
from harness.contract.sample import Sample
from harness.core.pointers import leaves, with_value
from harness.errors import ProbeError
from harness.http.message import is_json
from harness.model import Finding, FixedBy, Level, Outcome
from harness.openapi.media_ranges import most_specific
from harness.openapi.operation import Operation

LEVELS = 8000
"""Objects within each other; with 5 bytes for each, they stay below the limits that servers have for a body."""
MOST = 500
"""Hostile bodies of one run."""
_NOT_UTF8 = "accepts a body that is not UTF-8"
"""Many decoders replace such bytes, and a parser may accept more than JSON (RFC 8259 section 9)."""
_OTHER_TYPE = "accepts a body of a media type that the spec does not have"
_FIXES = {
    _NOT_UTF8: "Decode bodies as strict UTF-8, replace no invalid byte, and answer 400 where that fails.",
    _OTHER_TYPE: "Compare Content-Type with the media types that the spec has for the body, and answer 415 to others.",
}
"""By cause: what to do where a strict parser would not help."""
_MARK = "harness-puts-it-here"
"""Takes the place, in a valid body, of what no encoder of JSON writes."""
HOSTILE_REFUSED = Promise(
    id="hostile-bodies",
    item="contract.fuzz",
    fixed_by=FixedBy.PROVIDER,
    summary="bodies that are malformed or extreme",
    passed="Refused malformed bodies, and took extreme ones without an error",
    failed="A malformed or extreme body was accepted, or caused an error of the server",
    expected="4xx to what is not JSON, and never 5xx",
    source="RFC 8259 sections 2, 6, 8.1 and 9",
    fix="Parse bodies with a strict JSON parser, bound their depth and numbers, and answer 400 to what it refuses; "
    "answer 415 to a charset or coding that you do not read.",
    judge=lambda caller, walk: judge_hostile_bodies(caller, walk()),
    planned=lambda caller: (Planned(o.label, 2 * len(BODIES) + 5) for o in _wanted(caller)),
)


class HostileBody(NamedTuple):
    """One kind of body."""

    name: str
    made: Callable[[Any], bytes | None]
    """Makes it of a valid body; None where that has no place for it."""
    may_be_accepted: bool = False
    """Whether a provider may accept it, since it is JSON or may be read as such."""
    level: Level = Level.MUST
    """Of a provider that accepts what it must not."""
    accepted: str = "accepts a body that is not JSON"
    """What is wrong then."""
    remains: bool = False
    """Whether what a provider stores of it may break its later answers, so that it is sent where it can be undone."""
    headers: dict[str, str] = {}  # noqa: RUF012 - never changed


def _text(body: Any) -> bytes:
    return json.dumps(body).encode()


def _in_place(body: Any, kind: type, written: bytes) -> bytes | None:
    """Return a body with raw bytes in place of its first scalar of a kind, else of its first one."""
    places = [place for place in leaves(body) if place[0]]
    fitting = [steps for steps, value in places if isinstance(value, kind) and not isinstance(value, bool)]
    chosen = next(iter(fitting or [steps for steps, _ in places]), None)
    return None if chosen is None else _text(with_value(body, chosen, _MARK)).replace(f'"{_MARK}"'.encode(), written, 1)


def _number(written: bytes) -> Callable[[Any], bytes | None]:
    return lambda body: _in_place(body, int | float, written)  # type: ignore[arg-type]  # isinstance takes a union


def _string(written: bytes) -> Callable[[Any], bytes | None]:
    return lambda body: _in_place(body, str, b'"' + written + b'"')


def _after(more: bytes) -> Callable[[Any], bytes | None]:
    return lambda body: _text(body) + more


def _repeated(body: Any) -> bytes | None:
    if not isinstance(body, dict) or not body:
        return None
    name = next(iter(body))
    return b"{" + _text(name) + b": null, " + _text(body)[1:]


def _nested(body: Any) -> bytes | None:
    return _in_place(body, str, b'{"a":' * LEVELS + b"1" + b"}" * LEVELS)


def _half_in_list(body: Any) -> bytes | None:
    return _in_place(body, str, b'["a\\ud800b"]')


BODIES: tuple[HostileBody, ...] = (
    HostileBody("the first half of a body", lambda body: _text(body)[: len(_text(body)) // 2]),
    HostileBody("text after the body", _after(b" harness")),
    HostileBody("a second body after the first", lambda body: _text(body) * 2),
    HostileBody("a brace after the body", _after(b"}")),
    HostileBody("NaN", _number(b"NaN")),
    HostileBody("Infinity", _number(b"-Infinity")),
    HostileBody("a NUL byte within a text", _string(b"a\x00b")),
    HostileBody("single quotes", lambda body: _text(body).replace(b'"', b"'")),
    HostileBody("a comment", lambda body: b"/* harness */" + _text(body)),
    HostileBody("bytes that are not UTF-8", _string(b"a\xff\xfeb"), level=Level.SHOULD, accepted=_NOT_UTF8),
    HostileBody(f"{LEVELS} objects within each other", _nested, may_be_accepted=True),
    HostileBody(
        f"{2 * LEVELS} lists within each other", lambda _: b"[" * 2 * LEVELS + b"]" * 2 * LEVELS, may_be_accepted=True
    ),
    HostileBody(f"{4 * LEVELS} lists that do not end", lambda _: b"[" * 4 * LEVELS),
    HostileBody("a repeated member", _repeated, may_be_accepted=True),
    HostileBody("1e400", _number(b"1e400"), may_be_accepted=True, remains=True),
    HostileBody("a number of 400 digits", _number(b"9" * 400), may_be_accepted=True),
    HostileBody("a number of 5000 digits", _number(b"-" + b"9" * 5000), may_be_accepted=True),
    HostileBody("an escaped NUL", _string(b"a\\u0000b"), may_be_accepted=True),
    HostileBody("half of a surrogate pair", _string(b"a\\ud800b"), may_be_accepted=True, remains=True),
    HostileBody("half of a surrogate pair in a list", _half_in_list, may_be_accepted=True),
    HostileBody("a byte order mark", lambda body: b"\xef\xbb\xbf" + _text(body), may_be_accepted=True),
    HostileBody("UTF-16", lambda body: json.dumps(body).encode("utf-16"), may_be_accepted=True),
    HostileBody(
        "an unknown charset", _text, may_be_accepted=True, headers={"content-type": "application/json; charset=harness"}
    ),
    HostileBody(
        "text/plain",
        _text,
        level=Level.SHOULD,
        accepted=_OTHER_TYPE,
        headers={"content-type": "text/plain"},
    ),
    HostileBody("an unknown coding", _text, may_be_accepted=True, headers={"content-encoding": "harness"}),
    HostileBody("a body that is not gzip", _text, may_be_accepted=True, headers={"content-encoding": "gzip"}),
)


def judge_hostile_bodies(caller: Caller, walk: LinkCrawler) -> list[Finding]:
    """Send each hostile body in place of one that was accepted; one finding for each kind of wrong answer."""
    wanted = list(_wanted(caller))
    if not wanted:
        return [HOSTILE_REFUSED.finding(Outcome.NOT_APPLICABLE, "the spec describes no JSON body", case="")]
    calls = AcceptedCalls(caller, walk.samples)
    found: list[Finding] = []
    made, left_out = 0, 0
    for operation in wanted:
        if made >= MOST:
            left_out += 1
        elif (sample := calls.of(operation)) is not None:
            made += len(BODIES)
            found += _judged(caller, sample)
    if found:
        return found
    rest = not_called(calls.refused) + (f"; {left_out} operations left out after {MOST} bodies" if left_out else "")
    outcome = Outcome.PASS if made else Outcome.ERROR
    observed = f"{len(BODIES)} bodies at {made // len(BODIES)} operations{rest}"
    return [HOSTILE_REFUSED.finding(outcome, observed, case="")]


def _wanted(caller: Caller) -> Iterator[Operation]:
    return (o for o in caller.operations.values() if o.body_place and o.method in ADDS)


def _judged(caller: Caller, sample: Sample) -> Iterator[Finding]:
    """Yield a finding for each kind of wrong answer of one operation; an error where the provider is gone."""
    wrong: dict[tuple[str, Level, str], list[str]] = {}
    label = sample.operation.label
    try:
        for hostile in BODIES:
            cause, crash = _cause(caller, sample, hostile)
            if cause:
                level = hostile.level if cause.startswith("accepts") else Level.MUST
                wrong.setdefault((cause, level, crash), []).append(hostile.name)
    except ProbeError as exc:
        yield HOSTILE_REFUSED.finding(
            Outcome.ERROR, str(exc), summary=f"{label}: {HOSTILE_REFUSED.summary}", case=label
        )
    for (cause, level, crash), names in wrong.items():
        observed = f"{sample.operation.method} {sample.path} with {', '.join(names)}"
        made = broken(label, HOSTILE_REFUSED, cause, observed, shared=crash, fix=_FIXES.get(cause, ""))
        yield msgspec.structs.replace(made, level=level)


def _cause(caller: Caller, sample: Sample, hostile: HostileBody) -> tuple[str, str]:
    """Send a hostile body; return what is wrong with the answer and the cause of a crash, empty for nothing."""
    content = hostile.made(sample.body)
    if content is None or (hostile.remains and not can_be_undone(caller, sample)):
        return "", ""
    if not hostile.may_be_accepted and not _is_forbidden(sample.operation, content, hostile.headers):
        return "", ""
    kind = next(kind for kind in sample.operation.bodies if is_json(kind))
    headers = {"content-type": kind, **hostile.headers}
    result = caller.send(sample.operation, sample.path, content=content, headers=headers)
    undo(caller, sample, result)
    cause = cause_of(result, "" if hostile.may_be_accepted else hostile.accepted, "a hostile body")
    return cause, crash_cause_of(result, sample.operation, "body")


def _is_forbidden(operation: Operation, content: bytes, headers: dict[str, str]) -> bool:
    """Whether the document has no such media type, or the content is not JSON; single quotes may well be in no body."""
    kind = headers.get("content-type")
    return most_specific(operation.bodies, kind) is None if kind else _is_malformed(content)


def _is_malformed(content: bytes) -> bool:
    """Whether bytes are not JSON (RFC 8259)."""
    try:
        json.loads(content.decode(), parse_constant=_refuse)
    except (ValueError, RecursionError):
        return True
    return False


def _refuse(constant: str) -> None:
    raise ValueError(constant)
