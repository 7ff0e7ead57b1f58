"""This pytest as one part of a gate: which checks it runs, what it leaves for the gate, and how it ends early."""

from __future__ import annotations

import shlex
import signal
import sys
import time
from collections import Counter
from types import FrameType
from typing import Any

import pytest

from harness.plugins.stash import claims_key, context_key, is_live, only_key, order_key, signals_key

ONLY = "harness_only"
"""Where a worker of pytest-xdist finds the items whose checks alone run."""
_SAME_S = 2.0
"""Seconds within which two signals are one: a terminal sends Ctrl-C to this process, and so does the gate."""


def pytest_configure(config: pytest.Config) -> None:
    """Take over the selection of the gate."""
    order = config.stash.get(order_key, None)
    only = order.only if order is not None else getattr(config, "workerinput", {}).get(ONLY, ())
    if only:
        config.stash[only_key] = tuple(only)
    if order is not None:
        config.pluginmanager.register(Durations(), "harness-durations")
        signal.signal(signal.SIGINT, _Interruption())


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Give a worker of pytest-xdist the selection too."""
    node.workerinput[ONLY] = node.config.stash.get(only_key, ())


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(config: pytest.Config, specs: list[Any]) -> None:
    """Isolate the workers of the shipped checks as their controller is isolated, and let all end with theirs."""
    if is_live(config):  # one that waits in a test would not notice that its controller was killed
        from harness.process.guardian import guardian

        guardian.begin_for_all()
    order = config.stash.get(order_key, None)
    if order is not None and order.isolated:
        from harness.context.gate_request import ISOLATED

        for spec in specs:
            spec.python = shlex.join([sys.executable, *ISOLATED])


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the tests of the items that ``harness gate --only`` and ``--skip`` choose, recommendations last."""
    only = config.stash.get(only_key, ())
    if not only:
        return
    tested = frozenset(only)
    chosen = [i for i in items if any(tested.intersection(mark.args) for mark in i.iter_markers("verifies"))]
    config.hook.pytest_deselected(items=[i for i in items if i not in chosen])
    # Where the run stops at the first failure, that of a recommendation must not hide one of a requirement.
    items[:] = sorted(chosen, key=_is_recommendation)


def _is_recommendation(item: pytest.Item) -> bool:
    return any(mark.kwargs.get("level") == "should" for mark in item.iter_markers("verifies"))


class Durations:
    """On the controller: how long each test took."""

    def __init__(self) -> None:
        self.taken_s: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add one phase of a test."""
        self.taken_s[report.nodeid] += report.duration  # type: ignore[assignment]  # a Counter takes any number


class _Interruption:
    """Interrupts once for all signals of one Ctrl-C, so that the end of the run is not interrupted in turn."""

    def __init__(self) -> None:
        self._last_s = float("-inf")

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        now_s = time.monotonic()
        repeated = now_s - self._last_s < _SAME_S
        self._last_s = now_s
        if not repeated:
            raise KeyboardInterrupt


def write_part(config: pytest.Config, status: int, **seen: Any) -> None:
    """Leave for the gate what this pytest saw, or print why it cannot; ``seen`` are fields of a `Part`."""
    from harness.context.part_order import stamp_of
    from harness.model.part import Part

    context, order = config.stash[context_key], config.stash[order_key]
    stamp = stamp_of(context.run, context.target.summary.config_digest)
    part = context.admission.redacted(Part(stamp=stamp, name=order.name, status=status, **seen))
    try:
        order.write(part)
    except OSError as exc:  # the gate reports that the part is missing
        config.get_terminal_writer().line(
            f"ERROR: The findings of this pytest could not be stored in the scratch folder {context.run.directory}: "
            f"{exc.strerror}. Free space there, or set TMPDIR to another folder."
        )


def seen_by(config: pytest.Config) -> dict[str, Any]:
    """Return the fields of a `Part` that other plugins have gathered in this pytest."""
    watch = config.pluginmanager.get_plugin("harness-coverage-watch")
    durations = config.pluginmanager.get_plugin("harness-durations")
    coverage = watch.seen if watch is not None else ()
    return {
        "coverage": coverage,
        "signals": config.stash.get(signals_key, None),
        "claims": config.stash.get(claims_key, None),
        "exchanges": sum(sum(part.seen.statuses.values()) for part in coverage),
        "durations": {test: round(seconds, 3) for test, seconds in durations.taken_s.items()} if durations else {},
    }
