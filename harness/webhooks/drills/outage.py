"""Group F, durability: while the store is down, the receiver does not acknowledge what it cannot store."""

from __future__ import annotations

import select
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from harness.errors import ProbeError
from harness.model import Event, Outcome
from harness.process.guardian import guardian
from harness.webhooks.drills.crashes import SOURCE
from harness.webhooks.drills.drill import Drill, Judgement, passes_if
from harness.webhooks.drills.drill_context import DrillContext
from harness.webhooks.drills.kills import RECOVERS_S
from harness.webhooks.effects import counted

_BEGINS_S = 10.0
_MEANWHILE_S = 2.0
"""Seconds in which an event that is acknowledged during an outage would have its effect if there were none."""


def _store_down(context: DrillContext) -> Judgement:
    event = context.fresh()
    with _outage(context):
        during = context.receiver.deliver(event)
        bites = not during.acknowledged or not _processed_meanwhile(context, event)
    if not bites:
        return Outcome.NOT_RUN, (
            f"[receiver] outage: the store was not down, for an event was processed while {context.config.outage[0]!r} "
            "ran. Let the command take away what the receiver writes to"
        )
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


def _processed_meanwhile(context: DrillContext, event: Event) -> bool:
    """Whether an acknowledged event has its effect although the store is down; a probe may need the store itself."""
    try:
        return bool(context.probe.wait(event.id, within_s=_MEANWHILE_S))
    except ProbeError:
        return False


@contextmanager
def _outage(context: DrillContext) -> Iterator[None]:
    """Take the store down for the length of the block."""
    where = "[receiver] outage"
    words = list(context.config.outage)
    guardian.begin()
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
    guardian.watch(process.pid)  # on whose signal it brings the store back, if this process is killed
    with process:  # closes its input at the end, which is another way to end it
        try:
            assert process.stdout is not None
            began = select.select([process.stdout], [], [], _BEGINS_S)[0]
            if not began or not process.stdout.readline():
                raise ProbeError(
                    f"{where}: {words[0]!r} printed no line within {_BEGINS_S:g} s. "
                    "Print one when the store is down, and bring it back on SIGTERM."
                )
            yield
        finally:
            process.terminate()
            process.wait()
            guardian.forget(process.pid)


DRILLS: tuple[Drill, ...] = (
    Drill(
        id="store-down",
        item="webhooks.durable",
        summary="a delivery while the store is down",
        passed="Processed an event once, although it arrived while the store was down",
        failed="Lost or repeated an event that arrived while the store was down, or still refused it afterwards",
        source=SOURCE,
        expected="no 2xx while the store is down, so that the sender tries again; then exactly one effect",
        fix="Answer 503 when the event cannot be stored.",
        needs=("receiver.effects", "receiver.outage"),
        hint=(
            "The command of outage makes the store unavailable, prints a line, and restores it when its input ends, "
            'such as ["sh", "-c", "docker pause db && echo away; cat; docker unpause db"]'
        ),
        run=_store_down,
    ),
)
