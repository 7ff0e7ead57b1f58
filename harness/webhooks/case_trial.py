"""Tries one case on a receiver: one delivery, one look at everything that it shows, and the findings of that look."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

from msgspec.structs import replace

from harness.errors import EventError, ProbeError, SignatureLacksError
from harness.http.curl import curl
from harness.http.message import Request
from harness.model import Delivery, Event, Finding, Outcome
from harness.openapi.event_bodies import is_json_event, readable_document
from harness.webhooks.assessment import CaseResult, Decision, Observation, finding_of, findings_of, is_expected, judged
from harness.webhooks.case_runner import ReceiverUnderTest, no_id
from harness.webhooks.cases import Material, ReceiverCase
from harness.webhooks.cases.building import replaced
from harness.webhooks.cases.receiver_case import REFUSALS
from harness.webhooks.effects import NamelessEffects
from harness.webhooks.fixture_checks import with_fixtures
from harness.webhooks.receiver_causes import Needs
from harness.webhooks.schemes.own_libraries import library_note

_NO_PROBE = 'effects are not known; add to [receiver]: effects = { url = "http://…/{event_id}" }'
_GONE = "the receiver stopped responding, so the effects are not known"
_SIGNATURES = 20
"""Most signatures among which one is looked for that a case can change."""
_READ_BYTES = 1024 * 1024
"""Of a body in which an id is looked for."""


def judge(receiver: ReceiverUnderTest, case: ReceiverCase, event: Event, *, reproduce: str) -> list[Finding]:
    """Send ``event`` as ``case`` builds it; return the finding of the case, and of what else the delivery shows."""
    return receiver.undisturbed(lambda: CaseTrial(receiver, case, reproduce).findings(event))


class Counters(NamedTuple):
    """By what the effects of one delivery are counted."""

    ids: tuple[str, ...]
    nameless: int
    """Effects of events without an id, before."""


class CaseDelivery(NamedTuple):
    """A delivery of a case that was made, and what was known before it."""

    usable: Event
    """The event in the form that the receiver accepts."""
    subject: Event
    material: Material
    built: Request
    answer: Delivery
    asked: Counters
    deaths: int


class CaseTrial:
    """One case on its way through one receiver."""

    def __init__(
        self, receiver: ReceiverUnderTest, case: ReceiverCase, reproduce: str, nameless: NamelessEffects | None = None
    ) -> None:
        """``nameless`` is what trials of one group ask together."""
        self.case = case
        self._receiver = receiver
        self._reproduce = reproduce
        self._nameless = nameless or NamelessEffects(receiver.probe)

    def findings(self, event: Event) -> list[Finding]:
        """Send ``event`` as the case builds it, and judge everything that the receiver then shows."""
        sent = self.send(event)
        found = [sent] if isinstance(sent, Finding) else self._tried(sent)
        return [with_fixtures(finding, event.file) for finding in found]

    def failed_on(self, subject: Event, usable: Event) -> list[Finding]:
        """Deliver ``subject`` as it is, which the receiver need not accept; judge what it then shows."""
        receiver = self._receiver
        material = receiver.material(subject)
        return list(self._tried(self._sent(usable, subject, material, self.case.delivery(material))))

    def send(self, event: Event) -> CaseDelivery | Finding:
        """Send the delivery; return it with its answer, or the finding that there is none to make."""
        case, receiver = self.case, self._receiver
        if reason := case.not_applicable_to(receiver.scheme):
            return self._without(Outcome.NOT_APPLICABLE, reason)
        usable, error = receiver.usable(event)
        if error:
            return self._without(receiver.unjudged, error)
        # Where an event may be any text, a form, or empty, no body is garbage.
        if not (is_json_event(usable.headers, usable.body) and readable_document(usable.headers, usable.body)):
            self.case = case = replace(case, is_garbage=False)
        try:
            if self._asks and receiver.probe and receiver.fresh(usable).id:
                receiver.uncounted(usable)
        except ProbeError as exc:
            return self._without(Outcome.ERROR, str(exc))
        subject, material, built = self._made(usable)
        if isinstance(built, Finding):
            return built
        return self._sent(usable, subject, material, built)

    def _sent(self, usable: Event, subject: Event, material: Material, built: Request) -> CaseDelivery:
        receiver = self._receiver
        deaths, asked = receiver.deaths(), self._asked(subject, built)
        receiver.mark_log()
        answer = receiver.send(subject, built, self.case.framing)
        return CaseDelivery(usable, subject, material, built, answer, asked, deaths)

    def is_expected(self, sent: CaseDelivery) -> bool:
        """Whether the delivery got a response that the row of the case allows."""
        return is_expected(self.case, sent.answer)

    def is_taken(self, sent: CaseDelivery) -> bool:
        """Whether the delivery was acknowledged and must not be: no sign of trouble that it could cause to others."""
        return sent.answer.acknowledged and self.case.response in REFUSALS

    def beside(self, sent: CaseDelivery, control: Event) -> list[Finding] | None:
        """Return the findings of a delivery among others, None where it is to be tried alone.

        ``control`` is a genuine event that was delivered after it and answered, while the receiver lived on.
        """
        look = Observation(sent.answer)
        if self._asks:
            look = self._counted(look, sent, control)
        own, fault = decision = judged(self.case, sent.material, sent.built, look)
        bad = fault or own.outcome is Outcome.FAIL
        # Effects of events without an id may be those of another delivery of the group.
        alone = self.case.is_garbage or not self.is_taken(sent)
        if own.outcome is Outcome.ERROR or (bad and alone):
            return None
        return [with_fixtures(finding, sent.usable.file) for finding in self._worded(decision, sent, look)]

    def _made(self, usable: Event) -> tuple[Event, Material, Request | Finding]:
        """Return a delivery with what it was made of: a case may need a character that not every signature has."""
        for _ in range(_SIGNATURES):
            subject = self._receiver.subject(usable)
            material = self._receiver.material(subject)
            built, again = self._built(material)
            if not again:
                break
        return subject, material, built

    def _built(self, material: Material) -> tuple[Request | Finding, bool]:
        """Return the delivery, or the finding that there is none to make, and whether another event may have one."""
        try:
            return self.case.delivery(material), False
        except EventError as exc:
            return self._without(Outcome.NOT_APPLICABLE, str(exc)), isinstance(exc, SignatureLacksError)
        except Exception as exc:  # noqa: BLE001 - a fault of ours must not count against the receiver
            what = f"{type(exc).__name__}: {exc}"
            fault = f"the delivery could not be built, by a fault of the harness and not of the receiver: {what}"
            return self._without(Outcome.ERROR, f"{fault}. Report it, with the event fixture"), False

    def _without(self, outcome: Outcome, why: str) -> Finding:
        return finding_of(self.case, CaseResult(outcome, why), self._reproduce)

    @property
    def _asks(self) -> bool:
        """Whether the row needs the number of effects, whatever the status."""
        case = self.case
        return case.response in REFUSALS or case.takes_effect or case.is_garbage

    def _tried(self, sent: CaseDelivery) -> Iterator[Finding]:
        receiver, case, answer = self._receiver, self.case, sent.answer
        look = Observation(answer)
        if answer.status == 429:
            look = look._replace(genuine=receiver.control(sent.usable))
        else:
            look = self._looked(sent)
            if not look.ended and not is_expected(case, answer):
                # Before others are sent to find out what somebody needs: those may print exceptions of their own.
                look = look._replace(printed=receiver.exception())
                look = look._replace(needs=self._needs(sent))
        if answer.status != 429 and not is_expected(case, answer):
            receiver.alive = False
        return self._worded(judged(case, sent.material, sent.built, look), sent, look)

    def _worded(self, decision: Decision, sent: CaseDelivery, look: Observation) -> Iterator[Finding]:
        built, scheme = sent.built, self._receiver.scheme
        if self.case.parts and decision[0].outcome is Outcome.FAIL and sent.answer.acknowledged:
            own, fault = decision
            decision = own._replace(observed=f"{own.observed}; {self._trusted(sent.usable)}"), fault
        request = curl(built.url, built.headers, built.body, method=built.method, hidden={scheme.header})
        note = library_note(scheme.name, self.case.id)
        return findings_of(self.case, decision, look, reproduce=self._reproduce, request=request, note=note)

    def _trusted(self, usable: Event) -> str:
        """Send each part of the case by itself; return which the receiver accepts, in words."""
        receiver, accepted = self._receiver, []
        for words, build in self.case.parts:
            subject = receiver.subject(usable)
            with suppress(EventError):  # there is no such part with this scheme
                if receiver.send(subject, build(receiver.material(subject))).acknowledged:
                    accepted.append(words)
        return f"alone, it accepts {', '.join(accepted)}" if accepted else "it accepts none of them alone"

    def _looked(self, sent: CaseDelivery) -> Observation:
        """Look whether the receiver is still alive, and what the delivery caused."""
        receiver = self._receiver
        control = receiver.subject(sent.usable)
        after = receiver.still_answers(control, sent.deaths)
        look = Observation(sent.answer)
        if after.status is None:
            look = look._replace(unknown=CaseResult(Outcome.ERROR, _GONE))
        elif self._asks or not is_expected(self.case, sent.answer):
            self._nameless.forget()
            look = self._counted(look, sent, control)
        ended = receiver.deaths() != sent.deaths
        silent = "" if ended or after.status is not None else after.seen
        return look._replace(ended=ended, silent=silent, printed=receiver.exception() if ended else "")

    def _counted(self, look: Observation, sent: CaseDelivery, control: Event) -> Observation:
        """Return the look with the number of effects; ``control`` is a genuine event that was delivered later."""
        receiver, usable, asked = self._receiver, sent.usable, sent.asked
        probe = receiver.probe
        if probe is None or not asked.ids[0]:
            why = no_id(usable) if probe else _NO_PROBE
            return look._replace(unknown=CaseResult(Outcome.NOT_RUN, why))
        try:
            # By the time a later, genuine delivery has its effect, a forged one has had its own.
            if fault := receiver.uncounted(usable):
                return look._replace(unknown=CaseResult(Outcome.NOT_RUN, f"effects are not known: {fault}"))
            if fault := receiver.without_effect(control):
                return look._replace(unknown=CaseResult(Outcome.ERROR, fault))
            if self.case.takes_effect and look.answer.acknowledged:
                return look._replace(effects=probe.wait(asked.ids[0], within_s=receiver.settle_s))
            effects = sum(map(probe.effects, asked.ids))
        except ProbeError as exc:
            return look._replace(unknown=CaseResult(Outcome.ERROR, str(exc)))
        return look._replace(effects=effects or max(0, self._nameless_now() - asked.nameless))

    def _asked(self, subject: Event, built: Request) -> Counters:
        """Return by which ids the effects of a delivery are counted: that of its event, and that which it carries."""
        carried = ""
        if self.case.response in REFUSALS and len(built.body) <= _READ_BYTES:
            headers = tuple((name.lower(), value) for name, value in built.headers)
            carried = self._receiver.format.received(headers, built.body).id
        ids = (subject.id, carried) if carried not in ("", subject.id) else (subject.id,)
        return Counters(ids, self._nameless_now() if subject.id else 0)

    def _nameless_now(self) -> int:
        """Return the number of effects of events without an id, where the row sends such an event."""
        return self._nameless.count() if self.case.is_garbage else 0

    def _needs(self, sent: CaseDelivery) -> Needs:
        """Find out what somebody needs to cause a server error: send the same unsigned, and with a wrong signature.

        Only for responses that are server errors, or none.
        """
        receiver, material, built = self._receiver, sent.material, sent.built
        header = material.scheme.header

        def fails(request: Request) -> bool:
            status = receiver.send(sent.subject, request, self.case.framing).status
            return status is None or status >= 500

        if header not in {name.lower() for name, _ in built.headers} or fails(replaced(built, header)):
            return Needs.NOTHING
        for _ in range(_SIGNATURES):
            with suppress(EventError):
                forged = self.case.delivery(material._replace(secret=material.scheme.new_secret()))
                return Needs.A_WRONG_SIGNATURE if fails(forged) else Needs.THE_SECRET
        return Needs.THE_SECRET
