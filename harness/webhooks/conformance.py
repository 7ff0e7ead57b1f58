"""Runs receiver cases: one loop judges every row, between two honest deliveries that give refusals a meaning."""

from __future__ import annotations

from collections.abc import Callable

from harness.errors import ProbeError
from harness.model import Delivery, Event, Finding, Outcome
from harness.webhooks.cases import Material, ReceiverCase
from harness.webhooks.delivery import Sender
from harness.webhooks.effects import EffectProbe
from harness.webhooks.events import EventFormat

SETTLE_S = 5.0
_NO_PROBE = 'what it did is not known; add to [receiver]: effects = { url = "http://…/{event_id}" }'


class ReceiverUnderTest:
    """The integration's receiver with all that is needed to send to it and to see what came of it."""

    def __init__(
        self,
        sender: Sender,
        *,
        format: EventFormat,  # noqa: A002 - the field's word for it
        probe: EffectProbe | None,
        new_id: Callable[[], str],
        settle_s: float = SETTLE_S,
    ) -> None:
        """``new_id`` names each delivery anew; ``settle_s`` bounds the wait for an effect, in seconds."""
        self.sender = sender
        self.probe = probe
        self.settle_s = settle_s
        self._format = format
        self._new_id = new_id

    def fresh(self, event: Event) -> Event:
        """Return ``event`` under an id no receiver has seen."""
        return self._format.fresh(event, self._new_id())

    def judge(self, case: ReceiverCase, event: Event, *, reproduce: str) -> Finding:
        """Send ``event`` as ``case`` forges it, and say whether the receiver refused it, did nothing, and lives."""
        if error := self._control_error(event):
            return _finding(case, Outcome.ERROR, error, reproduce)
        forged = self.fresh(event)
        material = Material(
            self.sender.scheme, forged.body, self.sender.secret(), self.sender.now(), forged.id, self.sender.url
        )
        signature, body = case.build(material)
        delivery = self.sender.send(forged, (*forged.headers, *signature), body)
        if delivery.status is None or not 400 <= delivery.status < 500:
            return _finding(case, Outcome.FAIL, delivery.seen, reproduce)
        after = self.fresh(event)
        control = self.sender.deliver(after)
        if control.status is None:
            return _finding(case, Outcome.FAIL, f"{delivery.seen}, then no longer alive: {control.seen}", reproduce)
        outcome, observed = self._effects_of(forged, delivery, control=after)
        return _finding(case, outcome, observed, reproduce)

    def judge_acceptance(self, event: Event, *, item: str, reproduce: str, source: str) -> Finding:
        """Deliver ``event`` honestly and say whether it was acknowledged."""
        delivery = self.sender.deliver(self.fresh(event))
        outcome = Outcome.PASS if delivery.acknowledged else Outcome.FAIL
        if delivery.status is None:
            outcome = Outcome.ERROR
        verb = "acknowledged" if delivery.acknowledged else "not acknowledged"
        return Finding(
            item=item,
            outcome=outcome,
            summary=f"{event.name}: a genuine delivery was {verb}",
            expected="HTTP 2xx",
            observed=delivery.seen + ("" if delivery.acknowledged else _hint(delivery)),
            reproduce=reproduce,
            source=source,
            case=f"valid-{event.name}",
        )

    def provoke_refusal(self, event: Event) -> str:
        """Deliver ``event`` signed with another secret; return what was answered when that was no refusal."""
        headers = self.sender.signed(event, secret=self.sender.scheme.new_secret())
        delivery = self.sender.send(event, headers, event.body)
        return "" if delivery.status and 400 <= delivery.status < 500 else f"it was answered {delivery.seen}"

    def _control_error(self, event: Event) -> str:
        """Deliver honestly; a receiver that refuses that tells nothing by refusing a forgery."""
        control = self.sender.deliver(self.fresh(event))
        if control.acknowledged:
            return ""
        return f"cannot be judged: a genuine delivery got {control.seen}{_hint(control)}"

    def _effects_of(self, forged: Event, delivery: Delivery, *, control: Event) -> tuple[Outcome, str]:
        if self.probe is None:
            return Outcome.NOT_RUN, f"{delivery.seen}; {_NO_PROBE}"
        try:
            # Once the effect of a later, honest delivery is there, a forged one would have had its effect too.
            if not self.probe.wait(control.id, within_s=self.settle_s):
                seen = f"but a genuine delivery has no effect either, within {self.settle_s:g} s: is the probe right?"
                return Outcome.ERROR, f"{delivery.seen}; {seen}"
            effects = self.probe.effects(forged.id)
        except ProbeError as exc:
            return Outcome.ERROR, str(exc)
        outcome = Outcome.FAIL if effects else Outcome.PASS
        return outcome, f"{delivery.seen}, {effects} effect{'' if effects == 1 else 's'}"


def _hint(delivery: Delivery) -> str:
    if delivery.status is None:
        return f". Start the receiver, or correct [receiver] url ({delivery.url})"
    if delivery.status in {400, 401, 403}:
        return ". If every genuine delivery is refused, compare [receiver] signature with what the receiver expects"
    return ""


def _finding(case: ReceiverCase, outcome: Outcome, observed: str, reproduce: str) -> Finding:
    said = {Outcome.PASS: "was refused", Outcome.FAIL: "was not refused as it must be"}
    return Finding(
        item=case.item,
        outcome=outcome,
        summary=f"{case.id}: {case.summary} {said.get(outcome, 'could not be judged')}",
        expected="HTTP 4xx, no effect, and a receiver still alive",
        observed=observed,
        reproduce=reproduce,
        source=case.source,
        case=case.id,
    )
