"""Keeps the target's processes running: the check during which one dies fails, the next finds it started again."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from harness.plugins.stash import context_key, is_live
from harness.process.supervisor import Supervisor

failed_key = pytest.StashKey[int]()


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, object, object]:
    """Start again what dies while tests run; the controller, which has the processes, does it for all workers."""
    run_context = session.config.stash[context_key]
    if not run_context.processes:  # a worker, or a run that does not talk to the target
        return (yield)
    supervisor = Supervisor(list(run_context.processes), run_context.processes.state)
    try:
        with supervisor:
            return (yield)
    finally:
        run_context.processes.restarts += supervisor.reports()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Let a test begin when every process runs that can be made to."""
    if not is_live(item.config):
        return
    known, failed = item.session.stash.get(failed_key, 0), item.session.testsfailed
    item.session.stash[failed_key] = failed
    run_context = item.config.stash[context_key]
    if failed > known:  # perhaps because something is dying just now, which the controller is about to notice
        run_context.processes.state.revived()
    else:
        run_context.processes.state.settled()
