"""From pytest's command line to the target of the run; what is wrong with it is pytest's wrong usage."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from harness.context.run_context import RunContext

RUN_KEY = "harness_run"
"""Where a worker of pytest-xdist finds the run that the controller began."""


@contextmanager
def usage_errors(run_context: RunContext) -> Iterator[None]:
    """Turn what is wrong with the target into pytest's wrong usage, without secrets."""
    from harness.errors import HarnessError

    try:
        yield
    except HarnessError as exc:
        raise pytest.UsageError(run_context.vault.redact(str(exc))) from None


def config_directory(config: pytest.Config) -> Path | None:
    """Return the folder of harness.toml, None where there is none and none is asked for."""
    for directory in (config.invocation_params.dir, config.rootpath):
        if (directory / "harness.toml").is_file():
            return directory
    if config.getoption("--harness-gate") or config.getoption("--harness-target"):
        raise pytest.UsageError(
            f"harness.toml not found in {config.invocation_params.dir}. Run in the folder that holds it, or write one: "
            "the README shows the smallest that works, under 'Point it at your own API'."
        )
    return None


def load_context(config: pytest.Config, directory: Path) -> RunContext:
    """Read the target in ``directory``; a worker takes on the controller's run."""
    from harness.context.run_context import RunContext
    from harness.errors import HarnessError
    from harness.process.run import Run

    worker = getattr(config, "workerinput", {})
    run = Run.from_json(worker[RUN_KEY]) if RUN_KEY in worker else Run.begin()
    reports = directory / config.getoption("--harness-reports")
    try:
        run_context = RunContext.load(directory, run=run, overlay=config.getoption("--harness-target"), reports=reports)
        if config.option.collectonly:
            run_context.secrets.resolve_at_hand()
        else:
            run_context.secrets.resolve_all(strict=False)
    except HarnessError as exc:
        if RUN_KEY not in worker:
            shutil.rmtree(run.directory, ignore_errors=True)
        raise pytest.UsageError(str(exc)) from None
    return run_context
