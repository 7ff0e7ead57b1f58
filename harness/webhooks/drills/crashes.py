"""Group F, durability: an acknowledged event is processed exactly once, even if the receiver crashes.

These drills kill and restart the receiver, so they run against a copy of the target that no other check uses. One kill
serves all of them: see `kills`.
"""

from __future__ import annotations

from functools import partial

from harness.model import Delivery, Outcome
from harness.model.cause import OF_RECEIVER
from harness.webhooks.drills import kills
from harness.webhooks.drills.dead_letters import KEEP
from harness.webhooks.drills.dead_letters import SOURCE as DEAD_LETTERS
from harness.webhooks.drills.drill import Caused, Drill, Judgement, passes_if, too_fast
from harness.webhooks.drills.drill_context import DrillContext
from harness.webhooks.drills.kills import interrupted, killed
from harness.webhooks.drills.load import SOON_S
from harness.webhooks.drills.rate_limit import limited
from harness.webhooks.drills.shared import BeforeKill, Interrupted, KilledReceiver
from harness.webhooks.effects import counted
from harness.webhooks.processing_results import lies

SOURCE = "the integration guide, Webhooks; Standard Webhooks, Webhook consumers: enqueue, then acknowledge"
_COMMIT = "Commit the event to durable storage before you answer 2xx; the answer is a promise."
_MARKED = OF_RECEIVER.of("takes an event for processed whose processing was interrupted")
_BEFORE_DONE = (
    "Note an id as processed in the transaction of its effect, never before, so that a second delivery completes what "
    "the first one began."
)


def _kill_after_ack(context: DrillContext) -> Judgement:
    found = killed(context)
    assert found.acknowledged is not None
    event, answer, _ = found.acknowledged
    if not answer.acknowledged:
        return _unjudged(answer)
    return _one_effect(found.effects[event.id], "killed right after the acknowledgement")


def _kill_while_processing(context: DrillContext) -> Judgement:
    slow, _ = interrupted(context)
    if reason := _not_interrupted(slow):
        return reason
    if slow.answer.status is None:
        why = f"{slow.event.name} had not been acknowledged when the receiver was killed, so it was not promised"
        return Outcome.NOT_APPLICABLE, why
    if not slow.answer.acknowledged:
        return _unjudged(slow.answer)
    return _one_effect(slow.effects, "killed while processing")


def _acknowledged_meanwhile(context: DrillContext) -> Judgement | Caused:
    slow, _ = interrupted(context)
    if reason := _not_interrupted(slow):
        return reason
    second = slow.meanwhile
    if second is None:
        return Outcome.NOT_APPLICABLE, f"{slow.event.name} was answered before it was processed: {slow.answer.seen}"
    what = "a second delivery while the first one was being processed"
    if not second.acknowledged:
        return Outcome.NOT_APPLICABLE, f"{what} was not acknowledged before the kill, so it was not promised"
    outcome, observed = _one_effect(slow.effects, f"{what}: {second.seen}; then killed")
    return Caused(outcome, observed, "" if slow.effects else _MARKED)


def _redelivered_after_interruption(context: DrillContext) -> Judgement | Caused:
    _, slow = interrupted(context)
    if reason := _not_interrupted(slow):
        return reason
    assert slow.again is not None
    what = f"killed while processing, then delivered again: {slow.again.seen}"
    if not slow.again.acknowledged:
        return passes_if(slow.effects == 1, f"{what}, {counted(slow.effects)}")  # refused as a duplicate
    return Caused(*_one_effect(slow.effects, what), "" if slow.effects else _MARKED)


def _redelivered_without_answer(context: DrillContext) -> Judgement | Caused:
    found = killed(context)
    unanswered = found.unanswered
    if not unanswered:
        return Outcome.NOT_APPLICABLE, "it had answered each delivery when it was killed"
    answers = [each.again for each in unanswered if each.again]
    if beside := limited(answers):
        return beside
    lost = [each for each in unanswered if not each.effects]
    twice = [] if _repeats_anyway(found) else [each for each in unanswered if each.effects > 1]
    seen = f"{len(unanswered)} events had no answer when it was killed; delivered again: {len(lost)} without an effect"
    outcome, observed = passes_if(not lost and not twice, f"{seen}, {len(twice)} with more than one")
    refused = [each.again for each in lost if each.again and not each.again.acknowledged]
    observed += f"; {len(refused)} not acknowledged: {refused[0].seen}" if refused else ""
    return Caused(outcome, observed, _MARKED if lost and not refused else "")


def _not_interrupted(slow: Interrupted) -> Judgement | None:
    """Return the judgement of a slow event that was processed before the kill; None where it was not."""
    if not slow.effects_before:
        return None
    if slow.answer.seconds > SOON_S:
        took = f"{slow.event.name} was acknowledged after {slow.answer.seconds:.1f} s, once it was processed"
        return Outcome.NOT_APPLICABLE, f"{took}: nothing acknowledged was left to interrupt"
    return too_fast(slow.event)


def _kill_after_effect(context: DrillContext) -> Judgement:
    found = killed(context)
    assert found.done is not None
    if not found.done.effects:
        return _without_effect(context, found.done)
    effects = found.effects[found.done.event.id]
    return passes_if(effects == 1, f"killed right after the effect: {counted(effects)} after the restart")


def _repeats_anyway(found: KilledReceiver) -> bool:
    """Whether it takes no restart to have an event processed or refused again."""
    repeated = found.repeated
    return repeated is not None and (not repeated.answer.acknowledged or repeated.effects > 1)


