"""Runs receiver cases: one loop judges every row, next to genuine deliveries that give refusals a meaning."""

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
from harness.openapi.event_bodies import is_json_event, readable_document
from harness.process.supervisor import ProcessState
from harness.webhooks.assessment import CaseResult, acceptance, answered, finding_of, hint, stopped, with_fixtures
from harness.webhooks.cases import Framing, Material, ReceiverCase
from harness.webhooks.cases.building import compact
from harness.webhooks.cases.receiver_case import REFUSALS, unauthenticated
from harness.webhooks.effect_counts import NO_EFFECT, Counting, EffectCounter
from harness.webhooks.effects import EffectProbe, counted
from harness.webhooks.events import EventFormat
from harness.webhooks.framing import framed
from harness.webhooks.library_notes import noted
from harness.webhooks.schemes import Scheme

SETTLE_S = 15.0
_AGAIN_S = 0.1
_NO_PROBE = 'effects are not known; add to [receiver]: effects = { url = "http://…/{event_id}" }'

_BAD = (Outcome.FAIL, Outcome.ERROR)


class ReceiverUnderTest:
    """The integration's receiver, with everything needed to send to it and to see the effects.

    Whatever it learns about the receiver, it learns before the first row that needs it and from deliveries of its own,
    so no verdict depends on which rows ran before.
    """

    def __init__(
        self,
        wire: Wire,
        *,
        format: EventFormat,  # noqa: A002 - the field's word for it
        secret: Callable[[], str],
        probe: EffectProbe | None,
        settle_s: float = SETTLE_S,
        processes: ProcessState | None = None,
        clock: Callable[[], float] = time.time,
        object_key: str | None = None,
        note: Callable[[str], None] = lambda _: None,
    ) -> None:
        """``secret`` is called for each signature; ``clock`` returns Unix seconds.

        ``settle_s`` bounds the wait for an effect, in seconds. ``processes`` reports on the receiver's process, where
        other tests send to it at the same time. ``object_key`` is the key of the object's id in events, if known.
        ``note`` is called with the id of each event that is delivered.
        """
        self.wire = wire
        self.format = format
        self.probe = probe
        self.settle_s = settle_s
        self._processes = processes
        self._secret = secret
        self._clock = clock
        self._forms: dict[str, _Form] = {}
        self._alive = False
        self._object_key = object_key
        self._note = note
        self._counting: Counting | None = None

    @property
    def scheme(self) -> Scheme:
        """How deliveries are signed."""
        return self.format.scheme

    def now(self) -> float:
        """Return the time by which deliveries are dated, in Unix seconds."""
        return self._clock()

    def fresh(self, event: Event, *, at: float | None = None) -> Event:
        """Return ``event`` under an id that is new to the receiver, as if it happened now, or at ``at``."""
        return self.format.fresh(event, at=self.now() if at is None else at)

    def subject(self, event: Event) -> Event:
        """Return ``event`` under a new id, and as different as the probe needs it to count it: see `uncounted`."""
        return self.fresh(self._counting.apart(event) if self._counting else event)

    def material(self, event: Event) -> Material:
        """Return what cases build deliveries of ``event`` from, dated now."""
        now = int(self.now())
        return Material.of(self.format, event, secret=self._secret(), timestamp=now, url=self.wire.url)

    def send(self, event: Event, built: Request, framing: Framing = Framing.PLAIN) -> Delivery:
        """Send one delivery exactly as built."""
        self._note(event.id)
        if framing is Framing.PLAIN:
            return self.wire.send(built, event=event.name, event_id=event.id)
        pieces, pause_s = framed(self.wire, built, framing)
        return self.wire.exchange(pieces, event=event.name, event_id=event.id, method=built.method, pause_s=pause_s)

    def deliver(self, event: Event) -> Delivery:
        """Send one genuine delivery."""
        return self.send(event, self.material(event).signed())

    def undisturbed(self, look: Callable[[], list[Finding]]) -> list[Finding]:
        """Run ``look``, and again if the receiver died meanwhile: another worker's delivery may have killed it."""
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
        """Send ``event`` as ``case`` builds it; judge the response, the effects, and whether the receiver survives."""
        found = self.undisturbed(lambda: [with_fixtures(self._judged(case, event, reproduce), event.file)])[0]
        return noted(found, case, self.scheme)

    def _judged(self, case: ReceiverCase, event: Event, reproduce: str) -> Finding:
        if reason := case.not_applicable_to(self.scheme):
            return finding_of(case, CaseResult(Outcome.NOT_APPLICABLE, reason), reproduce)
        usable, error = self.usable(event)
        if error:
            return finding_of(case, CaseResult(Outcome.ERROR, error), reproduce)
        try:
            if case.response in REFUSALS and self.probe and self.fresh(usable).id:
                self.uncounted(usable)
            subject = self.subject(usable)
            material = self.material(subject)
            built = case.build(material)
        except (EventError, ProbeError) as exc:
            outcome = Outcome.NOT_APPLICABLE if isinstance(exc, EventError) else Outcome.ERROR
            return finding_of(case, CaseResult(outcome, str(exc)), reproduce)
        answer = self.send(subject, built, case.framing)
        result = answered(case, material, built, answer)
        if result.outcome is Outcome.PASS:
            result = self._afterwards(case, usable, subject, answer)
        else:
            self._alive = False
        request = curl(built.url, built.headers, built.body, method=built.method, hidden={self.scheme.header})
        return finding_of(case, result, reproduce, request)

    def usable(self, event: Event) -> tuple[Event, str]:
        """Return the form of ``event`` in which the receiver accepts a genuine delivery, or why nothing can be judged.

        A receiver that refuses genuine deliveries proves nothing by refusing a forgery. One that verifies re-serialised
        JSON accepts only JSON as it writes it; in that form everything else about it can still be judged. The form is
        determined once.
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
        """Return the accepted form, and whether it is valid for all further rows."""
        control = self._control(event)
        if control.acknowledged:
            return _Form(event), True
        rewritten = _rewritten(event)
        if control.status is not None and rewritten and self._control(rewritten).acknowledged:
            once_more = self._control(event).acknowledged  # a receiver that was only busy accepts both
            return _Form(event) if once_more else _Form(rewritten, rewritten=True), True
        hangs = control.status is None and control.seconds >= self.wire.timeout_s  # each further row would wait as long
        return _Form(event, error=_unjudged(control)), hangs

    def taken(self, event: Event) -> Event:
        """Return another event in the form that `usable` found this receiver to accept."""
        rewrites = any(form.rewritten for form in self._forms.values())
        return (_rewritten(event) or event) if rewrites else event

    def uncounted(self, usable: Event) -> str:
        """Return why no number of effects means anything, empty where the probe counts those of each event.

        Determined once, by deliveries of its own. Raises `ProbeError`.
        """
        assert self.probe is not None
        if self._counting is None:
            counter = EffectCounter(
                self.probe,
                fresh=self.fresh,
                deliver=self.deliver,
                settle_s=self.settle_s,
                object_key=self._object_key,
            )
            self._counting = counter.counting(usable)
        return self._counting.fault if self._counting else NO_EFFECT.format(self.settle_s)

    def judge_acceptance(self, events: Iterable[Event]) -> list[Finding]:
        """Deliver every event, genuine; return for each whether it was acknowledged."""
        subjects = list(events)
        return self.undisturbed(lambda: self._accepted(subjects))

    def _accepted(self, events: Iterable[Event]) -> list[Finding]:
        answers = [(event, self._control(event)) for event in events]
        none = not any(a.acknowledged for _, a in answers)
        refused = none and all(a.status in (400, 401, 403) for _, a in answers)
        return [acceptance(event, answer, all_refused=refused) for event, answer in answers]

    def provoke_refusal(self, event: Event) -> str:
        """Deliver ``event`` signed with another secret; return what came instead of a refusal, empty for a refusal."""
        if reason := unauthenticated(self.scheme):
            return reason
        answer = self.send(event, self.material(event).signed(secret=self.scheme.new_secret()))
        return "" if answer.status and 400 <= answer.status < 500 else f"the receiver answered {answer.seen}"

    def _control(self, event: Event) -> Delivery:
        """Send a genuine delivery, and again after a refused or broken connection: the server may be busy."""
        answer = self.deliver(self.fresh(event))
        if answer.status is None and answer.seconds < self.wire.timeout_s:
            time.sleep(_AGAIN_S)
            answer = self.deliver(self.fresh(event))
        self._alive = answer.acknowledged
        return answer

    def _afterwards(self, case: ReceiverCase, usable: Event, subject: Event, answer: Delivery) -> CaseResult:
        """Return whether the receiver is still alive, and whether what it refused had an effect."""
        after = self.subject(usable)
        control = self.deliver(after)
        if control.status is None:
            control = self._control(after)
        self._alive = control.acknowledged
        if control.status is None:
            return stopped(case, f"{answer.seen}, then no longer alive: {control.seen}")
        if case.response not in REFUSALS:
            return CaseResult(Outcome.PASS, answer.seen)
        return self._without_effect(case, subject, answer, control=after)

    def _without_effect(self, case: ReceiverCase, subject: Event, answer: Delivery, *, control: Event) -> CaseResult:
        if self.probe is None or not subject.id:
            unknown = f"{case.passed}, but whether it then processed the event is not known"
            return CaseResult(Outcome.NOT_RUN, f"{answer.seen}; {no_id(subject) if self.probe else _NO_PROBE}", unknown)
        try:
            # By the time a later, genuine delivery has its effect, a forged one has had its own.
            fault = self._counting.fault if self._counting else NO_EFFECT.format(self.settle_s)
            if fault or not self.probe.wait(control.id, within_s=self.settle_s):
                return CaseResult(Outcome.ERROR, f"{answer.seen}, but {fault or NO_EFFECT.format(self.settle_s)}")
            effects = self.probe.effects(subject.id)
        except ProbeError as exc:
            return CaseResult(Outcome.ERROR, str(exc))
        observed = f"{answer.seen}, {counted(effects)}"
        if effects:
            return CaseResult(Outcome.FAIL, observed, f"{case.passed}, but processed the event")
        return CaseResult(Outcome.PASS, observed)


class _Form(NamedTuple):
    """An event as the receiver accepts it, or why it accepts none."""

    event: Event
    error: str = ""
    rewritten: bool = False


def no_id(event: Event) -> str:
    """Return why no probe can be asked about an event without an id."""
    why = "effects are not known, for the event has no id to ask by"
    if readable_document(event.headers, event.body) is None:
        return f"{why}: its body is neither JSON nor a form, and {event.file or event.name} has no header for the id"
    return f"{why}; name the id's key as [receiver] event_id"


def _unjudged(control: Delivery) -> str:
    return f"cannot be judged: a genuine delivery got {control.seen}{hint(control)}"


def _rewritten(event: Event) -> Event | None:
    """Return the event with its JSON as libraries write it, None where the body is not JSON."""
    if not is_json_event(event.headers, event.body):
        return None
    return msgspec.structs.replace(event, body=compact(readable_document(event.headers, event.body)))
