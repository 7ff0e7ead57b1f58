"""What comes of generated events: by the answers, and where the integration can be asked, by what it did."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
import pytest

from harness.errors import ProbeError
from harness.model import Delivery, Finding, Level, Outcome
from harness.webhooks import receiver_causes
from harness.webhooks.events import EventFormat
from harness.webhooks.generated.event_answers import INVALID, EventReceiver, judge_invalid, judge_valid
from harness.webhooks.generated.generated_events import Generated, GeneratedEvent
from harness.webhooks.processing_results import ProcessingResult, ProcessingResults
from harness.webhooks.receiver_causes import Needs
from harness.webhooks.schemes import scheme_named

GOOD = GeneratedEvent(webhook="run.done", document={"id": "g", "type": "run.done", "data": 1}, valid=True)
BAD = GeneratedEvent(webhook="run.done", document={"id": "b", "type": "run.done"}, valid=False)
OF_NO_TYPE = GeneratedEvent(webhook="run.done", document={"id": "t", "type": None}, valid=False)
NAMELESS = GeneratedEvent(webhook="run.done", document={"type": "run.done"}, valid=False)
EFFECT, DEAD = ProcessingResult(processed=True, set_aside=False), ProcessingResult(processed=False, set_aside=True)
NEITHER = ProcessingResult(processed=False, set_aside=False)


class Told(ProcessingResults):
    """Upshots as a test tells them, by id; of anything else neither an effect nor a dead letter."""

    effect_s = dead_letter_s = 0.0

    def __init__(self, upshots: Mapping[str, ProcessingResult]) -> None:
        self.upshots = upshots

    def of(self, ids: Iterable[str], *, within_s: float = 0) -> dict[str, ProcessingResult]:  # noqa: ARG002 - there is no waiting
        return {event_id: self.upshots.get(event_id, NEITHER) for event_id in ids}


def receiver(status: int | None = 200, **upshots: ProcessingResult) -> EventReceiver:
    def send(event: GeneratedEvent) -> Delivery:
        event_id = event.document.get("id", "")
        return Delivery(event="", event_id=event_id, url="", status=status, seconds=0, error="ReadError")

    def kind(event: GeneratedEvent) -> Any:
        return event.kind(EventFormat(scheme=scheme_named("hmac")))

    return EventReceiver(send=send, kind=kind, results=Told(upshots))


def judged(*invalid: GeneratedEvent, by: EventReceiver) -> list[Finding]:
    return judge_invalid(Generated(valid=(GOOD,), invalid=invalid), by)


@pytest.mark.parametrize(
    "status, valid, outcome",
    [
        (200, True, Outcome.PASS),
        (422, True, Outcome.FAIL),
        (429, True, Outcome.ERROR),
        (None, True, Outcome.FAIL),
        (400, False, Outcome.PASS),
        (429, False, Outcome.ERROR),
        (500, False, Outcome.FAIL),
        (302, False, Outcome.PASS),
        (None, False, Outcome.FAIL),
    ],
)
def test_the_answer_decides(status: int | None, valid: bool, outcome: Outcome) -> None:  # noqa: FBT001
    """A valid event must be acknowledged; an invalid one must get an answer, and none of 5xx."""
    generated = Generated(valid=(GOOD,), invalid=(BAD,))
    (found,) = (judge_valid if valid else judge_invalid)(generated, receiver(status))

    assert found.outcome is outcome
    if outcome is Outcome.FAIL:
        assert "valid generated event of run.done" in found.summary
        assert found.observed.startswith(f"HTTP {status}" if status else "no answer: ReadError")


@pytest.mark.parametrize(
    "upshot, outcome, said",
    [
        (DEAD, Outcome.PASS, "1 stored as dead letters"),
        (EFFECT, Outcome.FAIL, "Processed an invalid generated event of run.done"),
        (NEITHER, Outcome.FAIL, "lost an invalid generated event of run.done: no effect, no dead letter"),
    ],
)
def test_what_is_acknowledged_is_looked_for(upshot: ProcessingResult, outcome: Outcome, said: str) -> None:
    """A dead letter is right; an effect is not, nor is neither of both where a valid event of that kind has one."""
    (found,) = judged(BAD, by=receiver(g=EFFECT, b=upshot))

    assert found.outcome is outcome
    assert said in found.summary + found.observed
    assert bool(found.id) is (outcome is Outcome.FAIL)


OTHER = GeneratedEvent(webhook="other", document={"id": "o", "type": "other"}, valid=False)


@pytest.mark.parametrize(
    "event", [OF_NO_TYPE, NAMELESS, OTHER], ids=["of another type", "without an id to ask by", "of an idle type"]
)
def test_what_may_be_passed_over_is_not_held_against_the_receiver(event: GeneratedEvent) -> None:
    """An event of a kind that the receiver does nothing about may be taken and come to nothing."""
    (found,) = judged(event, BAD, by=receiver(g=EFFECT, b=DEAD))

    assert found.outcome is Outcome.PASS


@pytest.mark.parametrize("control", [NEITHER, DEAD])
def test_where_nothing_valid_has_an_effect_no_loss_can_be_told(control: ProcessingResult) -> None:
    """That is said beside what the answers tell, and is no proof of anything."""
    passed, unseen = judged(BAD, by=receiver(g=control))

    assert (passed.outcome, unseen.outcome, unseen.level) == (Outcome.PASS, Outcome.NOT_RUN, Level.SHOULD)
    assert "generated valid events have no effect either" in unseen.summary


def test_an_event_of_another_type_that_is_processed_fails() -> None:
    """Whatever the type says, an effect of what the spec forbids is wrong."""
    (found,) = judged(OF_NO_TYPE, by=receiver(g=EFFECT, t=EFFECT))

    assert (found.outcome, found.level) == (Outcome.FAIL, Level.MUST)


def test_without_an_effect_probe_the_part_that_was_not_seen_is_not_run() -> None:
    """The statuses are right, and what was done is not known: the finding names the line to add."""
    unknown = ProcessingResult()
    passed, unseen = judged(BAD, by=receiver(g=unknown, b=unknown))

    assert (passed.outcome, unseen.outcome, unseen.level) == (Outcome.PASS, Outcome.NOT_RUN, Level.MUST)
    assert passed.summary.startswith("Answered 1 invalid generated event")
    assert 'add to [receiver]: effects = { url = "http://…/{event_id}" }' in unseen.summary


def test_without_dead_letters_the_part_that_was_not_seen_is_not_run() -> None:
    """That nothing was processed is seen; that it was kept only should be, as dead letters have their own item."""
    passed, unseen = judged(BAD, by=receiver(g=ProcessingResult(processed=True), b=ProcessingResult(processed=False)))

    assert (passed.outcome, unseen.outcome, unseen.level) == (Outcome.PASS, Outcome.NOT_RUN, Level.SHOULD)
    assert "add: [receiver.dead_letters]" in unseen.summary


def test_refusals_need_no_probe() -> None:
    """Whoever refuses with 4xx is asked nothing more."""
    (found,) = judged(BAD, OF_NO_TYPE, by=receiver(400, g=ProcessingResult(), b=ProcessingResult()))

    assert found.outcome is Outcome.PASS
    assert found.observed == "2 refused, 0 stored as dead letters"


def test_a_probe_that_does_not_answer_is_an_error_beside_what_the_answers_tell() -> None:
    """What the statuses told stays told."""

    class Silent(Told):
        def of(self, *_args: object, **_kwargs: object) -> dict[str, ProcessingResult]:
            raise ProbeError("[receiver] effects: no answer")

    asked = receiver()
    passed, error = judged(BAD, by=EventReceiver(send=asked.send, kind=asked.kind, results=Silent({})))

    assert (passed.outcome, error.outcome) == (Outcome.PASS, Outcome.ERROR)
    assert error.observed == "[receiver] effects: no answer"


def test_a_defect_has_the_same_id_whatever_event_shows_it() -> None:
    """The id is made of webhook and cause, so that a waiver outlives the run."""
    other = GeneratedEvent(webhook="run.done", document={"id": "b", "type": "run.done", "x": 1}, valid=False)
    ids = {judged(event, by=receiver(g=EFFECT, b=EFFECT))[0].id for event in (BAD, other)}

    assert len(ids) == 1


def in_both(wrong: str, **given: Any) -> list[Finding]:
    """Return the findings of two webhooks with one invalid event each."""
    other = GeneratedEvent(webhook="run.failed", document={"id": wrong, "type": "run.failed"}, valid=False)
    by = receiver(**given)
    return judge_invalid(Generated(valid=(GOOD,), invalid=(BAD, other)), by)


def test_what_two_webhooks_show_has_one_cause() -> None:
    """The report then has one finding; each webhook has an id that can be waived."""
    found = in_both("c", b=EFFECT, c=EFFECT, g=EFFECT)

    assert {f.cause for f in found} == {"The receiver processes generated events that are invalid by the spec"}
    assert [f.subject for f in found] == ["generated run.done", "generated run.failed"]
    assert len({f.id for f in found}) == 2


def test_a_server_error_has_the_cause_that_another_look_shows() -> None:
    """One look is enough for all webhooks; without it, the events have a cause of their own."""
    looks: list[str] = []

    def look(event: GeneratedEvent) -> Finding:
        looks.append(event.webhook)
        fault = receiver_causes.wrong_status(INVALID, 500, Needs.THE_SECRET, "Returned a server error for")
        return fault.finding(INVALID, "HTTP 500", reproduce="", request="curl")

    by = msgspec.structs.replace(receiver(500), look=look)
    found = judge_invalid(Generated(valid=(GOOD,), invalid=(BAD, OTHER)), by)

    assert [(f.check, f.level, f.request) for f in found] == [("error-status", Level.SHOULD, "curl")] * 2
    assert {f.cause for f in found} == {f"The receiver answers HTTP 500 to {Needs.THE_SECRET.value}"}
    assert looks == ["other"]
    assert (
        judged(BAD, by=receiver(500))[0].cause == "The receiver fails on generated events that are invalid by the spec"
    )


def test_what_a_bound_left_out_is_told() -> None:
    """The finding says so, also when everything holds."""
    (found,) = judge_valid(Generated(valid=(GOOD,), bounds="only 400 of 900 webhooks"), receiver())

    assert found.summary == "Acknowledged 1 valid generated event (only 400 of 900 webhooks)"


def test_without_webhooks_there_is_nothing_to_judge() -> None:
    """A document that describes no webhook makes the checks not applicable, never passed."""
    (found,) = judge_valid(Generated(), receiver())

    assert found.outcome is Outcome.NOT_APPLICABLE
