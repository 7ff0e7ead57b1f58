"""Drills that harm the target: all on one copy of it, which is closed with the run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from harness.context import crash_drills
from harness.context.background import Background
from harness.context.crash_drills import CrashDrills
from harness.errors import ProcessError

DRILLS: list[Any] = [SimpleNamespace(id=name, needs_process="") for name in ("first", "second", "third")]


@pytest.fixture
def context(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A run whose copies are only counted, and whose drills return the copy that they were played on."""
    copies: list[str] = []

    @contextmanager
    def copied(original: Any, name: str) -> Iterator[str]:
        del name
        if original.broken:
            copies.append("tried")
            raise ProcessError("the copy did not start")
        copies.append("opened")
        yield f"copy {len(copies)}"
        copies.append("closed")

    monkeypatch.setattr(crash_drills, "isolated_copy", copied)
    monkeypatch.setattr(crash_drills, "crash_context_of", lambda copy, event: f"{copy} with {event}")
    monkeypatch.setattr(crash_drills, "play", lambda drill, stage, reproduce: f"{drill.id} on {stage}{reproduce}")
    config = SimpleNamespace(receiver=None)
    return SimpleNamespace(config=config, background=Background(), copies=copies, broken=False)


def test_all_drills_share_one_copy(context: Any) -> None:
    """Whether a drill was begun beside the tests or not, it harms the same copy, which ends with the run."""
    crashes: Any = CrashDrills(context, "an event")  # type: ignore[arg-type]  # no drill is played here
    for drill in DRILLS[:2]:
        crashes.begin(drill)

    results = [crashes.result(drill) for drill in DRILLS]
    context.background.close()

    assert results == [f"{drill.id} on copy 1 with an event" for drill in DRILLS]
    assert crashes.stage == "copy 1 with an event"
    assert context.copies == ["opened", "closed"]


def test_drills_of_its_settings_have_another_copy(context: Any) -> None:
    """They run beside those that kill the receiver."""
    crashes: Any = CrashDrills(context, "an event")  # type: ignore[arg-type]
    settings: Any = SimpleNamespace(id="settings", needs_process="start the receiver with other secrets")

    results = [crashes.result(DRILLS[0]), crashes.result(settings)]
    context.background.close()

    assert results == ["first on copy 1 with an event", "settings on copy 2 with an event"]
    assert context.copies == ["opened", "opened", "closed", "closed"]


def test_a_copy_that_does_not_start_is_tried_once(context: Any) -> None:
    """Each drill reports the error, and none waits again for a process that does not come up."""
    context.broken = True
    crashes: Any = CrashDrills(context, "an event")  # type: ignore[arg-type]
    crashes.begin(DRILLS[0])

    for drill in DRILLS:
        with pytest.raises(ProcessError, match="the copy did not start"):
            crashes.result(drill)
    context.background.close()

    assert context.copies == ["tried"]
