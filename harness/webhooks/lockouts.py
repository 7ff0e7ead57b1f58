"""What to do where a receiver answers by a limit or a lock, whatever the delivery is: words for each such case."""

from __future__ import annotations

from harness.model import Delivery, Outcome

LIMITED = "the receiver's rate limit answered, not its handler. Raise that limit for the run"
"""Why 429 decides nothing."""
_ANYBODY = "anybody can send forgeries, and so shut the provider's events out"
_LOCKING = (401, 403, 429)
_REFUSED = (401, 403)


def of_forgery(genuine: Delivery) -> str:
    """Return what a 429 to a forgery shows, by the response to the genuine delivery that followed it."""
    if genuine.acknowledged:
        return (
            f"the receiver probably limits the deliveries that it refuses, for a genuine one after it got "
            f"{genuine.seen}, so whether it verifies this one is not known. Switch that limit off for the run"
        )
    if genuine.status == 429:
        return f"{LIMITED}. If forgeries use it up, limit verified deliveries alone: {_ANYBODY}"
    return LIMITED


def since_forgeries(genuine: Delivery) -> str:
    """Return what to do about a genuine delivery that is refused although earlier ones were not; empty for nothing."""
    if genuine.status not in _LOCKING:
        return ""
    return (
        ", although earlier ones were acknowledged. The likely cause is that the receiver locks its sender out after "
        "forgeries. If it does, refuse each delivery for what it is, and count none that you cannot verify: "
        f"{_ANYBODY}. To judge the rest, switch the lock off for the run"
    )


def outcome_without(genuine: Delivery) -> Outcome:
    """Return what a check is that cannot judge, for this genuine delivery is refused although earlier ones were not.

    One check fails for all of them, so that they are only not run.
    """
    return Outcome.NOT_RUN if genuine.status in _REFUSED else Outcome.ERROR


def shut_out(genuine: Delivery) -> str:
    """Return what a genuine delivery shows after earlier ones were acknowledged; empty where it is not shut out."""
    refused = genuine.status in _REFUSED or (genuine.status or 0) >= 500
    return f"earlier deliveries were acknowledged; a genuine one after forgeries: {genuine.seen}" if refused else ""
