"""Runs receiver cases: one loop judges every row, beside honest deliveries that give refusals a meaning."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable

import msgspec

from harness.errors import ProbeError
from harness.model import Delivery, Event, Finding, Level, Outcome
from harness.webhooks.cases import Built, Expected, Framing, Material, ReceiverCase
from harness.webhooks.cases.building import compact
from harness.webhooks.curl import curl
from harness.webhooks.delivery import Sender
from harness.webhooks.effects import EffectProbe, counted
from harness.webhooks.events import EventFormat
from harness.webhooks.wire import Answer, Wire

SETTLE_S = 15.0
_WAITED_IN_VAIN_S = 0.5
_AGAIN_S = 0.1
_EXPECT_S = 0.2
_SLOW_S = 0.05
_NO_PROBE = 'what it did is not known; add to [receiver]: effects = { url = "http://…/{event_id}" }'

_REFUSED = (Expected.REFUSED, Expected.REFUSED_OR_CUT)
_CLASSES = {
    Expected.REFUSED: (4,),
    Expected.REFUSED_OR_CUT: (4,),
    Expected.ACKNOWLEDGED: (2,),
    Expected.ANSWERED: (2, 4),
    Expected.ANSWERED_OR_CUT: (2, 4),
}
_MAY_CUT = (Expected.REFUSED_OR_CUT, Expected.ANSWERED_OR_CUT)

Judgement = tuple[Outcome, str]
"""An outcome, and what was observed."""


class ReceiverUnderTest:
    """The integration's receiver with all that is needed to send to it and to see what came of it."""

    def __init__(
        self,
        sender: Sender,
        *,
        wire: Wire,
        format: EventFormat,  # noqa: A002 - the field's word for it
        probe: EffectProbe | None,
        new_id: Callable[[], str],
        settle_s: float = SETTLE_S,
    ) -> None:
        """``new_id`` names each delivery anew; ``settle_s`` bounds the wait for an effect, in seconds."""
        self.sender = sender
        self.wire = wire
        self.probe = probe
        self.settle_s = settle_s
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

    def send(self, event: Event, built: Built, framing: Framing = Framing.PLAIN) -> Answer:
        """Send one delivery as it was built."""
        if framing is Framing.PLAIN:
            return self.wire.send(
                built.headers, built.body, event=event.name, event_id=event.id, method=built.method, query=built.query
            )
        pieces, pause_s = _framed(self.wire, built, framing)
        return self.wire.exchange(pieces, event=event.name, event_id=event.id, method=built.method, pause_s=pause_s)

    def deliver(self, event: Event) -> Answer:
        """Send one honest delivery."""
        return self.send(event, self.material(event).signed())

    def judge(self, case: ReceiverCase, event: Event, *, reproduce: str) -> Finding:
        """Send ``event`` as ``case`` builds it, and hold answer, effect and life of the receiver against the row."""
        if lacking := case.lacks(self.sender.scheme):
            return _finding(case, (Outcome.NOT_APPLICABLE, lacking), reproduce)
        usable, error = self.usable(event)
        if error:
            return _finding(case, (Outcome.ERROR, error), reproduce)
        subject = self.fresh(usable)
        material = self.material(subject)
        built = case.build(material)
        answer = self.send(subject, built, case.framing)
        judgement = _answered(case, material, built, answer)
        if judgement[0] is Outcome.PASS:
            judgement = self._afterwards(case, event, subject, answer)
        else:
            self._alive = False
        hidden = {self.sender.scheme.header}
        url = f"{self.wire.url}{'?' * bool(built.query)}{built.query}"
        request = curl(url, built.headers, built.body, method=built.method, hidden=hidden)
        return _finding(case, judgement, reproduce, request)

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
        error = f"cannot be judged: a genuine delivery got {control.seen}{_hint(control)}"
        if control.status is None and control.seconds >= self.wire.timeout_s:
            self._unusable[event.name] = error  # each further case would wait as long
        return event, error

    def taken(self, event: Event) -> Event:
        """Return another event in the form that `usable` found this receiver to take."""
        return _written_anew(event) if self._anew else event

    def judge_acceptance(self, events: Iterable[Event], *, item: str, source: str) -> list[Finding]:
        """Deliver every event honestly, and say whether it was acknowledged."""
        answers = [(event, self._control(event)) for event in events]
        none = not any(a.acknowledged for _, a in answers)
        refused = none and all(a.status in (400, 401, 403) for _, a in answers)
        return [_acceptance(event, answer, item=item, source=source, all_refused=refused) for event, answer in answers]

    def provoke_refusal(self, event: Event) -> str:
        """Deliver ``event`` signed with another secret; return what was answered when that was no refusal."""
        headers = self.sender.signed(event, secret=self.sender.scheme.new_secret())
        delivery = self.sender.send(event, headers, event.body)
        return "" if delivery.status and 400 <= delivery.status < 500 else f"it was answered {delivery.seen}"

    def _control(self, event: Event) -> Answer:
        """Deliver honestly; a connection that is refused or broken is tried once more, for a server may be busy."""
        answer = self.deliver(self.fresh(event))
        if answer.status is None and answer.seconds < self.wire.timeout_s:
            time.sleep(_AGAIN_S)
            answer = self.deliver(self.fresh(event))
        self._alive = answer.acknowledged
        return answer

    def _afterwards(self, case: ReceiverCase, event: Event, subject: Event, answer: Answer) -> Judgement:
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

    def _without_effect(self, subject: Event, answer: Answer, *, control: Event) -> Judgement:
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


