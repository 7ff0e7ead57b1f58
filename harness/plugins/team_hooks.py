"""The hooks of a team's conftest and plugins, each called in a pytest of the gate that collects nothing."""

from __future__ import annotations

from typing import Any

import pytest

from harness.plugins.stash import context_key
from harness.plugins.target_loading import order_of, source_key

HOOKS = {
    "ready": "pytest_harness_target_ready",
    "final": "pytest_harness_final_findings",
    "report": "pytest_harness_report",
}
"""The hook of each phase of a gate."""


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """Call the hook that the gate asks for, and end; None where this pytest is to run tests."""
    order = order_of(config)
    if order is None or order.phase not in HOOKS:
        return None
    config._do_configure()  # noqa: SLF001 - what pytest itself does before it runs a command that collects nothing
    return {"ready": _ready, "final": _final, "report": _report}[order.phase](config)


def _ready(config: pytest.Config) -> int:
    """Leave word of the hooks that the team has, wait for the target, and call the first of them."""
    from harness.errors import HarnessError
    from harness.plugins.gate_part import write_part

    context = config.stash[context_key]
    write_part(config, 0, hooks=tuple(phase for phase, hook in HOOKS.items() if _of_the_team(config, hook)))
    if not config.stash[source_key].wait():
        return 0  # the target did not come up, which the gate reports
    context.secrets.resolve_all(strict=True)
    try:
        _caller(config, HOOKS["ready"])(config=config, context=context, world=context)
    except HarnessError as exc:
        raise pytest.UsageError(context.vault.redact(str(exc))) from None
    return 0


def _final(config: pytest.Config) -> int:
    from harness.plugins.final_findings import take_final_findings
    from harness.plugins.gate_part import write_part
    from harness.readiness.finding_intake import FindingIntake

    context = config.stash[context_key]
    context.secrets.learn_issued()
    intake = FindingIntake(context.admission)
    take_final_findings(config, context, intake, passed_over=_ours(config, HOOKS["final"]))
    write_part(config, 0, findings=tuple(intake.findings), problems=tuple(intake.problems))
    return 0


def _report(config: pytest.Config) -> int:
    import msgspec

    from harness.context.part_order import REPORT
    from harness.model import Report

    written = (config.stash[context_key].run.path / REPORT).read_bytes()
    _caller(config, HOOKS["report"])(config=config, report=msgspec.json.decode(written, type=Report))
    return 0


def _of_the_team(config: pytest.Config, hook: str) -> bool:
    ours = _ours(config, hook)
    return any(impl.plugin not in ours for impl in getattr(config.hook, hook).get_hookimpls())


def _ours(config: pytest.Config, hook: str) -> list[object]:
    """Return the plugins of the harness that implement a hook; the gate itself does what they do."""
    plugins = [impl.plugin for impl in getattr(config.hook, hook).get_hookimpls()]
    return [plugin for plugin in plugins if _module(plugin).startswith("harness.")]


def _module(plugin: Any) -> str:
    return str(getattr(plugin, "__name__", type(plugin).__module__))


def _caller(config: pytest.Config, hook: str) -> Any:
    return config.pluginmanager.subset_hook_caller(hook, remove_plugins=_ours(config, hook))
