"""Group F, acknowledgement: a sender that stops in the middle of a request holds up nobody else."""

from __future__ import annotations

from harness.model import Level
from harness.webhooks.drills.drill import Drill, Judgement, passes_if
from harness.webhooks.drills.drill_context import DrillContext


def _beside_unfinished(context: DrillContext) -> Judgement:
    """Deliver an event while half of another request is on its way; that needs no signature."""
    receiver, wire = context.receiver, context.receiver.wire
    built = receiver.material(context.fresh()).carrying()
    head = wire.head(built, ("content-length", str(len(built.body))))
    with wire.unfinished([head, built.body[: len(built.body) // 2]]):
        answer = receiver.deliver(context.fresh())
    within = context.config.ack_within
    return passes_if(answer.acknowledged and answer.seconds <= within, f"{answer.seen} after {answer.seconds:.1f} s")


DRILLS: tuple[Drill, ...] = (
    Drill(
        id="beside-unfinished",
        item="webhooks.robust",
        alone=True,
        level=Level.SHOULD,
        summary="a delivery while another sender stops in the middle of a request",
        passed="Acknowledged a delivery while another sender had stopped in the middle of a request",
        failed="Let a delivery wait for a sender that had stopped in the middle of a request",
        expected="HTTP 2xx within [receiver] ack_within",
        source="CWE-400",
        fix="Serve requests side by side, or behind a server that passes on whole requests alone, and limit the time "
        "in which a request must arrive.",
        needs=(),
        run=_beside_unfinished,
    ),
)
