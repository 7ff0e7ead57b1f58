"""`harness deliver`: fixtures signed and delivered, and what became of them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count
from pathlib import Path

import msgspec

from harness.errors import ConfigurationError, nearest
from harness.http.curl import curl
from harness.http.load import LoadSender, Outgoing
from harness.http.load.request import Address, Writer
from harness.model import Delivery, Event
from harness.webhooks.cases import CASES, Framing, Material, ReceiverCase, case_named
from harness.webhooks.delivery_plan import DeliverOptions, DeliveryPlan
from harness.webhooks.events import LIMIT_BYTES, read_events
from harness.webhooks.schemes import Scheme
from harness.webhooks.summary import Summary


class DeliveryRun:
    """The events of one order, ready to be delivered."""

    def __init__(
        self, paths: Iterable[Path], order: DeliverOptions, *, directory: Path, made: Iterable[tuple[str, bytes]] = ()
    ) -> None:
        """Read fixtures and settings; ``made`` are names and JSON bodies of further events.

        Raises `ConfigurationError` for a scheme, case, secret or URL that does not exist, `EventError` for a fixture.
        """
        self.order = order
        self.route = DeliveryPlan(order, directory)
        self._case = _case(order.altered, self.route.scheme) if order.altered else None
        event_format = self.route.format
        self.events: Sequence[Event] = (
            *read_events(paths, event_format.read),
            *(event_format.made(name, body) for name, body in made),
        )
        self._names = (f"evt_{os.urandom(6).hex()}{n:x}" for n in count())

    @property
    def total(self) -> int:
        """How many deliveries there will be."""
        return len(self.events) * self.order.count

    def outgoing(self) -> Iterator[Outgoing]:
        """Yield each delivery, signed when it is asked for."""
        for _ in range(self.order.count):
            for event in self.events:
                yield self._signed(event)

    def deliver(self, each: Callable[[Delivery], None], summary: Summary) -> None:
        """Deliver everything; call ``each`` with what became of each and count it in ``summary``, whatever happens."""

        def ended(delivery: Delivery) -> None:
            summary.add(delivery)
            each(delivery)

        order, route = self.order, self.route
        courier = LoadSender(
            route.network, route.url, concurrency=order.concurrency, rate=order.rate, timeout_s=order.timeout_s
        )
        begun = time.perf_counter()
        try:
            courier.deliver(self.outgoing(), ended)
        finally:
            summary.seconds = time.perf_counter() - begun

    def dry(self) -> Iterator[str]:
        """Yield each request exactly as it would be sent, without what is secret, and then as a curl command."""
        writer, redact = Writer(Address.of(self.route.url).netloc), self.route.vault.redact
        for outgoing in self.outgoing():
            yield redact(writer.write(outgoing).decode("utf-8", "backslashreplace"))
            command = curl(
                outgoing.url, outgoing.headers, outgoing.body, method=outgoing.method, most_chars=LIMIT_BYTES
            )
            yield f"{redact(command)}\n"

    def _signed(self, event: Event) -> Outgoing:
        route = self.route
        event = self._addressed(event)
        scheme, now = route.scheme, int(time.time())
        if self._case is not None:
            key = route.format.key_of_type
            built = self._case.build(Material(scheme, event, route.secret(), now, url=route.url, type_key=key))
            url = f"{route.url}{'&' if '?' in route.url else '?'}{built.query}" if built.query else route.url
            return Outgoing(event.name, event.id, built.headers, built.body, url, built.method)
        signature = scheme.sign(event.body, secret=route.secret(), timestamp=now, event_id=event.id, url=route.url)
        url = scheme.address(route.url, event.body)
        return Outgoing(event.name, event.id, (*event.headers, *signature), event.body, url)

    def _addressed(self, event: Event) -> Event:
        """Give the event what its scheme wants of it: an id that no receiver has seen, and its type."""
        scheme = self.route.scheme
        if not self.order.keep_ids or (scheme.id_header and not event.id):
            event = self.route.format.fresh(event, next(self._names))
        if scheme.type_header and scheme.type_header not in dict(event.headers):
            headers = (*event.headers, (scheme.type_header, event.type))
            event = msgspec.structs.replace(event, headers=headers)
        return event


def _case(case_id: str, scheme: Scheme) -> ReceiverCase:
    case = case_named(case_id)
    if case is None:
        raise ConfigurationError(
            f"--altered: no receiver case is called {case_id!r}. {nearest(case_id, (c.id for c in CASES))}"
        )
    if reason := case.not_applicable_to(scheme):
        raise ConfigurationError(f"--altered {case_id} cannot be made: {reason}.")
    if case.framing is not Framing.PLAIN:
        raise ConfigurationError(
            f"--altered {case_id}: that case is about how a request is sent ({case.framing.value}), which only "
            f"the gate does. Run: harness gate -k '[{case_id}]'"
        )
    return case
