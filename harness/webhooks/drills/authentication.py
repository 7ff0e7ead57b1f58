"""Group A, authentication: a receiver that asks for none takes events from anybody."""

from __future__ import annotations

from harness.model import Outcome
from harness.webhooks.cases.building import replaced
from harness.webhooks.cases.receiver_case import unauthenticated, unsigned_body, without_header
from harness.webhooks.drills.drill import Drill, Judgement, passes_if
from harness.webhooks.drills.drill_context import DrillContext
from harness.webhooks.drills.forgeries import effects_beside_later, processed_anyway
from harness.webhooks.effects import counted
from harness.webhooks.rewriting import with_member


def _from_anybody(context: DrillContext) -> Judgement:
    scheme = context.receiver.scheme
    if scheme.authenticates:
        return (
            Outcome.NOT_APPLICABLE,
            f"[receiver] signature.scheme is {scheme.name!r}, which shows who sent a delivery",
        )
    answer = context.receiver.deliver(context.fresh())
    return passes_if(not answer.acknowledged, f"a delivery without any credential got {answer.seen}")


def _signature_again(context: DrillContext) -> Judgement:
    """Deliver an event; once that is processed, deliver another one under its signature, as somebody who saw it can."""
    receiver, scheme = context.receiver, context.receiver.scheme
    reason = unauthenticated(scheme) or unsigned_body(scheme) or without_header(scheme) or processed_anyway(context)
    if reason:
        return Outcome.NOT_APPLICABLE, reason
    event, other = context.fresh(), context.fresh()
    other = with_member(other) or other  # where a header has the id, their bodies are equal
    captured, forged = receiver.material(event).signed(), receiver.material(other).signed()
    if captured.body == forged.body and not scheme.signs_id:
        return Outcome.NOT_APPLICABLE, f"nothing that {scheme.name} signs distinguishes two events like {event.name}"
    genuine = receiver.send(event, captured)
    if not genuine.acknowledged or not context.probe.wait(event.id, within_s=receiver.settle_s):
        return Outcome.ERROR, f"cannot be judged: a genuine delivery got {genuine.seen}, and no effect"
    for name in filter(None, (scheme.header, scheme.timestamp_header)):
        forged = replaced(forged, name, *(value for key, value in captured.headers if key.lower() == name))
    answer = receiver.send(other, forged)
    effects = effects_beside_later(context, other)
    return passes_if(not effects, f"another event under its signature: {answer.seen}, {counted(effects)}")


DRILLS: tuple[Drill, ...] = (
    Drill(
        id="unauthenticated",
        item="webhooks.signatures",
        summary="a delivery from anybody, where the receiver asks for no authentication",
        passed="Accepted no delivery from just anybody",
        failed="Accepted a delivery from anybody: nothing shows who sent it",
        expected="a signature or a credential that the receiver demands",
        source="CWE-306",
        fix="Verify the provider's signature; where it has none, demand HTTP Basic or a token "
        '(scheme = "basic" or "token").',
        needs=(),
        run=_from_anybody,
    ),
    Drill(
        id="signature-again",
        item="webhooks.signatures",
        summary="the signature of a processed delivery above another event",
        passed="Processed nothing under a signature that it had accepted for another event",
        failed="Processed a forgery under a signature that it had accepted for another event",
        expected="no effect of the second event",
        source="CWE-294, CWE-347",
        fix="Verify each delivery over its own bytes, and remember no signature as right.",
        run=_signature_again,
    ),
)
