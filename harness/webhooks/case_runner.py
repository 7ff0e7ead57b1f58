"""Runs receiver cases: one loop judges every row, beside honest deliveries that give refusals a meaning."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable

import msgspec

from harness.errors import ProbeError
from harness.http.curl import curl
from harness.http.wire import ReceiverAnswer, Wire
from harness.model import Event, Finding, Outcome
from harness.process.supervisor import ProcessState
from harness.webhooks.assessment import Judgement, acceptance, answered, finding_of, hint
from harness.webhooks.cases import Built, Expected, Framing, Material, ReceiverCase
from harness.webhooks.cases.building import compact
from harness.webhooks.effects import EffectProbe, counted
from harness.webhooks.events import EventFormat
from harness.webhooks.framing import framed
from harness.webhooks.signed_sender import SignedSender

SETTLE_S = 15.0
_WAITED_IN_VAIN_S = 0.5
_AGAIN_S = 0.1
_NO_PROBE = 'what it did is not known; add to [receiver]: effects = { url = "http://…/{event_id}" }'

_BAD = (Outcome.FAIL, Outcome.ERROR)
_REFUSED = (Expected.REFUSED, Expected.REFUSED_OR_CUT)


class ReceiverUnderTest:
    """The integration's receiver with all that is needed to send to it and to see what came of it."""

    def __init__(
        self,
        sender: SignedSender,
        *,
        wire: Wire,
        format: EventFormat,  # noqa: A002 - the field's word for it
        probe: EffectProbe | None,
        new_id: Callable[[], str],
        settle_s: float = SETTLE_S,
        fates: ProcessState | None = None,
    ) -> None:
        """``new_id`` names each delivery anew; ``settle_s`` bounds the wait for an effect, in seconds.

        ``fates`` tells how the receiver's process fares, where others send to it at the same time.
        """
        self.sender = sender
        self.wire = wire
        self.probe = probe
        self.settle_s = settle_s
        self._fates = fates
        self._format = format
        self._new_id = new_id
        self._usable: dict[str, Event] = {}
        self._unusable: dict[str, str] = {}
        self._alive = False
        self._anew = False

    def new_id(self) -> str:
        """Return an event id that no receiver has seen."""
        return self._new_id()

    def fresh(self, event: Event) -> Event:
        """Return ``event`` under an id no receiver has seen."""
        return self._format.fresh(event, self._new_id())

    def material(self, event: Event) -> Material:
        """Return what cases build deliveries of ``event`` from, as of now."""
        sender = self.sender
        return Material(
            sender.scheme, event, sender.secret(), sender.now(), url=sender.url, type_key=self._format.key_of_type
        )

    def send(self, event: Event, built: Built, framing: Framing = Framing.PLAIN) -> ReceiverAnswer:
        """Send one delivery as it was built."""
        if framing is Framing.PLAIN:
            return self.wire.send(
                built.headers, built.body, event=event.name, event_id=event.id, method=built.method, query=built.query
            )
        pieces, pause_s = framed(self.wire, built, framing)
        return self.wire.exchange(pieces, event=event.name, event_id=event.id, method=built.method, pause_s=pause_s)

    def deliver(self, event: Event) -> ReceiverAnswer:
        """Send one honest delivery."""
        return self.send(event, self.material(event).signed())

    def undisturbed(self, look: Callable[[], list[Finding]]) -> list[Finding]:
        """Look once, and once more if the receiver died meanwhile: perhaps by what another worker had sent."""
        if self._fates is None:
            return look()
        with self._fates.turn():
            known = self._fates.revived()
            findings = look()
        if all(f.outcome not in _BAD for f in findings) or self._fates.revived() == known:
            return findings
        with self._fates.turn(alone=True):
            self._fates.revived()
            return look()

    def judge(self, case: ReceiverCase, event: Event, *, reproduce: str) -> Finding:
        """Send ``event`` as ``case`` builds it, and hold answer, effect and life of the receiver against the row."""
        return self.undisturbed(lambda: [self._judged(case, event, reproduce)])[0]

    def _judged(self, case: ReceiverCase, event: Event, reproduce: str) -> Finding:
        if lacking := case.not_applicable_to(self.sender.scheme):
            return finding_of(case, (Outcome.NOT_APPLICABLE, lacking), reproduce)
        usable, error = self.usable(event)
        if error:
            return finding_of(case, (Outcome.ERROR, error), reproduce)
        subject = self.fresh(usable)
        material = self.material(subject)
        built = case.build(material)
        answer = self.send(subject, built, case.framing)
        judgement = answered(case, material, built, answer)
        if judgement[0] is Outcome.PASS:
            judgement = self._afterwards(case, event, subject, answer)
        else:
            self._alive = False
        hidden = {self.sender.scheme.header}
        url = f"{self.wire.url}{'?' * bool(built.query)}{built.query}"
        request = curl(url, built.headers, built.body, method=built.method, hidden=hidden)
        return finding_of(case, judgement, reproduce, request)

    def usable(self, event: Event) -> tuple[Event, str]:
        """Return the form of ``event`` that the receiver takes when it is honest, or why nothing can be judged.

        A receiver that refuses what is honest tells nothing by refusing a forgery. One that verifies JSON written anew
        takes only JSON as it writes it; with that, everything else about it can still be judged.
        """
        if event.name in self._unusable:
            return event, self._unusable[event.name]
        if event.name in self._usable and self._alive:
            return self._usable[event.name], ""
        control = answer = self._control(event)
        if control.acknowledged:
            self._usable[event.name] = event
            return event, ""
        if answer.status is not None:
            written_anew = _written_anew(event)
            if self._control(written_anew).acknowledged:
                self._anew = True
                self._usable[event.name] = written_anew
                return written_anew, ""
        error = f"cannot be judged: a genuine delivery got {control.seen}{hint(control)}"
        if control.status is None and control.seconds >= self.wire.timeout_s:
            self._unusable[event.name] = error  # each further case would wait as long
        return event, error

    def taken(self, event: Event) -> Event:
        """Return another event in the form that `usable` found this receiver to take."""
        return _written_anew(event) if self._anew else event

    def judge_acceptance(self, events: Iterable[Event], *, item: str, source: str) -> list[Finding]:
        """Deliver every event honestly, and say whether it was acknowledged."""
        subjects = list(events)
        return self.undisturbed(lambda: self._accepted(subjects, item=item, source=source))

    def _accepted(self, events: Iterable[Event], *, item: str, source: str) -> list[Finding]:
        answers = [(event, self._control(event)) for event in events]
        none = not any(a.acknowledged for _, a in answers)
        refused = none and all(a.status in (400, 401, 403) for _, a in answers)
        return [acceptance(event, answer, item=item, source=source, all_refused=refused) for event, answer in answers]

    def provoke_refusal(self, event: Event) -> str:
        """Deliver ``event`` signed with another secret; return what was answered when that was no refusal."""
        headers = self.sender.signed(event, secret=self.sender.scheme.new_secret())
        delivery = self.sender.send(event, headers, event.body)
        return "" if delivery.status and 400 <= delivery.status < 500 else f"it was answered {delivery.seen}"

    def _control(self, event: Event) -> ReceiverAnswer:
        """Deliver honestly; a connection that is refused or broken is tried once more, for a server may be busy."""
        answer = self.deliver(self.fresh(event))
        if answer.status is None and answer.seconds < self.wire.timeout_s:
            time.sleep(_AGAIN_S)
            answer = self.deliver(self.fresh(event))
        self._alive = answer.acknowledged
        return answer

    def _afterwards(self, case: ReceiverCase, event: Event, subject: Event, answer: ReceiverAnswer) -> Judgement:
        """Say whether the receiver still lives, and whether what it refused had an effect."""
        after = self.fresh(self._usable[event.name])
        control = self.deliver(after)
        if control.status is None:
            control = self._control(after)
        self._alive = control.acknowledged
        if control.status is None:
            return Outcome.FAIL, f"{answer.seen}, then no longer alive: {control.seen}"
        if case.expected not in _REFUSED:
            return Outcome.PASS, answer.seen
        return self._without_effect(subject, answer, control=after)

    def _without_effect(self, subject: Event, answer: ReceiverAnswer, *, control: Event) -> Judgement:
        if self.probe is None:
            return Outcome.NOT_RUN, f"{answer.seen}; {_NO_PROBE}"
        try:
            # Once the effect of a later, honest delivery is there, a forged one would have had its effect too.
            if not self.probe.wait(control.id, within_s=self.settle_s):
                seen = f"but a genuine delivery has no effect either, within {self.settle_s:g} s: is the probe right?"
                self.settle_s = min(self.settle_s, _WAITED_IN_VAIN_S)  # each further case would wait as long
                return Outcome.ERROR, f"{answer.seen}; {seen}"
            effects = self.probe.effects(subject.id)
        except ProbeError as exc:
            return Outcome.ERROR, str(exc)
        outcome = Outcome.FAIL if effects else Outcome.PASS
        return outcome, f"{answer.seen}, {counted(effects)}"


def _written_anew(event: Event) -> Event:
    return msgspec.structs.replace(event, body=compact(json.loads(event.body)))
