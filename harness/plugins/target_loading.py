"""From pytest's command line to the target of the run; what is wrong with it is pytest's wrong usage."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.plugins.stash import deaths_key, is_live, order_key

if TYPE_CHECKING:
    from harness.context.part_order import OrderSource, PartOrder
    from harness.context.run_context import RunContext

source_key: pytest.StashKey[OrderSource] = pytest.StashKey()
"""On the configuration: where more comes from the gate."""
RUN_KEY = "harness_run"
"""Where a worker of pytest-xdist finds the run that the controller began."""


@contextmanager
def usage_errors(run_context: RunContext) -> Iterator[None]:
    """Turn what is wrong with the target into pytest's wrong usage, without secrets."""
    from harness.core.configuration_home import configuration_file, in_words_of
    from harness.errors import HarnessError

    try:
        yield
    except HarnessError as exc:
        text = in_words_of(configuration_file(run_context.target.root), str(exc))
        raise pytest.UsageError(run_context.vault.redact(text)) from None


def target_directory(config: pytest.Config) -> Path | None:
    """Return the folder of harness.toml, None where there is none; raises `UsageError` where two files describe it."""
    from harness.core.configuration_home import configuration_file

    try:
        directories = dict.fromkeys((config.invocation_params.dir, config.rootpath))
        return next((each for each in directories if configuration_file(each)), None)
    except Exception as exc:
        from harness.errors import ConfigurationError  # not needed where nothing is wrong

        if isinstance(exc, ConfigurationError):
            raise pytest.UsageError(str(exc)) from None
        raise


def config_directory(config: pytest.Config) -> Path | None:
    """Return the folder of harness.toml, None where there is none and none is asked for."""
    if (directory := target_directory(config)) is not None:
        return directory
    if config.getoption("--harness-gate") or config.getoption("--harness-target"):
        from harness.core.configuration_home import not_found

        raise pytest.UsageError(not_found(config.invocation_params.dir))
    return None


def order_of(config: pytest.Config) -> PartOrder | None:
    """Return which part of a gate this pytest is, as the gate ordered it over a pipe; None where it is none."""
    descriptor = config.getoption("--harness-part")
    if descriptor is None or hasattr(config, "workerinput"):
        return None
    if order_key not in config.stash:
        from harness.context.part_order import OrderSource
        from harness.errors import ConfigurationError

        source = OrderSource(descriptor)
        try:
            config.stash[order_key] = source.order()
        except ConfigurationError as exc:
            raise pytest.UsageError(str(exc)) from None
        config.stash[source_key] = source
    return config.stash[order_key]


def load_context(config: pytest.Config, directory: Path) -> RunContext:
    """Read the target in ``directory``; a worker takes on the controller's run."""
    from harness.context.interpreter_checks import check_interpreter
    from harness.context.run_context import RunContext
    from harness.errors import HarnessError
    from harness.process.open_files import require_open_files
    from harness.process.run import Run

    worker = getattr(config, "workerinput", {})
    order = order_of(config)
    begun = Run.from_json(worker[RUN_KEY]) if RUN_KEY in worker else None
    run = order.run if order is not None else begun or Run.begin()
    reports = directory / config.getoption("--harness-reports")
    try:
        check_interpreter()
        if is_live(config):
            require_open_files()
        run_context = RunContext.load(directory, run=run, overlay=config.getoption("--harness-target"), reports=reports)
        if config.option.collectonly:
            run_context.secrets.resolve_at_hand()
        else:
            run_context.secrets.resolve_all(strict=False)
    except HarnessError as exc:
        if RUN_KEY not in worker and order is None:
            run.end()
        raise pytest.UsageError(str(exc)) from None
    return run_context


@contextmanager
def target_running(config: pytest.Config, run_context: RunContext) -> Iterator[None]:
    """Run the target for the length of the block, in the process that has it."""
    from harness.context.preparation import prepare, prepare_started

    with usage_errors(run_context):
        prepare(run_context)
        running = run_context.running()
        running.__enter__()
    try:
        with usage_errors(run_context):
            prepare_started(run_context)
            config.hook.pytest_harness_target_ready(config=config, context=run_context, world=run_context)
        try:
            yield
        finally:  # also where the run ends early, which a death may have caused
            config.stash[deaths_key] = run_context.processes.deaths()
    finally:
        running.__exit__(None, None, None)
