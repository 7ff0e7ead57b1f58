"""How long the whole receiver suite takes against one receiver, the reference one.

Bars, on an idle machine: every case and every drill within 4 seconds, and within 12 with the drills that kill a copy of
the receiver, which run beside the others as in a gate. What is waited for on purpose is most of it: one second in which
a duplicate would show, until 200 events of a burst have been processed, and until the lease of a killed worker ends.
``--slowest`` prints the checks that took longest.
"""

from __future__ import annotations

import shutil
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

from _table import Row, show

from harness.context.crash_drills import CrashDrills
from harness.context.receiver_parts import drill_context_of, events_of, receiver_of
from harness.context.run_context import RunContext
from harness.model import Finding, Outcome
from harness.process.run import Run
from harness.webhooks.case_groups import CaseGroups
from harness.webhooks.cases import CASES, ReceiverCase
from harness.webhooks.drills import CRASHES, DRILLS, play
from harness.webhooks.events import representative

ROOT = Path(__file__).parents[1]
RUNS = 3
SLOWEST = 12
GOOD = (Outcome.PASS, Outcome.NOT_APPLICABLE)

Checks = Iterable[tuple[str, Callable[[], Finding]]]


def seconds(checks: Checks, took: dict[str, float]) -> float:
    """Return how long the checks take, and note it for each; none may find anything."""
    start = time.perf_counter()
    for key, check in checks:
        began = time.perf_counter()
        found = check()
        took[key] = time.perf_counter() - began
        assert found.outcome in GOOD, f"{found.summary}: {found.observed}"
    return time.perf_counter() - start


def main() -> None:
    """Measure and print."""
    took: dict[str, float] = {}
    runs = [measured(took) for _ in range(RUNS)]
    cases, drills, crashes = (statistics.median(values) for values in zip(*runs, strict=True))
    show("The receiver suite against the reference receiver, median of three", list(rows(cases, drills, crashes)))
    if "--slowest" in sys.argv:
        for key in sorted(took, key=lambda key: -took[key])[:SLOWEST]:
            print(f"{took[key]:6.2f} s  {key}")


def rows(cases: float, drills: float, crashes: float) -> Iterator[Row]:
    """Yield what is shown; ``crashes`` is the time that their lane takes from the start on, in seconds."""
    number = len(CASES) + len(DRILLS)
    yield Row(work=f"{number} checks", value=cases + drills, unit="s", bar="<= 4")
    yield Row(work=f"with {len(CRASHES)} crash drills", value=max(cases + drills, crashes), unit="s", bar="<= 12")
    yield Row(work="of these the cases", value=cases, unit="s")
    yield Row(work="the drills", value=drills, unit="s")
    yield Row(work="and beside them the crash drills", value=crashes, unit="s")


def measured(took: dict[str, float]) -> tuple[float, float, float]:
    """Run every case and every drill once, those that kill beside the others; return how long each kind took."""
    run = Run.begin()
    try:
        context = RunContext.load(ROOT, run=run, overlay=None, reports=run.path)
        context.secrets.resolve_all(strict=True)
        with context.running(), closing(context.client), closing(context.background):
            return _times(context, took)
    finally:
        shutil.rmtree(run.directory, ignore_errors=True)


def _judged(groups: CaseGroups, case: ReceiverCase) -> Finding:
    found = groups.findings(case)
    return next((finding for finding in found if finding.outcome not in GOOD), found[0])


def _times(context: RunContext, took: dict[str, float]) -> tuple[float, float, float]:
    receiver = receiver_of(context)
    event = representative(events_of(context, receiver.format))
    start = time.perf_counter()
    killing = CrashDrills(context, event)
    for drill in CRASHES:
        killing.begin(drill)
    stage = drill_context_of(context, receiver, event)
    groups = CaseGroups(receiver, CASES, event, lambda _: "")
    cases = [(case.key, partial(_judged, groups, case)) for case in CASES]
    drills = [(drill.key, partial(play, drill, stage, reproduce="")) for drill in DRILLS]
    times = seconds(cases, took), seconds(drills, took)
    seconds([(drill.key, partial(killing.result, drill)) for drill in CRASHES], {})
    return *times, time.perf_counter() - start


if __name__ == "__main__":
    main()
