"""How long the whole receiver suite takes against one receiver: the reference one, and one in PHP.

Bars, on an idle machine: every case and every drill within 4 seconds; within 12 with the drills that kill a copy of the
receiver, which run beside the others as in a gate, and are left out for the first figure. What is waited for on purpose
is most of it: one second in which a duplicate would show, until 200 events of a burst have been processed, and until
the lease of a killed worker ends. ``--slowest`` prints the checks that took longest.

The receiver in PHP, whose server has child processes, is that of tests/real; its figure, within 20 seconds, is a whole
gate of the room webhooks, start to end. Without PHP (tests/real/install) it is left out.
"""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
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
sys.path.insert(0, str(ROOT))  # the tests are no package that is installed
from tests.real.gates import gate  # noqa: E402

PHP = ROOT / "tests" / "real" / "receivers" / "correct-php"
RUNS = 3
SLOWEST = 12
GOOD = (Outcome.PASS, Outcome.NOT_APPLICABLE)

Check = tuple[str, Callable[[], Finding]]


def seconds(checks: Iterable[Check], took: dict[str, float]) -> float:
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
    figures = [*rows(*zip(*runs, strict=True)), *php_rows()]
    show(f"The receiver suite against one receiver, median of {RUNS}", figures)
    if "--slowest" in sys.argv:
        for key in sorted(took, key=lambda key: -took[key])[:SLOWEST]:
            print(f"{took[key]:6.2f} s  {key}")


def rows(cases: Sequence[float], drills: Sequence[float], whole: Sequence[float]) -> Iterator[Row]:
    """Yield what is shown; ``whole`` is how long all takes with the crash drills, in seconds."""
    number = len(CASES) + len(DRILLS)
    alone = statistics.median(map(sum, zip(cases, drills, strict=True)))
    yield Row(work=f"{number} checks", value=alone, unit="s", bar="<= 4")
    yield Row(work=f"with {len(CRASHES)} crash drills", value=statistics.median(whole), unit="s", bar="<= 12")
    yield Row(work="of the first figure the cases", value=statistics.median(cases), unit="s")
    yield Row(work="and the drills", value=statistics.median(drills), unit="s")


def php_rows() -> Iterator[Row]:
    """Yield the seconds of a gate of the receiver in PHP, where that is installed."""
    if shutil.which("php"):
        taken = [_gated(PHP) for _ in range(RUNS)]
        yield Row(work="a receiver in PHP with child processes", value=statistics.median(taken), unit="s", bar="<= 20")


def _gated(target: Path) -> float:
    with tempfile.TemporaryDirectory() as folder:
        return gate(target, Path(folder), "--only", "webhooks")[1]


def measured(took: dict[str, float]) -> tuple[float, float, float]:
    """Run all without the crash drills, then with them; return the seconds of cases, of drills, and of the second."""
    with _target() as context:
        cases, drills = _checks(context)
        times = seconds(cases, took), seconds(drills, took)
    with _target() as context:
        start = time.perf_counter()
        receiver = receiver_of(context)
        killing = CrashDrills(context, representative(events_of(context, receiver.format)))
        for drill in CRASHES:
            killing.begin(drill)
        for checks in _checks(context):
            seconds(checks, {})
        seconds([(drill.key, partial(killing.result, drill)) for drill in CRASHES], took)
        return *times, time.perf_counter() - start


@contextmanager
def _target() -> Iterator[RunContext]:
    run = Run.begin()
    try:
        context = RunContext.load(ROOT, run=run, overlay=None, reports=run.path)
        context.secrets.resolve_all(strict=True)
        with context.running(), closing(context.client), closing(context.background):
            yield context
    finally:
        shutil.rmtree(run.directory, ignore_errors=True)


def _checks(context: RunContext) -> tuple[list[Check], list[Check]]:
    """Return the cases and the drills."""
    receiver = receiver_of(context)
    event = representative(events_of(context, receiver.format))
    groups = CaseGroups(receiver, CASES, event, lambda _: "")
    stage = drill_context_of(context, receiver, event)
    cases: list[Check] = [(case.key, partial(_judged, groups, case)) for case in CASES]
    return cases, [(drill.key, partial(play, drill, stage, reproduce="")) for drill in DRILLS]


def _judged(groups: CaseGroups, case: ReceiverCase) -> Finding:
    found = groups.findings(case)
    return next((finding for finding in found if finding.outcome not in GOOD), found[0])


if __name__ == "__main__":
    main()