def _redelivered_after_restart(context: DrillContext) -> Judgement:
    found = killed(context)
    assert found.repeated is not None
    assert found.repeated_again is not None
    if not found.repeated.effects:
        return _without_effect(context, found.repeated)
    if _repeats_anyway(found):
        done = f"{found.repeated.answer.seen}, {counted(found.repeated.effects)}"
        return Outcome.NOT_APPLICABLE, f"it takes no restart: a second delivery got {done}"
    effects = found.effects[found.repeated.event.id]
    seen = f"processed, then killed, then delivered again: {found.repeated_again.seen}, {counted(effects)}"
    return passes_if(found.repeated_again.acknowledged and effects == 1, seen)


def _letter_after_restart(context: DrillContext) -> Judgement:
    letter = killed(context).letter
    assert letter is not None
    assert context.dead_letter_of is not None
    if letter.letter is None:
        return Outcome.NOT_RUN, f"there was no dead letter before the kill: {letter.missing}"
    row = context.dead_letter_of(letter.event.id)
    there = lies(row, context.dead_letters.when)
    known = "nothing" if row is None else f"{dict(row)}"
    return passes_if(there, f"after the restart, the dead letter query returns {known}")


def _unjudged(answer: Delivery) -> Judgement:
    return Outcome.ERROR, f"cannot be judged: a genuine delivery got {answer.seen}"


def _without_effect(context: DrillContext, before: BeforeKill) -> Judgement:
    seen = f"{before.answer.seen}, and no effect within {context.receiver.settle_s:g} s"
    return Outcome.ERROR, f"cannot be judged: {seen}"


def _one_effect(effects: int, what: str) -> Judgement:
    return passes_if(effects == 1, f"{what}: {counted(effects)} within {kills.RECOVERS_S:g} s of the restart")


_drill = partial(Drill, item="webhooks.durable", source=SOURCE, fix=_COMMIT)

DRILLS: tuple[Drill, ...] = (
    _drill(
        id="killed-after-ack",
        summary="SIGKILL right after an acknowledgement, then a restart",
        passed="Processed an event once, although killed right after acknowledging it",
        failed="Lost or repeated an event when killed right after acknowledging it",
        expected="exactly one effect",
        run=_kill_after_ack,
    ),
    _drill(
        id="killed-while-processing",
        summary="SIGKILL during the processing of an event, then a restart",
        passed="Processed an event once, although killed while processing it",
        failed="Lost or repeated an event when killed while processing it",
        expected="exactly one effect",
        fix="Let another worker process an event whose worker died: claim it for a limited time, and extend the claim "
        "while you work.",
        needs=("receiver.effects", "receiver.slow"),
        run=_kill_while_processing,
    ),
    _drill(
        id="killed-after-effect",
        summary="SIGKILL as soon as an event has its effect, then a restart",
        passed="Processed an event once, although killed right after its effect",
        failed="Lost or repeated an effect when killed right after it",
        expected="exactly one effect",
        fix="Commit the effect and the note that the event is done in one transaction.",
        run=_kill_after_effect,
    ),
    _drill(
        id="redelivered-after-restart",
        summary="an event delivered again after a SIGKILL and a restart",
        passed="Processed an event once, although it was delivered again after a restart",
        failed="Processed an event again, or refused it, when it was delivered again after a restart",
        expected="HTTP 2xx and exactly one effect",
        fix="Store the ids of processed events durably, not in memory.",
        run=_redelivered_after_restart,
    ),
    _drill(
        id="redelivered-while-processing",
        summary="SIGKILL during the processing of an event, then a restart and another delivery",
        passed="Processed an event once, although its processing was interrupted and it was delivered again",
        failed="Lost, repeated or refused an event whose processing was interrupted before it was delivered again",
        expected="exactly one effect",
        fix=_BEFORE_DONE,
        needs=("receiver.effects", "receiver.slow"),
        run=_redelivered_after_interruption,
    ),
    _drill(
        id="acknowledged-while-processing",
        summary="a second delivery of an event while the first is processed, then SIGKILL and a restart",
        passed="Processed an event once that it had acknowledged while it processed an earlier delivery of it",
        failed="Lost or repeated an event that it had acknowledged while it processed an earlier delivery of it",
        expected="exactly one effect, without another delivery; or 409 or 503 to the second delivery",
        fix="Answer 409 or 503 with Retry-After to an event that is still being processed: only what is stored or done "
        "may be acknowledged, for its sender does not deliver it again.",
        needs=("receiver.effects", "receiver.slow"),
        run=_acknowledged_meanwhile,
    ),
    _drill(
        id="redelivered-without-answer",
        summary="SIGKILL before events are acknowledged, then a restart and another delivery of each",
        passed="Processed each event once that had no answer when it was killed, and was delivered again",
        failed="Lost, repeated or refused an event that had no answer when it was killed, and was delivered again",
        expected="exactly one effect of each",
        fix=_BEFORE_DONE,
        run=_redelivered_without_answer,
    ),
    Drill(
        id="dead-letter-after-restart",
        item="webhooks.dead-letter",
        summary="a dead letter after a SIGKILL and a restart",
        passed="Preserved a dead letter across a restart",
        failed="Lost a dead letter in a restart",
        expected="the same dead letter",
        source=DEAD_LETTERS,
        fix=KEEP,
        needs=("receiver.effects", "receiver.unprocessable", "receiver.dead_letters"),
        run=_letter_after_restart,
    ),
)
