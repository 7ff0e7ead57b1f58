"""How long the whole receiver suite takes against one receiver, the reference one, without its crash drills.

Bar: at most 5 seconds for every case and every drill. What is waited for on purpose is most of it: one second in which
a duplicate would show, and until 200 events of a burst have been processed.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path

from _table import Row, show

from harness.context.receiver_parts import drill_context_of, event_format_of, receiver_of
from harness.context.run_context import RunContext
from harness.model import Finding, Outcome
from harness.process.run import Run
from harness.webhooks.cases import CASES
from harness.webhooks.drills import DRILLS, play
from harness.webhooks.events import read_events

ROOT = Path(__file__).parents[1]
GOOD = (Outcome.PASS, Outcome.NOT_APPLICABLE)


def seconds(checks: Iterable[Callable[[], Finding]]) -> float:
    """Return how long the checks take; none may find anything."""
    start = time.perf_counter()
    found = [check() for check in checks]
    took = time.perf_counter() - start
    wrong = [f"{f.summary}: {f.observed}" for f in found if f.outcome not in GOOD]
    assert not wrong, wrong
    return took


def main() -> None:
    """Measure and print."""
    run = Run.begin()
    try:
        world = RunContext.load(ROOT, run=run, overlay=None, reports=run.path)
        world.vault.resolve_all(world.target.references, strict=True)
        with world.running(), closing(world.client):
            rows = list(measured(world))
    finally:
        shutil.rmtree(run.directory, ignore_errors=True)
    show("The receiver suite against the reference receiver", rows)


def measured(world: RunContext) -> Iterable[Row]:
    """Run every case and every drill once."""
    assert world.config.receiver is not None
    folder = world.target.root / str(world.config.receiver.events)
    event = next(read_events([folder], event_format_of(world).read))
    receiver = receiver_of(world)
    stage = drill_context_of(world, receiver, event)
    cases = seconds([lambda c=case: receiver.judge(c, event, reproduce="") for case in CASES])  # type: ignore[misc]
    drills = seconds([lambda d=drill: play(d, stage, reproduce="") for drill in DRILLS])  # type: ignore[misc]
    yield Row(work=f"{len(CASES)} cases and {len(DRILLS)} drills", value=cases + drills, unit="s", bar="<= 5")
    yield Row(work="of these the cases", value=cases, unit="s")
    yield Row(work="and the drills", value=drills, unit="s")


if __name__ == "__main__":
    main()
