"""Whether the whole checklist was run: whatever was left out or skipped prevents READY."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.core.cutting import cut
from harness.plugins.stash import SUITE, context_key, is_shipped, late_key, order_key

if TYPE_CHECKING:
    from harness.model import SkippedTest

# Options that keep tests from being collected or run, by pytest's name for them; -k, -m and --deselect are counted.
_NARROWING = {
    "ignore": "--ignore",
    "ignore_glob": "--ignore-glob",
    "lf": "--last-failed",
    "noconftest": "--noconftest",
    "setuponly": "--setup-only",
    "setupplan": "--setup-plan",
}
_LEFT_OUT = "harness_left_out"
_MISSING = "harness_missing_tests"
_LATE = "harness_late"
"""Where a worker of pytest-xdist leaves how much it left out, which tests are missing, and which findings came late."""
_SKIPPED = "harness_skipped"
"""On a report: why a scenario that verifies no item was skipped."""
_FAILED = "harness_failed"
"""On the last report of a test: whether one of its phases failed, whatever became of the report of that phase."""
_failed_key: pytest.StashKey[bool] = pytest.StashKey()
_IMPLIED = ("workflow.recorded",)
"""What every scenario that is played back verifies, whatever its author marked."""
missing_key: pytest.StashKey[list[str]] = pytest.StashKey()
"""On the configuration: which tests of the scenarios' files pytest did not collect, each as a sentence."""


class Selection:
    """In a process that collects: the tests that were collected and then left out, by whatever plugin."""

    def __init__(self) -> None:
        self._collected: list[pytest.Item] = []
        self._not_collected: set[Path] = set()
        self.left_out = 0
        self.skipped: list[SkippedTest] = []
        """Scenarios that verify no item, and were skipped or failed as expected."""

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        """Note a test before anything can take it away."""
        self._collected.append(item)

    def note_collection(self, report: pytest.CollectReport) -> None:
        """Note a file that gave no test, for a reason that is in the report already."""
        if not report.passed and report.nodeid:
            self._not_collected.add(Path(report.nodeid.partition("::")[0]))

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Count those that will not run, and compare all with what the scenarios' files define.

        Conftests may drop tests without reporting it.
        """
        selected = {id(item) for item in session.items}
        self.left_out = sum(id(item) not in selected for item in self._collected)
        if session.config.getoption("--harness-gate"):
            self._compare(session)
        self._collected.clear()

    def _compare(self, session: pytest.Session) -> None:
        from harness.readiness.scenario_files import missing_tests

        names: dict[Path, set[str]] = {(session.config.rootpath / p).resolve(): set() for p in self._not_collected}
        for item in self._collected:
            names.setdefault(item.path.resolve(), set()).add(getattr(item, "originalname", None) or item.name)
        target = session.config.stash[context_key].target
        scenarios = [target.root / path for path in target.config.target.scenarios]
        session.config.stash[missing_key] = list(missing_tests(scenarios, names, root=target.root))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Note on a report that its test failed, and why a scenario was skipped that no item judges.

        Plugins and conftests change reports, and leave them out: pytest-rerunfailures and flaky run a test again until
        it passes.
        """
        from harness.plugins.conclusions import broke_by_itself

        report = yield
        if broke_by_itself(call, report):
            item.stash[_failed_key] = True
        if report.when == "teardown" and _failed_key in item.stash:
            setattr(report, _FAILED, True)
        if report.skipped and not is_shipped(item) and not _is_judged(item, call):
            redact = item.config.stash[context_key].vault.redact
            setattr(report, _SKIPPED, redact(_reason(report)))
        return report

    def hidden_failure(self, report: pytest.TestReport) -> str:
        """Return the sentence for a test that failed although none of its reports did; empty for any other."""
        if not getattr(report, _FAILED, False):
            return ""
        return (
            f"{report.nodeid} failed, and a plugin or a conftest reported something else or ran it again. "
            "Correct what it tests, or the test."
        )

    def note_skip(self, report: pytest.TestReport) -> None:
        """Take from a report that a scenario was skipped; on the controller."""
        if (reason := getattr(report, _SKIPPED, None)) is not None:
            from harness.model import SkippedTest

            self.skipped.append(SkippedTest(test=report.nodeid, reason=reason))

    def note_declared(self, report: pytest.CollectReport, config: pytest.Config) -> bool:
        """Note a file that was skipped as a whole; return whether it is one that ``[target] skips`` declares."""
        from harness.model import SkippedTest
        from harness.readiness import skips
        from harness.readiness.evaluate import today

        context = config.stash[context_key]
        if skips.declaration(report.nodeid, context.config.target.skips, today()) is None:
            return False
        self.skipped.append(SkippedTest(test=report.nodeid, reason=context.vault.redact(_reason(report))))
        return True

    def give(self, config: Any) -> None:
        """On a worker, at its end: leave for the controller what is missing; every worker collects the same."""
        config.workeroutput[_LATE] = config.stash.get(late_key, [])
        config.workeroutput[_LEFT_OUT] = self.left_out
        config.workeroutput[_MISSING] = config.stash.get(missing_key, [])

    def take(self, config: pytest.Config, node: Any) -> None:
        """On the controller: take what a worker left."""
        output = getattr(node, "workeroutput", {})
        config.stash.setdefault(late_key, []).extend(output.get(_LATE, []))
        self.left_out = max(self.left_out, output.get(_LEFT_OUT, 0))
        config.stash[missing_key] = output.get(_MISSING, []) or config.stash.get(missing_key, [])


def _is_judged(item: pytest.Item, call: pytest.CallInfo[None]) -> bool:
    """Whether a skipped test is accounted for without a declaration: by an item, or by ``[target.absent]``."""
    from harness.plugins.conclusions import DeclaredAbsent

    absent = call.excinfo is not None and isinstance(call.excinfo.value, DeclaredAbsent)
    return absent or any(mark.args != _IMPLIED for mark in item.iter_markers("verifies"))


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Return the first line of what a skip or an expected failure gives as its reason."""
    expected = getattr(report, "wasxfail", None)
    if expected is not None:
        text = "expected to fail: " + expected.removeprefix("reason: ") if expected else "expected to fail"
    else:
        text = report.longrepr[2].removeprefix("Skipped: ") if isinstance(report.longrepr, tuple) else ""
    return cut(next(iter(text.splitlines()), ""), 200)


def narrowings(config: pytest.Config, scenarios: Sequence[Path]) -> Iterator[str]:
    """Yield how the run covers less than the shipped checks and all ``scenarios``."""
    for name, option in _NARROWING.items():
        if config.getoption(name, None):
            yield f"{option} leaves tests out; only a complete run can be READY."
    if SUITE not in config.args and order_key not in config.stash:
        yield f"Not all shipped checks were selected (--pyargs {SUITE}); only a complete run can be READY."
    asked = {(config.invocation_params.dir / argument).resolve() for argument in config.args}
    for scenario in (path.resolve() for path in scenarios):  # they may be links
        if not asked & {scenario, *scenario.parents}:
            yield f"The scenarios in {scenario} were not selected; only a complete run can be READY."
    yield from config.stash.get(missing_key, [])
