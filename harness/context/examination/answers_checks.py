"""What the running target answers: the provider to one read, the receiver to one genuine delivery, and its probe."""

from __future__ import annotations

import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import httpx

from harness.context.examination.named_things import uncallable
from harness.context.examination.symptom import Symptom
from harness.http.address import public_url
from harness.model.config import Probes
from harness.process.unreachable import why_unreachable

if TYPE_CHECKING:
    from harness.context.run_context import RunContext
    from harness.model import Delivery, Event
    from harness.webhooks.case_runner import ReceiverUnderTest

MOST_SKEW_S = 60.0
"""Seconds by which the clocks may differ; the tolerance of most webhook signatures is 300."""
EFFECT_WITHIN_S = 5.0


def _provider(context: RunContext) -> Iterator[str]:
    """Read once, with the credential where there is one: what shows whether it works, and is likely to be there."""
    from harness.contract.likely_reads import likely_reads

    if context.provider.serves_spec:
        yield from uncallable(context)  # of a document that is at hand, it was seen before
    if context.config.provider is None or context.target.probes is Probes.NONE:
        return
    with context.provider.client() as client:
        secured = context.provider.secured(client)
        shows = secured.reads
        likely = [o.path for o in likely_reads(context.spec) if o.label in context.provider.permission.labels]
        paths = [path for path in likely if path in shows] or shows or likely
        if not paths:
            return
        sent_at = time.time()
        result = client.send(client.build("GET", paths[0], {}))
        key = secured.key_at(paths[0])
    base = public_url(context.provider.section.base_url)
    if result.last is None:
        advice = why_unreachable(context.provider.section.base_url) or "Correct the URL, or start the provider."
        yield f"[provider] base_url: {base} does not answer: {result.reason}. {advice}"
        return
    yield from _of_answer(result.last, f"GET {paths[0]}", base, sent_at, key=key if shows else "")


def _of_answer(answer: httpx.Response, request: str, base: str, sent_at: float, *, key: str) -> Iterator[str]:
    """Yield what an answer shows; ``key`` is that of the credential, empty where none is asked for."""
    status = answer.status_code
    if status in {401, 403} and key:
        yield (
            f"{key}: {request} was answered with HTTP {status}. Compare its type, header and value with what "
            "the provider issued."
        )
    elif status == 404:
        yield (
            f"[provider] base_url: {request} was answered with HTTP 404. Compare the path of {base} with the servers "
            "of the document; where the path is right and this API has no such operation, name another in [provider] "
            "whoami."
        )
    elif status >= 500:
        yield f"[provider] base_url: {request} was answered with HTTP {status}. Check the provider's log."
    if skew := _skew_s(answer, sent_at):
        yield (
            f"The clock of this machine and the provider's differ by {skew:.0f} s, by the header Date of its answer. "
            "Set this clock (timedatectl set-ntp true): signatures with timestamps would be refused."
        )


def _skew_s(answer: httpx.Response, sent_at: float) -> float:
    try:
        theirs = parsedate_to_datetime(answer.headers.get("date", "")).timestamp()
    except (TypeError, ValueError):
        return 0.0
    skew = abs(theirs - sent_at)
    return skew if skew > MOST_SKEW_S else 0.0


def _receiver(context: RunContext) -> Iterator[str]:
    """Deliver one event, and ask the probe about it and about one that was never sent."""
    from harness.context.receiver_parts import event_format_of, events_of, receiver_of
    from harness.webhooks.events import representative

    section = context.config.receiver
    if section is None or section.signature is None or section.events is None or context.target.production:
        return
    receiver = receiver_of(context)
    event = receiver.fresh(representative(events_of(context, event_format_of(context))))
    unknown = receiver.probe.effects(receiver.fresh(event).id) if receiver.probe else 0
    if unknown:
        yield (
            f"[receiver] effects reports {unknown} for an event that was never delivered. Select by {{event_id}} (in "
            "SQL :event_id), and return 0, or 404, for an unknown event."
        )
    delivery = receiver.deliver(event)
    yield from _of_delivery(delivery, section.url)
    if delivery.acknowledged and not unknown:
        yield from _of_effect(receiver, event)


def _of_delivery(delivery: Delivery, url: str) -> Iterator[str]:
    status, asked = delivery.status, url
    url = public_url(asked)
    if status is None:
        advice = why_unreachable(asked) or "Correct the URL, or start the receiver."
        yield f"[receiver] url: {url} does not answer: {delivery.seen}. {advice}"
    elif status in {404, 405}:
        yield f"[receiver] url: a delivery to {url} was answered with HTTP {status}. Correct its path."
    elif status in {400, 401, 403}:
        yield (
            f"[receiver] signature: a genuine delivery was answered with HTTP {status}. Compare scheme and secret with "
            "the receiver's; `harness scheme` finds the scheme of a captured delivery."
        )
    elif not delivery.acknowledged:
        yield f"[receiver] url: a genuine delivery was answered with HTTP {status}. The receiver's log states why."


def _of_effect(receiver: ReceiverUnderTest, event: Event) -> Iterator[str]:
    if receiver.probe and event.id and not receiver.probe.wait(event.id, within_s=EFFECT_WITHIN_S):
        yield (
            f"[receiver] effects shows nothing of an event that was acknowledged {EFFECT_WITHIN_S:g} s ago. Count what "
            "the event did by its id, or start the worker that processes it."
        )


ANSWERS: tuple[Symptom, ...] = (
    Symptom(
        "provider",
        "the provider: address, credential, clock",
        _provider,
        needs=("variables", "document"),
        section="provider",
    ),
    Symptom(
        "receiver",
        "the receiver: address, signature, effects",
        _receiver,
        needs=("variables", "fixtures", "paths"),
        section="receiver",
    ),
)
"""What needs a running target."""
