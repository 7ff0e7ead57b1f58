"""Group A, authentication: a receiver that asks for none takes events from anybody."""

from __future__ import annotations

from harness.model import Outcome
from harness.webhooks.drills.drill import Drill, Judgement, passes_if
from harness.webhooks.drills.drill_context import DrillContext


def _from_anybody(context: DrillContext) -> Judgement:
    scheme = context.receiver.scheme
    if scheme.authenticates:
        return (
            Outcome.NOT_APPLICABLE,
            f"[receiver] signature.scheme is {scheme.name!r}, which shows who sent a delivery",
        )
    answer = context.receiver.deliver(context.fresh())
    return passes_if(not answer.acknowledged, f"a delivery without any credential got {answer.seen}")


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
)
