"""Idempotency keys: one key is one call, however often and however fast it arrives.

draft-ietf-httpapi-idempotency-key-header: the same key with the same payload gives the result of the first call; with
another payload an error; while the first is still being answered, 409.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from harness.contract.caller import Caller, broken, same_resource
from harness.contract.promise import Planned, Promise
from harness.contract.required_inputs import KEYS
from harness.contract.sample import Sample
from harness.model import Finding, FixedBy, Outcome
from harness.openapi.examples import another_body
from harness.openapi.operation import Operation
from harness.openapi.spec_document import Spec

AT_ONCE = 20
KEYS_KEPT = Promise(
    id="idempotency",
    item="contract.fuzz",
    fixed_by=FixedBy.PROVIDER,
    summary="calls repeated under one idempotency key",
    passed="Treated calls under one idempotency key as one call",
    failed="Did not treat calls under one idempotency key as one call",
    expected="same key and body: the same resource; another body: 4xx; at once: one resource, others 409 meanwhile",
    source="draft-ietf-httpapi-idempotency-key-header-07 section 2",
    fix="Store the key and a digest of the body under a unique constraint before the call is done; answer from it.",
    judge=lambda caller, walk: judge_idempotency(caller, walk().samples),
    planned=lambda caller: (Planned(o.label, 3 + AT_ONCE) for o in _keyed(caller)),
)
_WRITES = frozenset({"POST", "PATCH"})
_IN_PROGRESS = frozenset({409, 425, 429, 503})


def key_header(operation: Operation) -> str:
    """Return the name of the header that carries the key, empty where the document names none."""
    headers = (p["name"] for p in operation.parameters if p.get("in") == "header")
    return next((name for name in headers if name.lower() in KEYS), "")


def promises_keys(spec: Spec) -> bool:
    """Whether a document names an Idempotency-Key header for any operation."""
    named = (p["name"].lower() for o in spec.operations for p in o.parameters if p.get("in") == "header")
    return not KEYS.isdisjoint(named)


def _keyed(caller: Caller) -> list[Operation]:
    """Return the writes that take a key."""
    return [o for o in caller.operations.values() if o.method in _WRITES and key_header(o)]


def judge_idempotency(caller: Caller, samples: Sequence[Sample]) -> list[Finding]:
    """Repeat successful calls, each under its own key; one finding per violation, or one for a pass."""
    keyed = {o.label: header for o in caller.operations.values() if (header := key_header(o))}
    if not keyed:
        return [_not_known("the spec names no Idempotency-Key header; add the parameter to every write that takes one")]
    judged = {s.operation.label: s for s in samples if s.operation.label in keyed and s.operation.method in _WRITES}
    found = [f for label, sample in judged.items() for f in _judged(caller, sample, keyed[label])]
    if not judged:
        needs = ", ".join(sorted(keyed))
        return [_not_known(f"none of {needs} could be called; give their bodies an example in the spec")]
    return found or [_kept(sorted(judged))]


def _judged(caller: Caller, sample: Sample, header: str) -> Iterator[Finding]:
    label = sample.operation.label
    key = {header: secrets.token_hex(16)}
    first, second = (caller.call(sample.operation, sample.path, sample.body, headers=key) for _ in range(2))
    if not first.response.is_success:
        return  # the thing it was about may be in another state by now
    if not (second.response.is_success and same_resource(first, second)):
        yield _broken(label, "the same key and body is not answered with the same resource", [first, second])
        return  # what follows would only say the same again
    yield from _with_another_body(caller, sample, key)
    yield from _at_once(caller, sample, header)


def _with_another_body(caller: Caller, sample: Sample, key: Mapping[str, str]) -> Iterator[Finding]:
    other = another_body(caller.spec, sample.operation, sample.body)
    if other is None:
        return
    answer = caller.call(sample.operation, sample.path, other, headers=key)
    if answer.response.is_success:
        yield _broken(sample.operation.label, "another body under a used key is not refused", [answer])


def _at_once(caller: Caller, sample: Sample, header: str) -> Iterator[Finding]:
    key = {header: secrets.token_hex(16)}

    def call(_: int) -> Sample:
        return caller.call(sample.operation, sample.path, sample.body, headers=key)

    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="at-once") as pool:
        answers = list(pool.map(call, range(AT_ONCE)))
    done = [a for a in answers if a.response.is_success]
    odd = [a for a in answers if not a.response.is_success and a.response.status_code not in _IN_PROGRESS]
    label = sample.operation.label
    if done and not all(same_resource(done[0], other) for other in done[1:]):
        yield _broken(label, f"{AT_ONCE} calls at once under one key are not one call", done)
    elif odd:
        yield _broken(label, f"{AT_ONCE} calls at once under one key are not all answered or told to wait", odd)


def _broken(label: str, cause: str, answers: Sequence[Sample]) -> Finding:
    shown = "; ".join(f"HTTP {a.response.status_code} {a.response.text[:120]}" for a in answers[:3])
    more = f"; and {len(answers) - 3} more" if len(answers) > 3 else ""
    return broken(label, KEYS_KEPT, cause, shown + more)


def _kept(labels: Sequence[str]) -> Finding:
    summary = f"{KEYS_KEPT.passed}: {', '.join(labels)}"
    observed = f"the same key and body, another body, and {AT_ONCE} calls at once"
    return KEYS_KEPT.finding(Outcome.PASS, observed, summary=summary, case="")


def _not_known(why: str) -> Finding:
    summary = f"{KEYS_KEPT.sentence(Outcome.NOT_APPLICABLE)}: {why}"
    return KEYS_KEPT.finding(Outcome.NOT_APPLICABLE, "", summary=summary, case="")
