"""Group F, dead letters at rest: one is all that came of its event, and remains whatever is delivered later."""

from __future__ import annotations

import time
from functools import partial

from harness.model import Event
from harness.webhooks.drills.dead_letters import delivered_again, letter_drill, letter_of, of_letter
from harness.webhooks.drills.drill import Drill, Judgement, passes_if
from harness.webhooks.drills.drill_context import DrillContext
from harness.webhooks.effects import counted
from harness.webhooks.probes import Row

_NEEDS = ("receiver.effects", "receiver.unprocessable", "receiver.dead_letters")


def _without_effect(context: DrillContext, event: Event, _row: Row) -> Judgement:
    effects = context.probe.effects(event.id)
    return passes_if(not effects, f"{event.id} is a dead letter, and has {counted(effects)}")


def _after_another_delivery(context: DrillContext, event: Event, _row: Row) -> Judgement:
    """A receiver may try the event once more, and then has its effect or a dead letter again."""
    answer = delivered_again(context)
    row, is_letter = letter_of(context, event, time.monotonic())
    effects = context.probe.effects(event.id)
    known = "nothing" if row is None else f"{dict(row)}"
    seen = f"{event.id} was delivered again: {answer.seen}, {counted(effects)}"
    return passes_if(is_letter or effects > 0, seen if is_letter else f"{seen}; the dead letter query returns {known}")


DRILLS: tuple[Drill, ...] = (
    letter_drill(
        id="dead-letter-without-effect",
        summary="the effects of an event that became a dead letter",
        passed="Left no effect of an event that became a dead letter",
        failed="Left an effect of an event that became a dead letter",
        expected="no effect: an event that is tried again has what it did before once more",
        source="CWE-460; docs.stripe.com, Webhooks: handle duplicate events",
        fix="Make all that an event does one transaction, which a failure takes back, or note each step that is done.",
        needs=_NEEDS,
        run=partial(of_letter, _without_effect),
    ),
    letter_drill(
        id="dead-letter-delivered-again",
        summary="a dead letter whose event is delivered again",
        passed="Preserved a dead letter whose event was delivered again",
        failed="Lost a dead letter whose event was delivered again",
        expected="the dead letter, or the effect of another attempt",
        fix="Acknowledge an event whose id is stored, and change nothing of what is stored; or try it again, and store "
        "its dead letter again.",
        needs=_NEEDS,
        run=partial(of_letter, _after_another_delivery),
    ),
)
"""Judged some time after the events were delivered, and before the dead letter is driven again."""
