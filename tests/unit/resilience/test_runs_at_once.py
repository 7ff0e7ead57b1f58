"""How many runs of a client start at once, and which runs its checks share."""

from __future__ import annotations

import threading
from contextlib import ExitStack

from harness.model.config import Policy
from harness.resilience.client_evidence import Evidence
from harness.resilience.client_process import ClientRun
from harness.resilience.faults import CLOSE, RESET
from harness.resilience.runs_at_once import STARTS_A_CORE, StartTurns, for_each_core
from harness.resilience.undisturbed import KnownRuns, Script

RAN = Evidence(attempts=(), run=ClientRun(exit_status=0, seconds=1, tail=""), policy=Policy()), ()


def test_the_next_run_starts_once_another_one_has_called() -> None:
    """To start takes processor time, and what follows its first call mostly waits: the turn ends there, once."""
    turns = StartTurns()

    def begun() -> tuple[threading.Thread, threading.Event]:
        began = threading.Event()

        def run() -> None:
            with turns.turn():
                began.set()

        thread = threading.Thread(target=run)
        thread.start()
        return thread, began

    with ExitStack() as running:
        called = [running.enter_context(turns.turn()) for _ in range(for_each_core(STARTS_A_CORE))]
        thread, began = begun()
        assert not began.wait(0.05)
        called[0]()
        called[0]()  # its second connection frees no second place
        thread.join()
        running.enter_context(turns.turn())
        thread, began = begun()
        assert not began.wait(0.05)
    thread.join()
    assert began.is_set()


def test_runs_that_others_could_have_decided_are_forgotten() -> None:
    """They are made once more, and those under other faults are not."""
    known, made = KnownRuns(), []
    scripts = [Script((RESET,)), Script((RESET,), labels=("GET /a",)), Script((CLOSE,))]

    def ran(script: Script) -> None:
        known.run(script, 0, lambda: made.append(script) or RAN)  # type: ignore[func-returns-value]

    for script in scripts:
        ran(script)
    known.forget((RESET,))
    assert len(known.evidence()) == 1
    for script in scripts:
        ran(script)

    assert made == [*scripts, *scripts[:2]]
