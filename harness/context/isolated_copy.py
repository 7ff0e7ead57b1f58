"""A second copy of a target, for checks that harm it: its own ports, folder and processes, the same secrets."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager

from harness.context.run_context import RunContext
from harness.errors import ConfigurationError
from harness.process.run import Run


@contextmanager
def isolated_copy(original: RunContext, *, name: str = "copy") -> Iterator[RunContext]:
    """Run a second target of the same description for the length of the block.

    ``name`` sets its logs and event ids apart from those of other copies in the same process.
    Raises `ConfigurationError` where both would want one port, `ProcessError` where a process does not start.
    """
    run = original.run.isolated_copy(name)
    try:
        copy = _loaded(original, run)
        copy.processes.log_suffix = f"-{name}{os.environ.get('PYTEST_XDIST_WORKER', '')}"
        # Where harness.toml names one port for both, the original listens for the copy's spans too.
        copy.spans_folder = original.run.path if copy.otlp != original.otlp else None
        copy.secrets.resolve_all(strict=True)
        with copy.running(), closing(copy.client):
            yield copy
        original.answer_search.add(copy.answer_search.take())
    finally:
        run.end()


def can_be_copied(original: RunContext) -> bool:
    """Whether a second target can run beside this one."""
    run = original.run.isolated_copy("trial")
    try:
        _loaded(original, run)
    except ConfigurationError:
        return False
    else:
        return bool(original.config.process)
    finally:
        run.end()


def _loaded(original: RunContext, run: Run) -> RunContext:
    copy = RunContext.load(original.target.root, run=run, overlay=original.overlay, reports=original.reports)
    _require_other_ports(original, copy)
    return copy


def _require_other_ports(original: RunContext, copy: RunContext) -> None:
    for name, process in copy.config.process.items():
        if process.ready_url and process.ready_url == original.config.process[name].ready_url:
            raise ConfigurationError(
                f"harness.toml: [process.{name}] ready uses a fixed port, so the harness cannot start "
                f"a second copy to kill. Write {{port:{name}}} there, in [receiver] url, and in command or env."
            )
