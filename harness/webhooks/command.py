"""`harness deliver`: fixtures signed and delivered, and what became of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from harness.errors import ConfigurationError, nearest
from harness.model import Delivery, Event, SecretRef
from harness.network import Network
from harness.secrets import Vault
from harness.webhooks.cases import CASES, Material, ReceiverCase, case_named
from harness.webhooks.delivery import Sender, deliver_all
from harness.webhooks.events import EventFormat, read_events
from harness.webhooks.schemes import scheme_named


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be delivered where, as said on the command line."""

    url: str
    scheme: str
    header: str | None
    secret: str
    concurrency: int
    altered: str | None = None


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the deliveries."""

    delivered: int
    acknowledged: int
    slowest_s: float

    @property
    def text(self) -> str:
        """One line."""
        refused = self.delivered - self.acknowledged
        return (
            f"{self.delivered} delivered, {self.acknowledged} acknowledged, {refused} not; "
            f"slowest answer {self.slowest_s * 1000:.0f} ms"
        )


def deliver_events(paths: Iterable[Path], order: Order, *, each: Callable[[str], None] | None) -> Summary:
    """Deliver every fixture under ``paths`` once; ``each`` is told every delivery in one line.

    Raises `ConfigurationError` for a scheme, case or secret that does not exist, `EventError` for a bad fixture.
    """
    scheme = scheme_named(order.scheme)
    if order.header:
        scheme = msgspec.structs.replace(scheme, header=order.header.lower())
    secret = _secret(order.secret)
    event_format = EventFormat(scheme=scheme)
    events = [_addressed(e, event_format) for e in read_events(paths, event_format.read)]
    with Network([order.url]).client(connections=order.concurrency) as client:
        sender = Sender(client, order.url, scheme=scheme, secret=secret)
        send = _forger(sender, _case(order.altered)) if order.altered else sender.deliver
        return _summed(deliver_all(send, events, concurrency=order.concurrency), each)


def _addressed(event: Event, event_format: EventFormat) -> Event:
    """Give the event the headers its scheme wants: a fresh delivery id, and its type."""
    scheme = event_format.scheme
    if scheme.id_header and scheme.id_header not in dict(event.headers):
        event = event_format.fresh(event, f"evt_{os.urandom(8).hex()}")
    if scheme.type_header and scheme.type_header not in dict(event.headers):
        headers = (*event.headers, (scheme.type_header, event.type))
        event = msgspec.structs.replace(event, headers=headers)
    return event


def _forger(sender: Sender, case: ReceiverCase) -> Callable[[Event], Delivery]:
    def send(event: Event) -> Delivery:
        built = case.build(Material(sender.scheme, event, sender.secret(), sender.now(), url=sender.url))
        return sender.send(event, built.headers, built.body)

    return send


def _case(case_id: str) -> ReceiverCase:
    case = case_named(case_id)
    if case is None:
        raise ConfigurationError(
            f"--altered: no receiver case is called {case_id!r}. {nearest(case_id, (c.id for c in CASES))}"
        )
    return case


def _secret(reference: str) -> Callable[[], str]:
    ref = SecretRef.parse(reference)
    if ref is None or ref.kind == "fresh":
        raise ConfigurationError(
            "--secret takes a reference, env:NAME or file:PATH; a secret on the command line is seen by others."
        )
    secret = Vault(seed="", root=Path.cwd()).resolve(ref, "--secret")
    return secret.reveal


def _summed(deliveries: Iterable[Delivery], each: Callable[[str], None] | None) -> Summary:
    delivered = acknowledged = 0
    slowest = 0.0
    for delivery in deliveries:
        delivered += 1
        acknowledged += delivery.acknowledged
        slowest = max(slowest, delivery.seconds)
        if each:
            each(f"{delivery.event}: {delivery.seen} in {delivery.seconds * 1000:.0f} ms")
    return Summary(delivered=delivered, acknowledged=acknowledged, slowest_s=slowest)
