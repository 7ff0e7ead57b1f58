"""Idempotency keys: one key is one call, however often and however fast it arrives.

draft-ietf-httpapi-idempotency-key-header: the same key with the same payload gives the result of the first call; with
another payload an error; while the first is still being answered, 409.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, pairwise
from typing import Any

import msgspec

from harness.contract import key_fixes
from harness.contract.caller import Caller, broken, same_resource
from harness.contract.keyed_writes import KeyedWrite, keyed_operations, takes_key
from harness.contract.link_crawler import LinkCrawler
from harness.contract.promise import Planned, Promise, not_called
from harness.contract.sample import Sample
from harness.contract.sendable_bodies import first_accepted, sendable_bodies
from harness.core.cutting import cut
from harness.model import Finding, FixedBy, Level, Outcome
from harness.openapi.examples import another_body, refused_body
from harness.openapi.operation import Operation
from harness.openapi.routes import prefixes
from harness.openapi.spec_document import Spec

AT_ONCE = 20
TWO_BODIES = 6
"""Calls at once, half of them with another body."""
MOST_CALLS: int = 2 + 1 + 2 + AT_ONCE + 2 + TWO_BODIES + 6 + 4
"""Calls of one operation: repeated, another body, near keys, at once and after that, two bodies, refused, elsewhere."""
KEYS_KEPT = Promise(
    id="idempotency",
    item="contract.fuzz",
    fixed_by=FixedBy.PROVIDER,
    summary="calls repeated under one idempotency key",
    passed="Treated calls under one idempotency key as one call",
    failed="Did not treat calls under one idempotency key as one call",
    expected="same key and body: the same resource; another body: 4xx; at once: one resource, others 409 meanwhile",
    source="draft-ietf-httpapi-idempotency-key-header-07 section 2",
    fix="Store operation, key and digest of the body under a unique constraint before the call; answer from that.",
    judge=lambda caller, walk: judge_idempotency(caller, walk()),
    planned=lambda caller: (Planned(o.label, MOST_CALLS) for o in keyed_operations(caller)),
)
_IN_PROGRESS = frozenset({409, 425, 429, 503})
_UNUSABLE = "a key whose first call was refused cannot be used again"
_WAITS = frozenset({409, 425})
"""Statuses of a key whose first call is still being answered."""


def promises_keys(spec: Spec) -> bool:
    """Whether a document names an idempotency key of any operation, in a header or a member of the body."""
    return any(takes_key(spec, operation) for operation in spec.operations)


def judge_idempotency(caller: Caller, walk: LinkCrawler) -> list[Finding]:
    """Repeat successful calls, each under its own key; one finding per violation, or one for a pass.

    An error where none could be called. What could not be tried beside others is listed with its answer.
    """
    keyed = keyed_operations(caller)
    if not keyed:
        return [
            KEYS_KEPT.not_known(
                "the spec names no Idempotency-Key header, and no member idempotency_key of a body; add the parameter "
                "to every write that takes one"
            )
        ]
    found: list[Finding] = []
    judged: list[KeyedWrite] = []
    refused: dict[str, str] = {}
    for operation in keyed:
        sample = _called(walk, operation) or _tried(caller, walk, operation)
        if sample is None or not sample.response.is_success:
            no_path = "no path of it is known" if "{" in operation.path else "no valid body of it is known"
            refused[operation.label] = sample.answer if sample else walk.refused.get(operation.label, no_path)
            continue
        write = _renewed(KeyedWrite(caller, sample), walk)
        key = write.key()
        first, second = write.call(key), write.call(key)
        if not first.response.is_success:
            refused[operation.label] = first.answer  # the thing it was about may be in another state by now
            continue
        judged.append(write)
        found += _judged(write, key, first, second)
    found += _elsewhere(judged)
    return found or [_kept(judged, refused)]


def _called(walk: LinkCrawler, operation: Operation) -> Sample | None:
    """Return the last call of the walk that succeeded."""
    return next((s for s in reversed(walk.samples) if s.operation.label == operation.label), None)


def _tried(caller: Caller, walk: LinkCrawler, operation: Operation) -> Sample | None:
    """Call what the walk did not: a write to what the run created."""
    path = caller.resources.filled(operation.path, created=True)
    if path is None or operation.label in walk.refused or not caller.permits(operation.method, path):
        return None
    bodies = sendable_bodies(caller, operation, random_seed=walk.random_seed)
    return first_accepted(bodies, lambda body: caller.call(operation, path, body))


def _renewed(write: KeyedWrite, walk: LinkCrawler) -> KeyedWrite:
    """Return the write at a resource made for it: what it does may be done to each only once."""
    operation = write.sample.operation
    for prefix, _ in prefixes(operation.path)[-1:]:
        above = prefix.rpartition("/")[0]
        made = next((s for s in reversed(walk.samples) if s.operation.label == f"POST {above}"), None)
        if made is not None and write.caller.call(made.operation, made.path, made.body).response.is_success:
            path = write.caller.resources.filled(operation.path, created=True)
            return write.at(path) if path is not None else write
    return write


def _judged(write: KeyedWrite, key: str, first: Sample, second: Sample) -> Iterator[Finding]:
    if not (second.response.is_success and same_resource(first, second)):
        yield _broken(write.label, "the same key and body is not answered with the same resource", [first, second])
        return  # what follows would only find the same again
    if missing := _lost_in_repetition(first, second):
        found = _broken(write.label, f"the repeated answer {missing}", [first, second], key_fixes.WHOLE_ANSWER)
        yield msgspec.structs.replace(found, level=Level.SHOULD)
    other = another_body(write.caller.spec, write.sample.operation, write.sample.body)
    answer = None if other is None else write.call(key, other)
    ignored = answer is not None and answer.response.is_success
    if answer is not None and ignored:
        yield _broken(write.label, "another body under a used key is not refused", [answer])
    elif answer is not None and (near := _taken_for(write, key, answer)):
        cause = "two keys that differ in their last character are one key"
        yield _broken(write.label, cause, [answer, near], key_fixes.WHOLE_KEY)
    if raced := list(_at_once(write)):
        yield from raced
        return
    if other is not None and not ignored:
        yield from _two_bodies_at_once(write, other)
    yield from _after_a_refusal(write)


def _taken_for(write: KeyedWrite, key: str, refused: Sample) -> Sample | None:
    """Return the refusal of a key that differs in its last character, where it is that of a used key; else None."""
    near = key[:-1] + ("1" if key[-1:] != "1" else "2")
    if not key or not write.admits(near) or not refused.response.is_client_error:
        return None
    answer = write.call(near, refused.body)
    is_alike = answer.response.status_code == refused.response.status_code and answer.answer == refused.answer
    return answer if is_alike and write.call(write.key(), refused.body).response.is_success else None


def _lost_in_repetition(first: Sample, second: Sample) -> str:
    """Return what the answer to a repeated call has not, and the first one has; empty for nothing."""
    located = [s.response.headers.get("location") for s in (first, second)]
    return "has no Location, unlike the first" if located[0] and not located[1] else ""


def _at_once(write: KeyedWrite) -> Iterator[Finding]:
    key = write.key()
    answers = write.at_once(key, [write.sample.body] * AT_ONCE)
    done = [a for a in answers if a.response.is_success]
    odd = [a for a in answers if not a.response.is_success and a.response.status_code not in _IN_PROGRESS]
    after = write.call(key)
    if not done and not write.call(write.key()).response.is_success:
        odd = [a for a in odd if a.response.is_server_error]  # it can be done only once, under whatever key
    elif after.response.status_code in _WAITS:
        cause = f"after {AT_ONCE} calls at once, their key stays in progress"
        yield _broken(write.label, cause, [*done[:1], after], key_fixes.ENDS)
        return
    if not all(same_resource(done[0], other) for other in [*done, *([after] if after.response.is_success else [])][1:]):
        yield _broken(write.label, f"{AT_ONCE} calls at once under one key are not one call", [*done, after])
    elif odd:
        cause = f"{AT_ONCE} calls at once under one key are not all answered or told to wait"
        yield _broken(write.label, cause, odd, key_fixes.WAITS)


def _two_bodies_at_once(write: KeyedWrite, other: Any) -> Iterator[Finding]:
    bodies = [write.sample.body, other] * (TWO_BODIES // 2)
    answers = zip(write.at_once(write.key(), bodies), bodies, strict=True)
    done = [(answer, body) for answer, body in answers if answer.response.is_success]
    if different := [answer for answer, body in done if body != done[0][1]]:
        cause = "two bodies at once under one key are both accepted"
        yield _broken(write.label, cause, [done[0][0], *different])


def _after_a_refusal(write: KeyedWrite) -> Iterator[Finding]:
    """A key whose first call was refused is no trap: the refusal stays one, and what then succeeds is stored."""
    operation = write.sample.operation
    nowhere = write.at(operation.made_up_path)
    may_be_lost = operation.path_parameters and write.caller.permits(operation.method, nowhere.path)
    if may_be_lost and (fault := _refused_twice(nowhere, nowhere.key(), None)):
        yield fault
        return
    invalid = refused_body(write.caller.spec, operation, write.sample.body)
    if invalid is None:
        return
    key = write.key()
    if fault := _refused_twice(write, key, invalid):
        yield fault
        return
    right, repeated = write.call(key), write.call(key)
    if right.response.is_server_error:
        yield _broken(write.label, _UNUSABLE, [right], key_fixes.REFUSED)
    elif right.response.is_success and not (repeated.response.is_success and same_resource(right, repeated)):
        cause = "a key whose first call was refused does not hold for the second"
        yield _broken(write.label, cause, [right, repeated], key_fixes.AFTER_REFUSAL)


def _refused_twice(write: KeyedWrite, key: str, body: Any) -> Finding | None:
    """Make a call that is refused, and again; return what is wrong with the second answer, None where nothing is."""
    first, again = write.call(key, body), write.call(key, body)
    if not first.response.is_client_error or first.response.status_code in _IN_PROGRESS:
        return None
    if again.response.is_success:
        cause = "a refused call succeeds when it is repeated under its key"
        return _broken(write.label, cause, [first, again], key_fixes.REFUSED_AGAIN)
    same = again.response.status_code in (first.response.status_code, *_IN_PROGRESS - _WAITS)
    return None if same else _broken(write.label, _UNUSABLE, [first, again], key_fixes.REFUSED)


def _elsewhere(writes: Sequence[KeyedWrite]) -> Iterator[Finding]:
    """A key of one operation or path is refused at another, or is a new one there: never the answer of the first."""
    pairs = [(before, write, "operation") for before, write in pairwise(writes)]
    for write in writes:
        paths = (p for p in write.caller.resources.paths(write.sample.operation.path, created=True))
        pairs += [(write, write.at(path), "path") for path in islice((p for p in paths if p != write.sample.path), 1)]
    for before, write, kind in pairs:
        key = before.key()
        if not write.admits(key):
            continue
        first, other = before.call(key), write.call(key)
        if not first.response.is_success or first.document in (None, {}, [], write.sample.document):
            continue  # it would show nothing
        if other.response.is_success and other.document == first.document:
            cause = f"a key that was used at another {kind} is answered with the result from there"
            yield _broken(write.label, cause, [first, other], key_fixes.ELSEWHERE)
        elif other.response.is_server_error:
            cause = f"a key that was used at another {kind} is a server error"
            yield _broken(write.label, cause, [first, other], key_fixes.ELSEWHERE)


def _broken(label: str, cause: str, answers: Sequence[Sample], fix: str = "") -> Finding:
    """Return a finding; ``fix`` where the row's own, to store keys at all, would not correct the cause."""
    shown = "; ".join(f"HTTP {a.response.status_code} {cut(a.response.text, 120)}" for a in answers[:3])
    more = f"; and {len(answers) - 3} more" if len(answers) > 3 else ""
    return broken(label, KEYS_KEPT, cause, shown + more, fix=fix)


def _kept(judged: Sequence[KeyedWrite], refused: Mapping[str, str]) -> Finding:
    if not judged:
        summary = f"{KEYS_KEPT.sentence(Outcome.ERROR)}{not_called(refused)}"
        return KEYS_KEPT.finding(Outcome.ERROR, "Give their bodies an example in the spec.", summary=summary, case="")
    summary = f"{KEYS_KEPT.passed}: {', '.join(sorted(write.label for write in judged))}{not_called(refused)}"
    observed = f"the same key and body, another body, {AT_ONCE} calls at once, a refused call, and another operation"
    return KEYS_KEPT.finding(Outcome.PASS, observed, summary=summary, case="")
