"""The receiver under test: everything is sent to it through here, and its effects are counted through here."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

from harness.errors import ProbeError
from harness.http.message import Request
from harness.http.wire import Wire
from harness.model import Delivery, Event, Finding, Outcome
from harness.openapi.event_bodies import readable_document
from harness.process.printed import Printed
from harness.process.supervisor import ProcessState
from harness.webhooks.accepted_forms import AcceptedForms, unjudged
from harness.webhooks.cases import Framing, Material
from harness.webhooks.cases.building import replaced
from harness.webhooks.cases.receiver_case import unauthenticated
from harness.webhooks.effect_counts import NO_EFFECT, Counting, EffectCounter
from harness.webhooks.effects import EffectProbe
from harness.webhooks.events import EventFormat
from harness.webhooks.fixture_checks import acceptance
from harness.webhooks.framing import framed
from harness.webhooks.lockouts import outcome_without
from harness.webhooks.schemes import Scheme

SETTLE_S = 15.0
_LEAST_SETTLE_S = 0.5
_AGAIN_S = 0.1
ANSWERS_WITHIN_S = 3.0
"""Seconds in which a receiver whose process runs must answer again, after a connection that was cut."""

_BAD = (Outcome.FAIL, Outcome.ERROR)


class ReceiverUnderTest:
    """The integration's receiver, with everything needed to send to it and to see the effects.

    Whatever it learns about the receiver, it learns before the first row that needs it and from deliveries of its own,
    so no verdict depends on which rows ran before.
    """

    accepted: bool = False
    """Whether it has acknowledged any genuine delivery."""
    unjudged: Outcome = Outcome.ERROR
    """What a check is that `usable` leaves nothing to judge."""
    _stalled = 0
    """Genuine deliveries in a row without an effect in time."""

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
        note_token: Callable[[str], None] = lambda _: None,
        shared: bool = False,
        printed: Printed | None = None,
    ) -> None:
        """``secret`` is called for each signature; ``clock`` returns Unix seconds.

        ``settle_s`` bounds the wait for an effect, in seconds. ``processes`` reports on the receiver's process, where
        the harness starts it; ``printed`` reads what that prints. ``shared`` is whether other workers send to it too.
        ``object_key`` is the key of the object's id in events. ``note`` is called with the id of each event that is
        delivered, ``note_token`` with each made-up token.
        """
        self.wire = wire
        self.format = format
        self.probe = probe
        self.settle_s = settle_s
        self._processes = processes
        self._shared = shared
        self._printed = printed
        self._secret = secret
        self._clock = clock
        self._forms = AcceptedForms(self.control, timeout_s=wire.timeout_s)
        self.alive = False  # whether the last thing that it did was to acknowledge a genuine delivery
        self._object_key = object_key
        self._note = note
        self._note_token = note_token
        self._counting: Counting | None = None
        self._learning = threading.Lock()  # cases are sent, and asked about, side by side
        self._last_control = ("", "")  # its id, and the answer of `without_effect`

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
        before = self._first_on_connection(event, framing)
        pieces, pause_s = framed(self.wire, built, framing)
        return self.wire.exchange(
            pieces, event=event.name, event_id=event.id, method=built.method, pause_s=pause_s, before=before
        )

    def send_at_once(self, deliveries: Sequence[tuple[Event, Request]]) -> list[Delivery]:
        """Send deliveries exactly as built, so that the receiver has all of them at the same time."""
        for event, _ in deliveries:
            self._note(event.id)
        return self.wire.send_at_once([(built, event) for event, built in deliveries])

    def _first_on_connection(self, event: Event, framing: Framing) -> bytes:
        """Return the whole delivery, of an event like ``event``, that is first on its connection; empty for none."""
        if framing not in (Framing.AFTER_GENUINE, Framing.AFTER_FORGED):
            return b""
        other = self.subject(event)
        self._note(other.id)
        header = self.scheme.header
        first = self.material(other).signed()
        if framing is Framing.AFTER_FORGED:  # one without a signature is what receivers refuse soonest
            first = replaced(first, header) if header else self.forged(other)
        return b"".join(framed(self.wire, first, Framing.PLAIN)[0])

    def deliver(self, event: Event) -> Delivery:
        """Send one genuine delivery."""
        return self.send(event, self.material(event).signed())

    def undisturbed(self, look: Callable[[], list[Finding]]) -> list[Finding]:
        """Run ``look``, and again if the receiver died meanwhile: another worker's delivery may have killed it."""
        if self._processes is None or not self._shared:
            return look()
        with self._processes.turn():
            known = self._processes.revived()
            findings = look()
        if all(f.outcome not in _BAD for f in findings) or self._processes.revived() == known:
            return findings
        with self._processes.turn(alone=True):
            self._processes.revived()
            return look()

    def usable(self, event: Event) -> tuple[Event, str]:
        """Return the form of ``event`` in which the receiver accepts a genuine delivery, or why nothing can be judged.

        A receiver that refuses genuine deliveries proves nothing by refusing a forgery.
        """
        form, is_new = self._forms.of(event)
        if form.error or is_new or self.alive:
            return form.event, form.error
        control = self.control(form.event)
        self.unjudged = outcome_without(control)
        return form.event, "" if control.acknowledged else unjudged(control, since=True)

    def taken(self, event: Event) -> Event:
        """Return another event in the form that `usable` found this receiver to accept."""
        return self._forms.alike(event)

    def uncounted(self, usable: Event) -> str:
        """Return why no number of effects means anything, empty where the probe counts those of each event.

        Determined once, by deliveries of its own. Raises `ProbeError` where the receiver died meanwhile.
        """
        assert self.probe is not None
        with self._learning:
            if self._counting is None:
                counter = EffectCounter(
                    self.probe,
                    fresh=self.fresh,
                    deliver=self.deliver,
                    settle_s=self.settle_s,
                    object_key=self._object_key,
                )
                self._counting = self._counted(counter, usable)
        return self._counting.fault if self._counting else NO_EFFECT.format(self.settle_s)

    def _counted(self, counter: EffectCounter, usable: Event) -> Counting | None:
        """Return what a probe's numbers mean; one that fails twice is of no use to any check of the run."""
        deaths = self.deaths()
        with suppress(ProbeError):
            return counter.counting(usable)
        if self._processes:
            self._processes.revived()
        time.sleep(_AGAIN_S)
        try:
            return counter.counting(usable)
        except ProbeError as exc:
            if self.deaths() != deaths:
                raise
            return Counting(fault=str(exc))

    def without_effect(self, control: Event) -> str:
        """Return that a genuine delivery has no effect in time, empty once it has one; raises `ProbeError`.

        Where one after another has none, each is waited for half as long: nothing is processed any more.
        """
        assert self.probe is not None
        with self._learning:
            if self._last_control[0] != control.id:
                within_s = max(min(_LEAST_SETTLE_S, self.settle_s), self.settle_s / 2**self._stalled)
                seen = self.probe.wait(control.id, within_s=within_s)
                self._stalled = 0 if seen else self._stalled + 1
                self._last_control = (control.id, "" if seen else NO_EFFECT.format(within_s))
            return self._last_control[1]

    def deaths(self) -> int:
        """Return how often a process of the target ended by itself, as far as the harness starts it."""
        return self._processes.deaths if self._processes else 0

    def still_answers(self, control: Event, deaths: int) -> Delivery:
        """Deliver ``control``, genuine; return the answer, after a restart where the process ended.

        A connection that is cut is no death: the process is asked first. ``deaths`` is how many there were before.
        """
        answer = self.control(control, as_is=True)
        if self._processes is not None and answer.status is None:
            deadline = time.monotonic() + ANSWERS_WITHIN_S
            ended = self._processes.revived() != deaths
            while answer.status is None and (ended or (answer.cut and time.monotonic() < deadline)):
                answer, ended = self.control(control, as_is=True), False
        return answer

    def mark_log(self) -> None:
        """Forget what was printed until now; see `exception`."""
        if self._printed:
            self._printed.mark()

    def exception(self) -> str:
        """Return the last exception that the process has printed since `mark_log`, in a line; empty for none."""
        return self._printed.exception() if self._printed else ""

    def judge_acceptance(self, events: Iterable[Event]) -> list[Finding]:
        """Deliver every event, genuine; return for each whether it was acknowledged."""
        subjects = list(events)
        return self.undisturbed(lambda: self._accepted(subjects))

    def _accepted(self, events: Iterable[Event]) -> list[Finding]:
        answers = [(event, self.control(event)) for event in events]
        refused = [event for event, a in answers if a.status in (400, 401, 403)]
        all_refused = len(refused) == len(answers)
        how = self._forms.of(refused[0])[0].how if refused else ""
        forms = {event.name: self._forms.of(event)[0].how for event in refused} if how else {}
        return [acceptance(e, a, all_refused=all_refused, instead=forms.get(e.name, "")) for e, a in answers]

    def forged(self, event: Event) -> Request:
        """Return a delivery of an event by somebody who has another secret."""
        wrong = self.scheme.new_secret()
        if self.scheme.is_token:
            self._note_token(wrong)
        return self.material(event).signed(secret=wrong)

    def provoke_refusal(self, event: Event) -> str:
        """Deliver ``event`` signed with another secret; return what came instead of a refusal, empty for a refusal."""
        if reason := unauthenticated(self.scheme):
            return reason
        answer = self.send(event, self.forged(event))
        return "" if answer.status and 400 <= answer.status < 500 else f"the receiver answered {answer.seen}"

    def control(self, event: Event, *, as_is: bool = False) -> Delivery:
        """Send a genuine delivery, and again after a refused or broken connection: the server may be busy.

        It has a new id, but for an event that is delivered ``as_is``.
        """
        answer = self.deliver(event if as_is else self.fresh(event))
        if answer.status is None and answer.seconds < self.wire.timeout_s:
            time.sleep(_AGAIN_S)
            answer = self.deliver(event if as_is else self.fresh(event))
        self.alive = answer.acknowledged
        self.accepted |= self.alive
        return answer


def no_id(event: Event) -> str:
    """Return why no probe can be asked about an event without an id."""
    why = "effects are not known, for the event has no id to ask by"
    if readable_document(event.headers, event.body) is None:
        return f"{why}: its body is neither JSON nor a form, and {event.file or event.name} has no header for the id"
    return f"{why}; name the id's key as [receiver] event_id"
