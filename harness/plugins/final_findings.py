"""`pytest_harness_final_findings`: what only the whole run can show, asked of each plugin."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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

    suite = runs_suite(config)
    deselected = getattr(config.pluginmanager.get_plugin("harness-collector"), "deselected", "")
    partial = f"{deselected}, so the coverage is not known" if deselected else ""
    return WholeRun(
        live=is_live(config),
        suite=suite,
        coverage=config.stash.get(coverage_key, None),
        partial=partial or ("" if suite else "only scenarios ran; the shipped checks cover more"),
        claims=config.stash.get(claims_key, None),
    )


def take_final_findings(config: pytest.Config, run_context: RunContext, intake: FindingIntake) -> None:
    """Call the hook of each plugin, and take in what it returns.

    A plugin that breaks becomes a problem in the report, and hides nothing of the others. Wrappers run around each.
    """
    manager = config.pluginmanager
    plugins = [impl.plugin for impl in reversed(getattr(config.hook, HOOK).get_hookimpls()) if not _wraps(impl)]
    for plugin in plugins:
        hook = manager.subset_hook_caller(HOOK, remove_plugins=[other for other in plugins if other is not plugin])
        where = f"{HOOK} of {manager.get_name(plugin)}"
        try:
            results = hook(config=config, context=run_context, world=run_context)
            for result in results or [None]:  # pluggy leaves out None
                _take(_evidence(plugin, result, run_context), where, intake)
        except BaseException as exc:  # noqa: BLE001 - sys.exit and pytest.exit, too, must not end a run without a verdict
            text = str(exc) if isinstance(exc, HarnessError) else f"{type(exc).__name__}: {exc}"
            intake.refuse(FindingError(f"{where} raised an error: {text}"), where)


def _evidence(plugin: object, result: object, run_context: RunContext) -> object:
    """Return what a plugin returned, as the evidence that it is: what the user's own returns was not seen live."""
    ours = getattr(plugin, "__name__", "").startswith("harness.plugins.")
    if ours or not isinstance(result, (list, tuple)) or run_context.config.provider is None:
        return result
    from harness.model import Finding
    from harness.readiness.live_evidence import as_recorded, is_seen

    seen = {item.id for item in run_context.checklist if is_seen(item)}
    return [as_recorded(f) if isinstance(f, Finding) and f.item in seen else f for f in result]


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
