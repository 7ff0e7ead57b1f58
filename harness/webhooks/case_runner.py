"""Runs receiver cases: one loop judges every row, beside honest deliveries that give refusals a meaning."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

import msgspec

from harness.errors import EventError, ProbeError
from harness.http.curl import curl
from harness.http.message import Request
from harness.http.wire import Wire
from harness.model import Delivery, Event, Finding, Outcome
from harness.model.check import Judgement
from harness.openapi.event_bodies import is_form, readable_document
from harness.process.supervisor import ProcessState
from harness.webhooks.assessment import acceptance, answered, finding_of, hint
from harness.webhooks.cases import Expected, Framing, Material, ReceiverCase
from harness.webhooks.cases.building import compact
from harness.webhooks.effects import EffectProbe, counted
from harness.webhooks.events import EventFormat
from harness.webhooks.framing import framed
from harness.webhooks.schemes import Scheme

SETTLE_S = 15.0
_AGAIN_S = 0.1
_NO_PROBE = 'what it did is not known; add to [receiver]: effects = { url = "http://…/{event_id}" }'
NO_ID = "what it did is not known: the event names no id to ask by; name its key as [receiver] event_id"

_BAD = (Outcome.FAIL, Outcome.ERROR)
_REFUSED = (Expected.REFUSED, Expected.REFUSED_OR_CUT)


class ReceiverUnderTest:
    """The integration's receiver with all that is needed to send to it and to see what came of it.

    What it finds out about the receiver, it finds out before the first row that needs it, and by deliveries of its own:
    no verdict depends on which rows were judged before.
    """

    def __init__(
        self,
        wire: Wire,
        *,
        format: EventFormat,  # noqa: A002 - the field's word for it
        secret: Callable[[], str],
        probe: EffectProbe | None,
        new_id: Callable[[], str],
        settle_s: float = SETTLE_S,
        processes: ProcessState | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """``secret`` is asked at each signature; ``new_id`` names each delivery anew; ``clock`` in Unix seconds.

        ``settle_s`` bounds the wait for an effect, in seconds. ``processes`` reports on the receiver's process, where
        others send to it at the same time.
        """
        self.wire = wire
        self.format = format
        self.probe = probe
        self.settle_s = settle_s
        self._processes = processes
        self._secret = secret
        self._new_id = new_id
        self._clock = clock
        self._forms: dict[str, _Form] = {}
        self._alive = False
        self._shows_effects: bool | None = None

    @property
    def scheme(self) -> Scheme:
        """How deliveries are signed."""
        return self.format.scheme

    def new_id(self) -> str:
        """Return an event id that no receiver has seen."""
        return self._new_id()

    def fresh(self, event: Event) -> Event:
        """Return ``event`` under an id no receiver has seen."""
        return self.format.fresh(event, self._new_id())

    def material(self, event: Event) -> Material:
        """Return what cases build deliveries of ``event`` from, as of now."""
        now = int(self._clock())
        return Material.of(self.format, event, secret=self._secret(), timestamp=now, url=self.wire.url)

    def send(self, event: Event, built: Request, framing: Framing = Framing.PLAIN) -> Delivery:
        """Send one delivery as it was built."""
        if framing is Framing.PLAIN:
            return self.wire.send(built, event=event.name, event_id=event.id)
        pieces, pause_s = framed(self.wire, built, framing)
        return self.wire.exchange(pieces, event=event.name, event_id=event.id, method=built.method, pause_s=pause_s)

    def deliver(self, event: Event) -> Delivery:
        """Send one honest delivery."""
        return self.send(event, self.material(event).signed())

    def undisturbed(self, look: Callable[[], list[Finding]]) -> list[Finding]:
        """Look once, and once more if the receiver died meanwhile: perhaps by what another worker had sent."""
        if self._processes is None:
            return look()
        with self._processes.turn():
            known = self._processes.revived()
            findings = look()
        if all(f.outcome not in _BAD for f in findings) or self._processes.revived() == known:
            return findings
        with self._processes.turn(alone=True):
            self._processes.revived()
            return look()

    def judge(self, case: ReceiverCase, event: Event, *, reproduce: str) -> Finding:
        """Send ``event`` as ``case`` builds it, and hold answer, effect and life of the receiver against the row."""
        return self.undisturbed(lambda: [self._judged(case, event, reproduce)])[0]

    def _judged(self, case: ReceiverCase, event: Event, reproduce: str) -> Finding:
        if reason := case.not_applicable_to(self.scheme):
            return finding_of(case, (Outcome.NOT_APPLICABLE, reason), reproduce)
        usable, error = self.usable(event)
        if error:
            return finding_of(case, (Outcome.ERROR, error), reproduce)
        subject = self.fresh(usable)
        material = self.material(subject)
        try:
            built = case.build(material)
            if case.expected in _REFUSED and self.probe and subject.id:
                self.shows_effects(usable)
        except (EventError, ProbeError) as exc:
            outcome = Outcome.NOT_APPLICABLE if isinstance(exc, EventError) else Outcome.ERROR
            return finding_of(case, (outcome, str(exc)), reproduce)
        answer = self.send(subject, built, case.framing)
        judgement = answered(case, material, built, answer)
        if judgement[0] is Outcome.PASS:
            judgement = self._afterwards(case, usable, subject, answer)
        else:
            self._alive = False
        request = curl(built.url, built.headers, built.body, method=built.method, hidden={self.scheme.header})
        return finding_of(case, judgement, reproduce, request)

    def usable(self, event: Event) -> tuple[Event, str]:
        """Return the form of ``event`` that the receiver takes when it is honest, or why nothing can be judged.

        A receiver that refuses what is honest proves nothing by refusing a forgery. One that verifies JSON written anew
        takes only JSON as it writes it; with that, everything else about it can still be judged. Which form it takes
        is found out once.
        """
        form = self._forms.get(event.name)
        if form is None:
            form, lasting = self._tried(event)
            if not form.error or lasting:
                self._forms[event.name] = form
        elif not form.error and not self._alive:
            control = self._control(form.event)
            error = "" if control.acknowledged else _unjudged(control)
            return form.event, error
        return form.event, form.error

    def _tried(self, event: Event) -> tuple[_Form, bool]:
        """Return the form that is taken, and whether that holds for all further rows."""
        control = self._control(event)
        if control.acknowledged:
            return _Form(event), True
        written_anew = _written_anew(event)
        if control.status is not None and written_anew and self._control(written_anew).acknowledged:
            once_more = self._control(event).acknowledged  # a receiver that was only busy takes both
            return _Form(event) if once_more else _Form(written_anew, anew=True), True
        hangs = control.status is None and control.seconds >= self.wire.timeout_s  # each further row would wait as long
        return _Form(event, error=_unjudged(control)), hangs

    def taken(self, event: Event) -> Event:
        """Return another event in the form that `usable` found this receiver to take."""
        anew = any(form.anew for form in self._forms.values())
        return (_written_anew(event) or event) if anew else event

    def shows_effects(self, usable: Event) -> bool:
        """Whether a genuine delivery has an effect in time; without that, no number of effects means anything.

        Found out once, by a delivery of its own. Raises `ProbeError`.
        """
        assert self.probe is not None
        if self._shows_effects is None:
            event = self.fresh(usable)
            answer = self.deliver(event)
            if not answer.acknowledged:
                return False
            self._shows_effects = self.probe.wait(event.id, within_s=self.settle_s) > 0
        return self._shows_effects

    def judge_acceptance(self, events: Iterable[Event]) -> list[Finding]:
        """Deliver every event honestly, and say whether it was acknowledged."""
        subjects = list(events)
        return self.undisturbed(lambda: self._accepted(subjects))

    def _accepted(self, events: Iterable[Event]) -> list[Finding]:
        answers = [(event, self._control(event)) for event in events]
        none = not any(a.acknowledged for _, a in answers)
        refused = none and all(a.status in (400, 401, 403) for _, a in answers)
        return [acceptance(event, answer, all_refused=refused) for event, answer in answers]

    def provoke_refusal(self, event: Event) -> str:
        """Deliver ``event`` signed with another secret; return what was answered when that was no refusal."""
        answer = self.send(event, self.material(event).signed(secret=self.scheme.new_secret()))
        return "" if answer.status and 400 <= answer.status < 500 else f"it was answered {answer.seen}"

    def _control(self, event: Event) -> Delivery:
        """Deliver honestly; a connection that is refused or broken is tried once more, for a server may be busy."""
        answer = self.deliver(self.fresh(event))
        if answer.status is None and answer.seconds < self.wire.timeout_s:
            time.sleep(_AGAIN_S)
            answer = self.deliver(self.fresh(event))
        self._alive = answer.acknowledged
        return answer

    def _afterwards(self, case: ReceiverCase, usable: Event, subject: Event, answer: Delivery) -> Judgement:
        """Return whether the receiver still lives, and whether what it refused had an effect."""
        after = self.fresh(usable)
        control = self.deliver(after)
        if control.status is None:
            control = self._control(after)
        self._alive = control.acknowledged
        if control.status is None:
            return Outcome.FAIL, f"{answer.seen}, then no longer alive: {control.seen}"
        if case.expected not in _REFUSED:
            return Outcome.PASS, answer.seen
        return self._without_effect(subject, answer, control=after)

    def _without_effect(self, subject: Event, answer: Delivery, *, control: Event) -> Judgement:
        if self.probe is None or not subject.id:
            return Outcome.NOT_RUN, f"{answer.seen}; {NO_ID if self.probe else _NO_PROBE}"
        try:
            # Once the effect of a later, honest delivery is there, a forged one would have had its effect too.
            if not self._shows_effects or not self.probe.wait(control.id, within_s=self.settle_s):
                seen = f"but a genuine delivery has no effect either, within {self.settle_s:g} s: is the probe right?"
                return Outcome.ERROR, f"{answer.seen}; {seen}"
            effects = self.probe.effects(subject.id)
        except ProbeError as exc:
            return Outcome.ERROR, str(exc)
        outcome = Outcome.FAIL if effects else Outcome.PASS
        return outcome, f"{answer.seen}, {counted(effects)}"


class _Form(NamedTuple):
    """An event as the receiver takes it, or why it takes none."""

    event: Event
    error: str = ""
    anew: bool = False


def _unjudged(control: Delivery) -> str:
    return f"cannot be judged: a genuine delivery got {control.seen}{hint(control)}"


def _written_anew(event: Event) -> Event | None:
    """Return the event with its JSON as libraries write it, None where it holds none."""
    document = readable_document(event.headers, event.body)
    is_json = isinstance(document, dict | list) and not is_form(event.headers, event.body)
    return msgspec.structs.replace(event, body=compact(document)) if is_json else None
