"""`pytest_harness_final_findings`: what only the whole run can show, asked of each plugin."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from harness.errors import FindingError, HarnessError
from harness.plugins.stash import claims_key, coverage_key, is_live, runs_suite

if TYPE_CHECKING:
    import pytest

    from harness.context.run_context import RunContext
    from harness.context.whole_run import WholeRun
    from harness.readiness.finding_intake import FindingIntake

HOOK = "pytest_harness_final_findings"


def whole_run(config: pytest.Config) -> WholeRun:
    """Return what ran in this pytest, and what its processes saw together."""
    from harness.context.whole_run import WholeRun

    return WholeRun(
        live=is_live(config),
        suite=runs_suite(config),
        left_out=getattr(config.pluginmanager.get_plugin("harness-collector"), "left_out", 0),
        coverage=config.stash.get(coverage_key, None),
        claims=config.stash.get(claims_key, None),
    )


def take_final_findings(
    config: pytest.Config, run_context: RunContext, intake: FindingIntake, *, passed_over: Sequence[object] = ()
) -> None:
    """Call the hook of each plugin but those ``passed_over``, and take in what it returns.

    A plugin that breaks becomes a problem in the report, and hides nothing of the others. Wrappers run around each.
    """
    manager = config.pluginmanager
    plugins = [impl.plugin for impl in reversed(getattr(config.hook, HOOK).get_hookimpls()) if not _wraps(impl)]
    for plugin in plugins:
        if plugin in passed_over:
            continue
        hook = manager.subset_hook_caller(HOOK, remove_plugins=[other for other in plugins if other is not plugin])
        where = f"{HOOK} of {manager.get_name(plugin)}"
        try:
            results = hook(config=config, context=run_context, world=run_context)
            for result in results or [None]:  # pluggy leaves out None
                _take(result, where, intake)
        except BaseException as exc:  # noqa: BLE001 - sys.exit and pytest.exit, too, must not end a run without a verdict
            text = str(exc) if isinstance(exc, HarnessError) else f"{type(exc).__name__}: {exc}"
            intake.refuse(FindingError(f"{where} raised an error: {text}"), where)


def _take(result: object, where: str, intake: FindingIntake) -> None:
    if isinstance(result, (str, bytes, Mapping)) or not isinstance(result, Iterable):
        returned = "None" if result is None else type(result).__name__
        text = f"{where} returned {returned}. Return a list of findings, which may be empty."
        intake.refuse(FindingError(text), where)
        return
    for given in result:
        intake.take(given, where)


def _wraps(impl: Any) -> bool:
    return bool(impl.wrapper or impl.hookwrapper)
