"""Group A, no secret: a receiver that is started without its secret takes no delivery.

Only a receiver that runs without it can show that, so this drill runs against the copy of the target.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress

from harness.errors import SecretError
from harness.http.message import Request
from harness.model import Outcome
from harness.webhooks.cases import Material
from harness.webhooks.drills.drill import OTHER_SECRETS, Drill, Judgement, passes_if
from harness.webhooks.drills.drill_context import DrillContext
from harness.webhooks.drills.forgeries import processed_anyway
from harness.webhooks.effects import counted

_WORDS = ("", "None", "null", "undefined", "nil")
"""What a setting without a value becomes as text, in the languages of most receivers."""
_QUIET_S = 1.0
"""Seconds in which an effect of a delivery would show that was not acknowledged."""


def forgeries(material: Material) -> Iterator[tuple[str, Request]]:
    """Yield deliveries that anybody could make for a receiver without a secret, with the words for each."""
    yield "unsigned", material.carrying()
    yield "with an empty signature", material.raw("")
    if not material.scheme.symmetric:
        yield "with a signature of zeros", material.carrying("0" * len(material.signature()))
        return
    for word in _WORDS:
        with suppress(SecretError):  # a word that no library takes for a secret of this form
            yield f"signed with {f'the word {word}' if word else 'an empty secret'}", material.signed(secret=word)


def taken(context: DrillContext) -> tuple[int, str]:
    """Send the forgeries; return how many effects they had, and the answers to all in words."""
    event = context.fresh()
    answers = {
        words: context.receiver.send(event, built) for words, built in forgeries(context.receiver.material(event))
    }
    acknowledged = any(answer.acknowledged for answer in answers.values())
    if acknowledged:
        effects = context.probe.settled(event.id, within_s=context.receiver.settle_s)
    else:
        effects = context.probe.wait(event.id, within_s=_QUIET_S)
    seen = ", ".join(f"{words}: {answer.seen}" for words, answer in answers.items())
    return effects, f"{seen}; {counted(effects)}"


def _without_secret(context: DrillContext) -> Judgement:
    if reason := processed_anyway(context):
        return Outcome.NOT_APPLICABLE, reason
    names, previous = context.secret_names, context.previous_names
    environments: Mapping[str, Mapping[str, str | None]] = {
        "empty": dict.fromkeys(names, ""),
        "not set": dict.fromkeys((*names, *previous)),
    }
    observed = []
    with context.started_with(*environments.values()) as starts:
        for (words, changes), started in zip(environments.items(), starts, strict=True):
            wrong, seen = taken(context) if started else (0, "refused to start")
            observed.append(f"while {', '.join(changes)} {'is' if len(changes) == 1 else 'are'} {words}: {seen}")
            if wrong:
                return Outcome.FAIL, observed[-1]
    return passes_if(True, "; ".join(observed))  # noqa: FBT003 - reads as a sentence


DRILLS: tuple[Drill, ...] = (
    Drill(
        id="started-without-secret",
        item="webhooks.signatures",
        summary="a start with an empty secret, and with none",
        passed="Processed no delivery while the signing secret was empty or not set",
        failed="Processed a delivery while the signing secret was empty or not set",
        expected="the receiver refuses to start, or processes no delivery",
        source="CVE-2026-86080, CVE-2026-123870",
        fix="Refuse to start while the secret is unset or empty.",
        needs_process=OTHER_SECRETS,
        run=_without_secret,
    ),
)
