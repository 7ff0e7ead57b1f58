"""What earlier deliveries have used up, such as a rate limit, recovers before a drill begins."""

from __future__ import annotations

import time
from email.parser import Parser

from harness.core.dates import retry_after_s
from harness.model import Delivery, Outcome
from harness.webhooks import lockouts
from harness.webhooks.drills.drill_context import DrillContext

_UNASKED_S, _MOST_S = 1.0, 61.0
"""Wait after a refusal without ``Retry-After``, and the longest wait between two deliveries."""
_LIMITED = (429, 503)


def limited(answers: list[Delivery]) -> tuple[Outcome, str] | None:
    """Return the judgement of deliveries that a rate limit answered; None where it answered none."""
    found = next((answer for answer in answers if answer.status == 429), None)
    return (Outcome.ERROR, f"{found.seen}: {lockouts.LIMITED}") if found else None


def usable(context: DrillContext) -> str:
    """Let the receiver recover, and take the form of the event that it accepts; return why it accepts none."""
    context.event, error = context.receiver.usable(context.event)
    if error and _recovered(context):
        context.event, error = context.receiver.usable(context.event)
    context.shared.accepted |= not error
    return error


def overloaded(context: DrillContext) -> str:
    """Return how a receiver that accepted genuine deliveries now fails at one; empty where it does not."""
    answer = context.receiver.deliver(context.fresh())
    failed = answer.cut or (answer.status is not None and answer.status >= 500)
    return f"earlier deliveries were acknowledged; now: {answer.seen}" if context.shared.accepted and failed else ""


def shut_out(context: DrillContext) -> str:
    """Deliver once more where earlier deliveries were acknowledged; return how that is refused, empty where not."""
    return lockouts.shut_out(context.receiver.deliver(context.fresh())) if context.receiver.accepted else ""


def _recovered(context: DrillContext) -> bool:
    """Deliver until the receiver no longer asks for patience; return whether it then acknowledges.

    Where its process has ended since the last time, it is started again first.
    """
    answer = context.receiver.still_answers(context.fresh(), context.shared.deaths)
    context.shared.deaths = context.receiver.deaths()
    while answer.status in _LIMITED and context.shared.patience_s > 0:
        wait = min(_wait_s(answer), _MOST_S, context.shared.patience_s)
        context.shared.patience_s -= wait
        time.sleep(wait)
        answer = context.receiver.deliver(context.fresh())
    return answer.acknowledged


def _wait_s(answer: Delivery) -> float:
    head = answer.whole.partition("\n\n")[0].partition("\n")[2]
    asked = retry_after_s(Parser().parsestr(head, headersonly=True)["retry-after"] or "", now=time.time())
    return _UNASKED_S if asked is None else max(_UNASKED_S, asked)
