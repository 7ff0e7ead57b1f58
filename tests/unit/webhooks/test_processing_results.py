"""The upshot of many events, asked for until one deadline: through both probes, through one, through none."""

from __future__ import annotations

import time
from typing import Any

import pytest

from harness.webhooks.effects import EffectProbe
from harness.webhooks.processing_results import ProcessingResult, ProcessingResults


class Integration:
    """What an integration says of events; each is ``new`` for the first ``slow`` questions."""

    def __init__(self, slow: int = 0, **states: str) -> None:
        self.states = states
        self.slow = slow
        self.asked = 0

    def __call__(self, event_id: str) -> dict[str, Any] | None:
        self.asked += 1
        if event_id not in self.states:
            return None
        state = "new" if self.asked <= self.slow else self.states[event_id]
        return {"status": state, "effects": int(state == "done")}


def upshots(ask: Integration, *, effects: bool = True, letters: bool = True) -> ProcessingResults:
    probe = EffectProbe(ask, count="effects") if effects else None
    return ProcessingResults(probe, ask if letters else None, when={"status": "dead"}, effect_s=5, dead_letter_s=30)


def test_all_events_are_asked_about_until_each_is_decided() -> None:
    """What takes its time is waited for, and no longer than it takes."""
    ask = Integration(slow=6, a="done", b="dead")
    found = upshots(ask).of(["a", "b"], within_s=600)

    assert found == {
        "a": ProcessingResult(processed=True, set_aside=False),
        "b": ProcessingResult(processed=False, set_aside=True),
    }
    assert ask.asked < 20


def test_one_deadline_is_enough_for_all() -> None:
    """Of a hundred events that nothing becomes of, the last is not waited for longer than the first."""
    begun = time.monotonic()
    found = upshots(Integration()).of([str(n) for n in range(100)], within_s=0.3)

    assert set(found.values()) == {ProcessingResult(processed=False, set_aside=False)}
    assert time.monotonic() - begun < 20, "one after the other they would take 30 s"


@pytest.mark.parametrize(
    "effects, letters, upshot",
    [
        (True, False, ProcessingResult(processed=False)),
        (False, True, ProcessingResult(set_aside=True)),
        (False, False, ProcessingResult()),
    ],
)
def test_what_cannot_be_asked_is_not_known(effects: bool, letters: bool, upshot: ProcessingResult) -> None:  # noqa: FBT001
    """An answer that no probe can give is None, never False."""
    ask = upshots(Integration(a="dead"), effects=effects, letters=letters)

    assert ask.of(["a"]) == {"a": upshot}


def test_without_dead_letters_the_wait_for_them_is_short() -> None:
    """Once a later event has its effect, an earlier one without has none; nothing else could show."""
    assert upshots(Integration(), letters=False).dead_letter_s == 1
    assert upshots(Integration()).dead_letter_s == 30
