"""Webhooks as the provider sends them: signed right, valid against the document, and sent again after a failure."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

import msgspec

from harness.contract.webhooks.catcher import Caught
from harness.core.pointers import mapped, text_of
from harness.http.message import Request
from harness.model import Check, Finding, FixedBy, Outcome

_SOURCE = "Standard Webhooks specification; the spec's webhooks"
SIGNED = Check(
    id="signed",
    item="webhooks.sent",
    fixed_by=FixedBy.PROVIDER,
    summary="the signatures of what the provider sends",
    passed="Signed every delivery with the scheme of [receiver] signature",
    failed="Sent a delivery whose signature is wrong",
    expected="the signature of the scheme in [receiver] signature",
    source=_SOURCE,
    fix="Compare [receiver] signature, its scheme and secret, with how the provider signs.",
)
VALID = Check(
    id="valid",
    item="webhooks.sent",
    fixed_by=FixedBy.PROVIDER,
    summary="the bodies of what the provider sends",
    passed="Sent only bodies that the spec's webhooks allow",
    failed="Sent a body that the spec's webhooks do not allow",
    expected="the schema of the spec's webhooks",
    source=_SOURCE,
    fix="Correct what is sent or the schema in the spec's webhooks, whichever is wrong.",
)
REDELIVERED = Check(
    id="redelivered",
    item="webhooks.sent",
    fixed_by=FixedBy.PROVIDER,
    summary="what becomes of a delivery that was answered with 503",
    passed="Sent an event again after a 503, under the same id",
    failed="Did not send an event again after a 503 under the same id",
    expected="the same event again, under the same id",
    source=_SOURCE,
    fix="Deliver an event again after 5xx or silence, with growing pauses, under the id that it had.",
)
CHECKS = (SIGNED, VALID, REDELIVERED)
Judge = Callable[[Request, float], tuple[str, str] | None]
POLL_S = 0.1


class ExpectedDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """How one delivery, which came at a time in Unix seconds, is judged.

    Each judge returns None, or the cause, which is part of a finding's id, and what is wrong.
    """

    signature: Judge | None
    """None where verification needs the provider's public key."""
    schema: Judge
    """Its cause is the type of the event: each type that breaks its schema is a separate defect."""


def wait_for_deliveries(
    caught: Callable[[], Sequence[Caught]], *, first_within_s: float, again_within_s: float
) -> Sequence[Caught]:
    """Wait until each refused event came again, or its time is over; return what was caught."""
    start = time.monotonic()
    seen = caught()
    while not seen and time.monotonic() - start < first_within_s:
        time.sleep(POLL_S)
        seen = caught()
    start = time.monotonic()
    while list(_missing(seen)) and time.monotonic() - start < again_within_s:
        time.sleep(POLL_S)
        seen = caught()
    return seen


def judge_deliveries(seen: Sequence[Caught], expected: ExpectedDelivery, *, again_within_s: float) -> list[Finding]:
    """Return a finding each on signatures, on content and on repetition; one error when nothing was sent."""
    if not seen:
        observed = (
            "Is [provider.webhooks] register right, and can the provider reach this machine? "
            "Set [provider.webhooks] url to the address from outside."
        )
        summary = "no webhook arrived while the workflow ran, so none could be checked"
        return [SIGNED.finding(Outcome.ERROR, observed, summary=summary, case="")]
    return [
        *_judged_signatures(seen, expected),
        *_judged(VALID, seen, expected.schema),
        _judged_repetition(seen, again_within_s),
    ]


def _judged_signatures(seen: Sequence[Caught], expected: ExpectedDelivery) -> list[Finding]:
    if expected.signature is None:
        why = "the scheme signs with a key pair, of which harness.toml has no public key, or not at all"
        summary = "the provider's signatures are not checked"
        return [SIGNED.finding(Outcome.NOT_APPLICABLE, why, summary=summary)]
    return _judged(SIGNED, seen, expected.signature)