def _framed(wire: Wire, built: Built, framing: Framing) -> tuple[list[bytes], float]:
    """Return the pieces of a request, and the seconds between them."""
    body = built.body
    length = ("content-length", str(len(body)))
    if framing is Framing.CHUNKED:
        head = wire.head(built.method, (*built.headers, ("transfer-encoding", "chunked")), query=built.query)
        halves = (body[: len(body) // 2], body[len(body) // 2 :])
        return [head, *(b"%x\r\n%s\r\n" % (len(half), half) for half in halves if half), b"0\r\n\r\n"], 0.0
    if framing is Framing.EXPECT:
        headers = (*built.headers, length, ("expect", "100-continue"))
        return [wire.head(built.method, headers, query=built.query), body], _EXPECT_S
    version = "1.0" if framing is Framing.HTTP_1_0 else "1.1"
    head = wire.head(built.method, (*built.headers, length), query=built.query, version=version)
    if framing is Framing.SLOW:
        size = max(1, len(body) // 4)
        return [head, *(body[at : at + size] for at in range(0, len(body), size))], _SLOW_S
    return [head, body], 0.0


def _answered(case: ReceiverCase, material: Material, built: Built, answer: Answer) -> Judgement:
    """Hold the answer alone against the row."""
    if answer.status == 429:
        return (
            Outcome.ERROR,
            f"{answer.seen}: the receiver limits rates, so it never looked. Raise its limit for the run",
        )
    if answer.status is None:
        fine = answer.cut and case.expected in _MAY_CUT
        return (Outcome.PASS if fine else Outcome.FAIL), answer.seen
    if answer.status // 100 not in _CLASSES[case.expected] and answer.status not in case.also:
        return Outcome.FAIL, answer.seen
    wrong = _wrongly_said(case, material, built, answer)
    return (Outcome.FAIL, wrong) if wrong else (Outcome.PASS, answer.seen)


def _wrongly_said(case: ReceiverCase, material: Material, built: Built, answer: Answer) -> str:
    """Return what is wrong with an answer of the right status; empty when nothing is."""
    if case.unsaid and case.unsaid(material, built) in answer.whole:
        return f"HTTP {answer.status}, and the answer holds the right signature"
    if case.said and case.said(material) not in answer.whole:
        return f"{answer.seen}, without {case.said(material)!r}"
    if case.flaw and (flaw := case.flaw(material, answer.whole)):
        return f"{answer.seen}: {flaw}"
    return ""


def _hint(delivery: Delivery) -> str:
    if delivery.status is None:
        return f". Start the receiver, or correct [receiver] url ({delivery.url})"
    if 300 <= delivery.status < 400:
        return ". Senders follow no redirect: name the final URL as [receiver] url"
    if delivery.status in {400, 401, 403}:
        return ". If every genuine delivery is refused, compare [receiver] signature with what the receiver expects"
    return ""


_ALL_REFUSED = (
    ". Every genuine delivery was refused, so most likely harness.toml is wrong and not the receiver: "
    "compare [receiver] signature, its secret and scheme, with what the receiver was given"
)


def _acceptance(event: Event, answer: Answer, *, item: str, source: str, all_refused: bool) -> Finding:
    outcome = Outcome.PASS if answer.acknowledged else Outcome.FAIL
    if answer.status is None:
        outcome = Outcome.ERROR
    verb = "acknowledged" if answer.acknowledged else "not acknowledged"
    hint = "" if answer.acknowledged else _ALL_REFUSED if all_refused else _hint(answer)
    return Finding(
        item=item,
        outcome=outcome,
        summary=f"{event.name}: a genuine delivery was {verb}",
        expected="HTTP 2xx",
        observed=answer.seen + hint,
        source=source,
        case=f"valid-{event.name}",
    )


_SAID = {
    Outcome.PASS: "was answered as it must be",
    Outcome.FAIL: "was not answered as it must be",
    Outcome.NOT_APPLICABLE: "does not apply",
    Outcome.NOT_RUN: "is known in part",
}


def _finding(case: ReceiverCase, judgement: Judgement, reproduce: str, request: str = "") -> Finding:
    outcome, observed = judgement
    if case.level is None and outcome in (Outcome.FAIL, Outcome.NOT_RUN):
        outcome, observed = Outcome.NOT_APPLICABLE, f"{observed} (told, not judged)"
    bad = outcome in (Outcome.FAIL, Outcome.ERROR)
    return Finding(
        item=case.item,
        outcome=outcome,
        summary=f"{case.id}: a delivery with {case.summary} {_SAID.get(outcome, 'could not be judged')}",
        expected=case.expected.value,
        observed=observed,
        reproduce=reproduce,
        request=request if bad else "",
        fix=case.fix if outcome is Outcome.FAIL else "",
        source=case.source,
        level=case.level or Level.SHOULD,
        case=case.id,
    )
