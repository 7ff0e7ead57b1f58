"""What the plugins keep on pytest's objects, and the small questions that several of them ask about a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from harness.core.scenario_modes import MODES

if TYPE_CHECKING:
    from collections import Counter

    from harness.context.live_calls import LiveCalls
    from harness.context.part_order import PartOrder
    from harness.context.run_context import RunContext
    from harness.model.part import Claims
    from harness.model.signals import SignalMatrix
    from harness.model.spec_coverage import Coverage
    from harness.plugins.findings import Findings
    from harness.reports.bounds import Kind

SUITE = "harness.suite"
CATEGORY = "harness_category"
"""Attribute of a test's report that passed although findings of it failed: ``waived`` or ``warned``."""

context_key: pytest.StashKey[RunContext] = pytest.StashKey()
"""On the configuration: the target of this run; absent where no harness.toml is."""
order_key: pytest.StashKey[PartOrder] = pytest.StashKey()
"""On the configuration: which part of a gate this pytest is; absent where it is none."""
only_key: pytest.StashKey[tuple[str, ...]] = pytest.StashKey()
"""On the configuration: the items whose checks alone run; absent where all do."""
findings_key: pytest.StashKey[Findings] = pytest.StashKey()
"""On a test: what it observed."""
late_key: pytest.StashKey[list[tuple[bool, str]]] = pytest.StashKey()
"""On the configuration: findings that came after their test had ended, each a sentence, and whether it failed."""
live_calls_key: pytest.StashKey[LiveCalls] = pytest.StashKey()
"""On a test of the user's in a live run: its calls to the provider that the harness saw."""
played_key: pytest.StashKey[bool] = pytest.StashKey()
"""On a test: whether it played recordings of the provider through vcrpy itself."""
shown_key: pytest.StashKey[Counter[Kind]] = pytest.StashKey()
"""On the configuration: how many findings of each kind the failures of tests show."""
deaths_key: pytest.StashKey[list[str]] = pytest.StashKey()
"""On the controller's configuration: how processes of the target ended by themselves."""
coverage_key: pytest.StashKey[Coverage] = pytest.StashKey()
"""On the controller's configuration: how much of the provider's document was seen."""
claims_key: pytest.StashKey[Claims] = pytest.StashKey()
"""On the configuration: which cassettes belong to the collected tests."""
signals_key: pytest.StashKey[SignalMatrix] = pytest.StashKey()
"""On the controller's configuration: what showed each fault that was caused."""


def asked_modes(config: pytest.Config) -> tuple[str, ...]:
    """Return the modes of ``--harness-mode``; raises UsageError for an unknown one."""
    modes = tuple(m.strip() for m in config.getoption("--harness-mode").split(","))
    for mode in modes:
        if mode not in MODES:
            from harness.errors import nearest

            raise pytest.UsageError(f"--harness-mode: {mode!r} is not a mode. {nearest(mode, MODES)}")
    return modes


def item_mode(item: pytest.Item, config: pytest.Config) -> str | None:
    """Return the mode a scenario runs in, None for a test that makes no use of modes."""
    if "harness_mode" not in getattr(item, "fixturenames", ()):
        return None
    return str(parameters(item).get("harness_mode", asked_modes(config)[0]))


def parameters(item: pytest.Item) -> dict[str, Any]:
    """Return the values that a parametrised test is given, by their names."""
    callspec = getattr(item, "callspec", None)
    return dict(callspec.params) if callspec else {}


def asking_items(session: pytest.Session, fixture: str) -> list[pytest.Item]:
    """Return the selected tests that use a fixture and are not marked to be skipped."""
    asking = [item for item in session.items if fixture in getattr(item, "fixturenames", ())]
    return [item for item in asking if item.get_closest_marker("skip") is None]


def provider_counts(config: pytest.Config) -> bool:
    """Whether what only the provider can correct counts: it is ours, or this run is about nothing else."""
    only_fuzzing = config.getoption("--harness-fuzz") is not None and not config.getoption("--harness-gate")
    return config.stash[context_key].target.provider_counts or only_fuzzing


def fuzzing_asked(config: pytest.Config) -> bool:
    """Whether generated requests are to be sent: to a vendor's API only where somebody asks for them."""
    return config.stash[context_key].target.fuzzed or config.getoption("--harness-fuzz") is not None


def is_shipped(node: pytest.Item | pytest.Collector) -> bool:
    """Whether a test, or what it is collected from, is of the shipped checks."""
    return getattr(getattr(node, "module", None), "__name__", "").startswith(f"{SUITE}.")


def runs_suite(config: pytest.Config) -> bool:
    """Whether the shipped conformance tests were asked for."""
    return any(str(arg).startswith(SUITE) for arg in config.args)


def is_live(config: pytest.Config) -> bool:
    """Whether this run talks to the target: the shipped suite was asked for, or a live mode."""
    return runs_suite(config) or asked_modes(config) != ("replay",)


def is_worker(config: pytest.Config) -> bool:
    """Whether this process is a worker of pytest-xdist, which runs tests for a controller."""
    return hasattr(config, "workerinput")
