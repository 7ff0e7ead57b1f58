"""Webhooks as the provider sends them: signed right, valid against the document, and sent again after a failure."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

import msgspec

from harness.contract.webhooks.catcher import Caught
from harness.http.message import Headers
from harness.model import Finding, Outcome

ITEM = "webhooks.sent"
POLL_S = 0.1


class ExpectedDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """How one delivery, which came at a time in Unix seconds, is judged; each returns what is wrong, if anything."""

    signature: Callable[[Headers, bytes, float], str] | None
    """None where only the provider's public key could tell."""
    schema: Callable[[Headers, bytes, float], str]
    named: Callable[[Headers, bytes], str] = lambda _headers, _body: "webhook"
    """What kind of event one is: each kind that breaks its schema is a defect of its own."""


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
        return [
            _finding(
                Outcome.ERROR,
                "no webhook arrived while the workflow ran, so nothing can be said of them",
                "Is [provider.webhooks] register right, and can the provider reach this machine? "
                "[provider.webhooks] url names the way from outside.",
            )
        ]
    return [
        *_judged_signatures(seen, expected),
        *_judged(
            "valid",
            "the schema of the spec's webhooks",
            seen,
            expected.schema,
            cause=lambda delivery, _: expected.named(delivery.headers, delivery.body),
        ),
        _judged_repetition(seen, again_within_s),
    ]


def _judged_signatures(seen: Sequence[Caught], expected: ExpectedDelivery) -> list[Finding]:
    if expected.signature is None:
        said = "the scheme signs with a key pair, and harness.toml holds no public key of the provider"
        return [_finding(Outcome.NOT_APPLICABLE, "the provider's signatures are not judged", said, case="signed")]
    wanted = "the signature of the scheme in [receiver] signature"
    return _judged("signed", wanted, seen, expected.signature, cause=lambda _, said: said.partition(" (")[0])


def _judged(
    case: str,
    wanted: str,
    seen: Sequence[Caught],
    complain: Callable[[Headers, bytes, float], str],
    *,
    cause: Callable[[Caught, str], str],
) -> list[Finding]:
    """Return a finding for each ``cause`` of complaints, or one that there is none."""
    complaints = defaultdict(list)
    for delivery in seen:
        if said := complain(delivery.headers, delivery.body, delivery.at):
            complaints[cause(delivery, said)].append((delivery, said))
    if not complaints:
        return [_finding(Outcome.PASS, f"{len(seen)} deliveries of the provider are {case}", wanted, case=case)]
    found = []
    for why, same in complaints.items():
        first, said = same[0]
        summary = f"{len(same)} of {len(seen)} deliveries of the provider are not {case}"
        observed = f"event {first.event or '(no id)'}: {said}"
        failed = _finding(Outcome.FAIL, summary, observed, case=case, expected=wanted)
        found.append(failed.named(ITEM, case, why))
    return found


def _judged_repetition(seen: Sequence[Caught], within_s: float) -> Finding:
    wanted = f"the same event again, under the same id, within {within_s:g} s of a 503"
    missing = list(_missing(seen))
    if not missing:
        refused = sum(d.status >= 500 for d in seen)
        if refused:
            summary = f"{refused} deliveries answered with 503 came again under the same id"
            return _finding(Outcome.PASS, summary, wanted, case="redelivered")
        return _finding(Outcome.ERROR, "no delivery was answered with 503", wanted, case="redelivered")
    disguised = [(m, d) for m in missing for d in seen if d.event != m.event and _content(d) == _content(m)]
    if disguised:
        before, after = disguised[0]
        said = f"event {before.event} came again as {after.event}: a receiver would process it twice"
        summary = "a failed delivery is sent again under another id"
    else:
        said = f"event {missing[0].event or '(no id)'} was answered with 503 and did not come again"
        summary = "a failed delivery is not sent again"
    failed = _finding(Outcome.FAIL, summary, said, case="redelivered", expected=wanted)
    return failed.named(ITEM, "redelivered", summary)


def _missing(seen: Sequence[Caught]) -> Iterator[Caught]:
    """Yield the refused deliveries whose event did not come again under its id."""
    for number, delivery in enumerate(seen):
        if delivery.status >= 500 and not any(d.event == delivery.event for d in seen[number + 1 :]):
            yield delivery


def _content(delivery: Caught) -> str:
    """Return an event without its id, to know it again."""
    try:
        document = json.loads(delivery.body)
    except ValueError:
        return delivery.body.hex()
    rest = {k: v for k, v in document.items() if v != delivery.event} if isinstance(document, dict) else document
    return json.dumps(rest, sort_keys=True)


def _finding(outcome: Outcome, summary: str, observed: str, *, case: str = "", expected: str = "") -> Finding:
    return Finding(
        item=ITEM,
        outcome=outcome,
        summary=summary,
        expected=expected,
        observed=observed,
        source="Standard Webhooks specification; the spec's webhooks",
        case=case,
    )
