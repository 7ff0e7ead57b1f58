"""Group F, durability: an acknowledged event is processed exactly once, even if the receiver crashes.

These drills kill, starve and restart the receiver, so they run against a copy of the target that no other check uses.
"""

from __future__ import annotations

import select
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from harness.errors import ProbeError
from harness.model import Outcome
from harness.webhooks.drills.drill import Drill, Judgement, passes_if, too_fast
from harness.webhooks.drills.drill_context import DrillContext
from harness.webhooks.effects import counted

RECOVERS_S = 20.0
"""Time after a restart in which an acknowledged event must have its effect, in seconds."""
REPEATS_S = 6.0
"""Time after a restart in which a second processing of an event would show, in seconds."""
_INTO_PROCESSING_S = 0.5
_OUTAGE_BEGINS_S = 10.0
_POLL_S = 0.05

_SOURCE = "the integration guide, Webhooks; Standard Webhooks, Webhook consumers: enqueue, then acknowledge"
_COMMIT = "Commit the event to durable storage before you answer 2xx; the answer is a promise."


def _kill_after_ack(context: DrillContext) -> Judgement:
    event = context.fresh()
    answer = context.receiver.deliver(event)
    context.restart()
    if not answer.acknowledged:
        return Outcome.ERROR, f"cannot be judged: a genuine delivery got {answer.seen}"
    return _one_effect(context, event.id, "killed right after the acknowledgement")


def _kill_while_processing(context: DrillContext) -> Judgement:
    event = context.receiver.subject(context.read(str(context.config.slow)))
    answer = context.receiver.deliver(event)
    if not answer.acknowledged:
        return Outcome.ERROR, f"cannot be judged: a genuine delivery got {answer.seen}"
    time.sleep(_INTO_PROCESSING_S)
    if context.probe.effects(event.id):
        return too_fast(event)
    context.restart()
    return _one_effect(context, event.id, "killed while processing")


def _kill_after_effect(context: DrillContext) -> Judgement:
    event = context.fresh()
    answer = context.receiver.deliver(event)
    if not answer.acknowledged or not context.probe.wait(event.id, within_s=context.receiver.settle_s):
        return Outcome.ERROR, f"cannot be judged: {answer.seen}, and no effect within {context.receiver.settle_s:g} s"
    context.restart()
    deadline = time.monotonic() + REPEATS_S
    effects = context.probe.effects(event.id)
    while effects == 1 and time.monotonic() < deadline:
        time.sleep(_POLL_S)
        effects = context.probe.effects(event.id)
    return passes_if(effects == 1, f"killed right after the effect: {counted(effects)} after the restart")


def _one_effect(context: DrillContext, event_id: str, what: str) -> Judgement:
    effects = context.probe.wait(event_id, within_s=RECOVERS_S)
    if effects == 1:
        effects = context.probe.settled(event_id, within_s=0)
    return passes_if(effects == 1, f"{what}: {counted(effects)} within {RECOVERS_S:g} s of the restart")


def _store_down(context: DrillContext) -> Judgement:
    event = context.fresh()
    with _outage(context):
        during = context.receiver.deliver(event)
    seen = f"while the store was down: {during.seen}"
    if not during.acknowledged:
        after = context.receiver.deliver(event)
        seen += f"; delivered again: {after.seen}"
        if not after.acknowledged:
            return Outcome.FAIL, seen
    effects = context.probe.wait(
        event.id, within_s=RECOVERS_S if not during.acknowledged else context.receiver.settle_s
    )
    return passes_if(effects == 1, f"{seen}, {counted(effects)}")


@contextmanager
def _outage(context: DrillContext) -> Iterator[None]:
    """Take the store down for the length of the block."""
    where = "[receiver] outage"
    words = list(context.config.outage)
    try:
        process = subprocess.Popen(
            words,
            cwd=context.root,
            env=dict(context.environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    except OSError as exc:
        raise ProbeError(
            f"{where}: {words[0]!r} cannot be run: {exc.strerror}. Install it, or give its path."
        ) from None
    with process:  # closes its input at the end, which is another way to end it
        try:
            assert process.stdout is not None
            began = select.select([process.stdout], [], [], _OUTAGE_BEGINS_S)[0]
            if not began or not process.stdout.readline():
                raise ProbeError(
                    f"{where}: {words[0]!r} printed no line within {_OUTAGE_BEGINS_S:g} s. "
                    "Print one when the store is down, and bring it back on SIGTERM."
                )
            yield
        finally:
            process.terminate()
            process.wait()


_drill = partial(Drill, item="webhooks.durable", source=_SOURCE, fix=_COMMIT)

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
        id="store-down",
        summary="a delivery while the store is down",
        passed="Processed an event once, although it arrived while the store was down",
        failed="Lost or repeated an event that arrived while the store was down, or still refused it afterwards",
        expected="no 2xx while the store is down, so that the sender tries again; then exactly one effect",
        fix="Answer 503 when the event cannot be stored.",
        needs=("receiver.effects", "receiver.outage"),
        run=_store_down,
    ),
)
