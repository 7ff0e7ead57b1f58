"""`harness deliver`: signs and delivers fixtures, and counts the results."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from harness.errors import ConfigurationError, EventError, nearest
from harness.http.address import Address, public_url
from harness.http.answer_reader import AnswerReader
from harness.http.curl import curl
from harness.http.load import LoadSender, Outgoing, Writer
from harness.model import Delivery, Event
from harness.webhooks.body_overrides import overridden
from harness.webhooks.cases import CASES, Framing, Material, ReceiverCase, case_named
from harness.webhooks.delivery_plan import DeliveryPlan
from harness.webhooks.http_fixture import LIMIT_BYTES
from harness.webhooks.named_events import events_named
from harness.webhooks.schemes import Scheme
from harness.webhooks.summary import Summary


class DeliveryRun:
    """The events of one plan, ready to deliver."""

    def __init__(self, names: Iterable[str], plan: DeliveryPlan, *, made: Iterable[tuple[str, bytes]] = ()) -> None:
        """Read what ``names`` are, see `events_named`; ``made`` has names and JSON bodies of additional events.

        Raises `ConfigurationError` for a case, an event or a key that does not exist, `EventError` for a fixture.
        """
        self.plan = plan
        altered = plan.options.altered
        self._case = _case(altered, plan.scheme) if altered else None
        event_format = plan.format
        found = [
            *events_named(names, event_format, pack=plan.pack),
            *(event_format.made(name, body) for name, body in made),
        ]
        self.events: Sequence[Event] = [overridden(event, plan.overrides) for event in found]

    @property
    def total(self) -> int:
        """The number of deliveries to make."""
        return len(self.events) * self.plan.options.count

    def outgoing(self) -> Iterator[Outgoing]:
        """Yield each delivery; it is signed when it is requested."""
        for _ in range(self.plan.options.count):
            for event in self.events:
                yield self._signed(event)

    def deliver(self, each: Callable[[Delivery], None], summary: Summary) -> None:
        """Deliver everything; call ``each`` with every result and count it in ``summary``, whatever happens."""

        def ended(delivery: Delivery) -> None:
            summary.add(delivery)
            each(delivery)

        def answered(answer: AnswerReader) -> None:
            assert answer.head is not None
            leaks = plan.vault.scanner().scan_bytes(answer.head.raw + answer.body, "the answer")
            summary.told |= {leak.secret for leak in leaks}
            summary.unread |= set(leaks.unread)

        plan, options = self.plan, self.plan.options
        sender = LoadSender(
            plan.network,
            plan.url,
            concurrency=options.concurrency,
            rate=options.rate,
            timeout_s=options.timeout_s,
            observer=answered,
        )
        begun = time.perf_counter()
        try:
            sender.deliver(self.outgoing(), ended)
        finally:
            summary.seconds = time.perf_counter() - begun

    def dry(self) -> Iterator[str]:
        """Yield each request exactly as it would be sent, without secrets, and then as a curl command."""
        address, redact = Address.of(self.plan.url), self.plan.vault.redact
        writer = Writer(address)
        for outgoing in self.outgoing():
            yield redact(writer.write(outgoing).decode("utf-8", "backslashreplace"))
            request = outgoing.request
            headers = tuple((name, redact(value)) for name, value in address.authorized(request.headers))
            body = redact(request.body.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
            url = redact(public_url(request.url))
            yield f"{curl(url, headers, body, method=request.method, most_chars=LIMIT_BYTES)}\n"

    def _signed(self, event: Event) -> Outgoing:
        plan = self.plan
        event = self._addressed(event)
        material = Material.of(plan.format, event, secret=plan.secret(), timestamp=int(time.time()), url=plan.url)
        try:
            built = self._case.delivery(material) if self._case else material.signed()
        except EventError as exc:
            raise EventError(f"--altered {plan.options.altered} is not possible: {exc}.") from None
        return Outgoing(event.name, event.id, built)

    def _addressed(self, event: Event) -> Event:
        """Return the event with what its scheme requires: an id that is new to the receiver, and its type."""
        scheme = self.plan.scheme.of_delivery(event.headers)
        if not self.plan.options.keep_ids or (scheme.id_header and not event.id):
            event = self.plan.format.fresh(event, at=time.time())
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
        raise ConfigurationError(f"--altered {case_id} is not possible: {reason}.")
    if case.framing is not Framing.PLAIN:
        raise ConfigurationError(
            f"--altered {case_id} changes how a request is sent ({case.framing.value}), which only the gate can do. "
            f"Run: pytest --pyargs harness.suite -k '[{case_id}]'"
        )
    return case
