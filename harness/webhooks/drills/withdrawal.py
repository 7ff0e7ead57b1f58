"""Group C, the end of a rotation: the receiver refuses a withdrawn secret.

Only a receiver that runs without that secret can show it, so this drill runs against the copy of the target.
"""

from __future__ import annotations

from harness.model import Level, Outcome
from harness.webhooks.drills.drill import OTHER_SECRETS, Drill, Judgement, passes_if
from harness.webhooks.drills.drill_context import DrillContext
from harness.webhooks.drills.forgeries import processed_anyway
from harness.webhooks.drills.unset_secrets import taken
from harness.webhooks.effects import counted


def _withdrawn(context: DrillContext) -> Judgement:
    names = context.previous_names
    if not names:
        return Outcome.NOT_RUN, (
            "the harness cannot withdraw the previous secret, because the receiver reads it from a file; "
            'add to its [process.NAME]: env = { NAME = "<the reference at [receiver] signature.previous>" }'
        )
    if reason := processed_anyway(context):
        return Outcome.NOT_APPLICABLE, reason
    with context.started_with(dict.fromkeys(names, "")) as starts:
        if next(starts):
            return _old_and_new(context)
    return Outcome.NOT_RUN, f"it does not start while {', '.join(names)} is empty; make that setting optional"


def _old_and_new(context: DrillContext) -> Judgement:
    old, new = context.fresh(), context.fresh()
    before = context.receiver.send(old, context.receiver.material(old).signed(secret=context.previous_secret()))
    after = context.receiver.deliver(new)
    seen = f"started without it; signed with the old secret: {before.seen}, with the new one: {after.seen}"
    if not after.acknowledged or before.status is None or before.status // 100 != 4:
        return Outcome.FAIL, seen
    # By the time the later delivery has its effect, the earlier one has had its own.
    if not context.probe.wait(new.id, within_s=context.receiver.settle_s):
        return Outcome.ERROR, f"{seen}, but no effect of the new one within {context.receiver.settle_s:g} s"
    effects = context.probe.effects(old.id)
    forged, answers = taken(context)
    return passes_if(not effects and not forged, f"{seen}, {counted(effects)} of the old one; {answers}")


DRILLS: tuple[Drill, ...] = (
    Drill(
        id="withdrawn-secret",
        item="webhooks.rotation",
        level=Level.SHOULD,
        level_of_fail=Level.MUST,  # many receivers have no second secret to withdraw
        summary="a delivery signed with the previous secret after the overlap",
        passed="Refused the withdrawn secret and accepted the current one",
        failed="Did not both refuse the withdrawn secret and accept the current one",
        expected="HTTP 4xx and no effect; HTTP 2xx for a delivery signed with the new secret",
        source="Standard Webhooks, Secret rotation; docs.stripe.com, Roll endpoint signing secrets",
        fix="Verify only against the secrets that are configured now.",
        needs=("receiver.effects", "receiver.signature.previous"),
        needs_process=OTHER_SECRETS,
        run=_withdrawn,
    ),
)
