"""How much of the spec was seen: every call to the provider is counted, by what kind of test made it."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

import pytest

from harness.plugins.stash import context_key, coverage_key, is_worker, item_mode

if TYPE_CHECKING:
    import httpx

    from harness.context.run_context import RunContext
    from harness.contract.coverage import CoverageRecorder
    from harness.model import Finding
    from harness.model.spec_coverage import Coverage, SeenOperation

PROPERTY = "harness.coverage"
_SCENARIO = {"replay": "cassettes"}
"""What scenarios in a mode are called in the table; every other mode is live."""


class CoverageWatch:
    """On every process: counts the calls of the test that runs. On the controller: joins what all saw."""

    def __init__(self, config: pytest.Config, run_context: RunContext) -> None:
        self._config = config
        self._context = run_context
        self._recorder: CoverageRecorder | None = None
        self._source = "checks"
        self._seen: list[SeenOperation] = []
        self._base_url = run_context.provider.section.base_url.rstrip("/")
        run_context.network.observers.append(self._observe)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Distinguish the kinds of test."""
        mode = item_mode(item, self._config)
        fixtures = getattr(item, "fixturenames", ())
        fuzzes = any("fuzz" in name for name in fixtures) and "walk" not in fixtures
        self._source = _SCENARIO.get(mode, "scenarios") if mode else "fuzzing" if fuzzes else "checks"
        return (yield)

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_makereport(
        self, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Put what a test saw on its last report, as JSON that survives pytest-xdist."""
        report = yield
        if call.when == "teardown" and self._recorder is not None:
            from harness.core.encodable import json_bytes

            line = (PROPERTY, json_bytes(self._recorder.taken()).decode())
            report.user_properties.append(line)
        return report

    @pytest.hookimpl(tryfirst=True)  # before the problems are taken off
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take it off again; what is not what a test saw becomes a problem of that test."""
        texts = [str(text) for name, text in report.user_properties if name == PROPERTY]
        if not texts or report.when != "teardown" or is_worker(self._config):
            return
        import msgspec

        from harness.errors import FindingError
        from harness.model.spec_coverage import SeenOperation
        from harness.readiness.finding_intake import problem_property

        for text in texts:
            try:
                self._seen.extend(msgspec.json.decode(text, type=list[SeenOperation]))
            except (msgspec.MsgspecError, UnicodeError) as exc:
                refusal = (
                    f"{report.nodeid}: its property {PROPERTY} is not valid coverage JSON: {exc}. "
                    "Only the harness may set it: remove what sets it."
                )
                error = FindingError(self._context.admission.redact(refusal))
                report.user_properties.append(problem_property(error))

    @property
    def seen(self) -> tuple[SeenOperation, ...]:
        """What all processes of this pytest saw."""
        return tuple(self._seen)

    def coverage(self) -> Coverage | None:
        """Return the table of the whole run, None when no call was seen."""
        from harness.contract.coverage import joined

        return joined(self._context.spec, self._seen) if self._seen else None

    def _observe(self, response: httpx.Response) -> None:
        if not str(response.request.url).startswith(self._base_url) or not self._context.provider.spec_at_hand:
            return
        if self._recorder is None:
            from harness.contract.coverage import CoverageRecorder

            self._recorder = CoverageRecorder(self._context.spec)
        from harness.http.client import CALLER

        self._recorder.observe(response.extensions.get(CALLER, self._source), response)


@pytest.hookimpl(trylast=True, optionalhook=True)  # unknown where harness-core is switched off
def pytest_harness_final_findings(config: pytest.Config, context: RunContext) -> list[Finding]:
    """Compare what was seen with ``[contract] coverage``; every 429 and 503 must state how long to wait."""
    watch = config.pluginmanager.get_plugin("harness-coverage-watch")
    coverage = watch.coverage() if watch is not None else None
    if coverage is None:
        return []
    config.stash[coverage_key] = coverage
    from harness.context.whole_run import judge_coverage_seen
    from harness.plugins.final_findings import whole_run

    return judge_coverage_seen(context, whole_run(config))


def register(config: pytest.Config) -> None:
    """Begin to watch, where a provider is described."""
    run_context = config.stash.get(context_key, None)
    provider = run_context.config.provider if run_context else None
    if run_context is not None and provider is not None:
        config.pluginmanager.register(CoverageWatch(config, run_context), "harness-coverage-watch")
