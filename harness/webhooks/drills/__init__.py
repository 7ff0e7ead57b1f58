"""Drills as data: several deliveries with a plan, such as duplicates, bursts and crashes. One loop judges them all."""

from __future__ import annotations

import msgspec

from harness.errors import ProbeError, ProcessError
from harness.model import Finding, Outcome
from harness.webhooks.case_runner import no_id
from harness.webhooks.drills import (
    authentication,
    crashes,
    dead_letters,
    duplicates,
    failures,
    letters_at_rest,
    load,
    memory,
    other_ids,
    out_of_order,
    outage,
    overlap,
    processed,
    side_by_side,
    slow_senders,
    time_zone,
    unset_secrets,
    withdrawal,
)
from harness.webhooks.drills.drill import Caused, Drill, Judgement
from harness.webhooks.drills.drill_context import DrillContext
from harness.webhooks.drills.processed import unseen
from harness.webhooks.drills.rate_limit import overloaded, shut_out, usable
from harness.webhooks.fixture_checks import with_fixtures

# The deliveries of load come last, for they may use up a rate limit, and the slow ones occupy the workers. One quiet
# second serves all that follows: what is judged then was delivered before, and late effects of duplicates would show.
DRILLS: tuple[Drill, ...] = (
    *processed.DRILLS,
    *overlap.DRILLS,
    *authentication.DRILLS,
    *out_of_order.DRILLS,
    *side_by_side.DRILLS,
    *other_ids.DRILLS,
    *failures.DRILLS,
    *slow_senders.DRILLS,
    *dead_letters.DRILLS,
    *load.DRILLS,
    *letters_at_rest.DRILLS,
    *dead_letters.LATER,
    *load.SLOW,
    *duplicates.DRILLS,
    *load.LATER,
)
CRASHES: tuple[Drill, ...] = (
    *crashes.DRILLS,
    *outage.DRILLS,
    *unset_secrets.DRILLS,
    *withdrawal.DRILLS,
    *time_zone.DRILLS,
    *memory.DRILLS,
)
"""Drills that need a copy of the target of their own."""

__all__ = ["CRASHES", "DRILLS", "Drill", "DrillContext", "play"]


def play(drill: Drill, context: DrillContext, *, reproduce: str) -> Finding:
    """Run one drill, between genuine deliveries that give its outcome a meaning, and return its finding."""

    def look() -> list[Finding]:
        result = _judged(drill, context)
        finding = drill.finding(*result[:2], reproduce=reproduce)
        if isinstance(result, Caused) and result.cause:
            finding = msgspec.structs.replace(finding, subject=drill.id, cause=result.cause, id=drill.failure_id)
        return [with_fixtures(finding, *_fixtures(drill, context))]

    return context.receiver.undisturbed(look)[0]


def _fixtures(drill: Drill, context: DrillContext) -> tuple[str, ...]:
    """Return the fixtures that a drill delivers: those that its needs name, else that of every drill."""
    config = context.config
    named = {
        "receiver.slow": (config.slow,),
        "receiver.unprocessable": (config.unprocessable,),
        "receiver.order": (config.order.earlier, config.order.later) if config.order else (),
    }
    own = tuple(str(file) for need in drill.needs for file in named.get(need, ()) if file)
    return own or (context.event.file,)


def _prepare(context: DrillContext) -> None:
    """Start once what takes long to appear, so that other drills fill the wait; not where drills kill the target."""
    if context.process is None and context.restart_remote is None and not context.shared.prepared:
        context.shared.prepared = True
        for ahead in dict.fromkeys(drill.ahead for drill in DRILLS if drill.ahead):
            ahead(context)


def _judged(drill: Drill, context: DrillContext) -> Judgement | Caused:
    receiver = context.receiver
    if error := usable(context):
        failed = overloaded(context) if drill.under_load else ""
        failed = shut_out(context) if drill.after_forgeries else failed
        return (Outcome.FAIL, failed) if failed else (receiver.unjudged, error)
    if _ASKED.intersection(drill.needs) and not context.can_be_asked:
        return Outcome.NOT_RUN, no_id(context.event)
    if drill.needs_process and context.restart_remote is not None:
        return Outcome.NOT_RUN, (
            f"[receiver] stop and start do not let the harness {drill.needs_process}; "
            "let it start the receiver itself: add a [process.NAME]"
        )
    try:
        if "receiver.effects" in drill.needs and (fault := receiver.uncounted(context.event)):
            return unseen(drill, fault)
        _prepare(context)
        return drill.run(context)
    except (ProbeError, ProcessError) as exc:
        return Outcome.ERROR, str(exc)


_ASKED = {"receiver.effects", "receiver.dead_letters"}
"""Probes that ask about one event by its id."""