def _judged(check: Check, seen: Sequence[Caught], judge: Judge) -> list[Finding]:
    """Return a finding for each cause of complaints, or one for a pass."""
    complaints = defaultdict(list)
    for delivery in seen:
        if wrong := judge(delivery.request, delivery.at):
            cause, complaint = wrong
            complaints[cause].append((delivery, complaint))
    if not complaints:
        summary = f"{check.passed}: {len(seen)} deliveries"
        return [check.finding(Outcome.PASS, check.expected, summary=summary)]
    found = []
    for cause, same in complaints.items():
        first, complaint = same[0]
        summary = f"{check.failed}: {len(same)} of {len(seen)} deliveries"
        observed = f"event {first.event or '(no id)'}: {complaint}"
        failed = check.finding(Outcome.FAIL, observed, summary=summary)
        found.append(failed.named(check.item, check.id, cause))
    return found


def _judged_repetition(seen: Sequence[Caught], within_s: float) -> Finding:
    """Return whether what was refused came again: as the same event by its id or, without ids, with the same body."""
    wanted = f"the same event again, under the same id, within {within_s:g} s of a 503"
    refused = [d for d in seen if d.status >= 500]
    missing = list(_missing(seen))
    if not refused:
        return REDELIVERED.finding(Outcome.ERROR, wanted, summary="no delivery was answered with 503")
    if not missing:
        summary = "" if all(d.event for d in refused) else f"{_SAME_BODY}; {_NO_ID}"
        return REDELIVERED.finding(Outcome.PASS, f"{len(refused)} deliveries", summary=summary, expected=wanted)
    lost = next((d for d in missing if not _may_have_come_again(d, seen)), None)
    disguised = next(((m, d) for m in missing for d in seen if _is_disguised(m, d)), None)
    if disguised:
        before, after = disguised
        observed = f"event {before.event} came again as {after.event}: a receiver would process it twice"
        summary, cause = _RENAMED, "a failed delivery is sent again under another id"
    elif lost:
        observed = f"event {lost.event or '(no id)'} was answered with 503 and did not come again"
        summary, cause = REDELIVERED.failed, "a failed delivery is not sent again"
    else:
        observed = f"what came after a 503 has another body, and {_NO_ID}"
        return REDELIVERED.finding(Outcome.ERROR, observed, expected=wanted)
    failed = REDELIVERED.finding(Outcome.FAIL, observed, summary=summary, expected=wanted)
    return failed.named(REDELIVERED.item, REDELIVERED.id, cause)


_SAME_BODY = "Sent an event again after a 503, with the same body"
_RENAMED = "Sent an event again after a 503 under another id"
_NO_ID = "no id was found with [receiver] signature and event_id. Set [receiver] event_id to its key"


def _missing(seen: Sequence[Caught]) -> Iterator[Caught]:
    """Yield the refused deliveries whose event was not sent again."""
    for number, delivery in enumerate(seen):
        if delivery.status >= 500 and not any(d.identity == delivery.identity for d in seen[number + 1 :]):
            yield delivery


def _may_have_come_again(refused: Caught, seen: Sequence[Caught]) -> bool:
    """Whether a later delivery may be of the same event: neither has an id, and a sender may change a body."""
    return not refused.event and any(
        not d.event and d.request.body != refused.request.body for d in seen[seen.index(refused) + 1 :]
    )


def _is_disguised(refused: Caught, other: Caught) -> bool:
    both_named = refused.event and other.event and refused.event != other.event
    return bool(both_named) and _content(refused) == _content(other)


def _content(delivery: Caught) -> str:
    """Return an event without its id, wherever that is, to recognise a repetition."""
    try:
        document = json.loads(delivery.request.body)
        nameless = mapped(document, lambda v: None if text_of(v) == delivery.event else v)
        return json.dumps(nameless, sort_keys=True)
    except (ValueError, RecursionError):
        return delivery.request.body.hex()
