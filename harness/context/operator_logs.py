"""The logs that the operators of the integration read, by the names under which a report shows them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from harness.context.client_parts import LOG
from harness.context.run_context import RunContext


def operator_logs(run_context: RunContext) -> dict[str, Path]:
    """Return the logs of the integration: its processes, its client, and ``[operations] logs``; some may not exist yet.

    A process that serves ``[provider] base_url``, and no receiver, is the Product API, whose log they do not see.
    """
    config, processes = run_context.config, run_context.processes
    own = {
        f"{name}.log": processes.logs / f"{name}{processes.log_suffix}.log"
        for name in (*_integration(run_context), LOG)
    }
    others = run_context.target.files(*(config.operations.logs if config.operations else ()))
    return own | {_name(path, run_context.target.root): path for path in others}


def _integration(run_context: RunContext) -> Iterator[str]:
    provider, receiver = run_context.config.provider, run_context.config.receiver
    served = urlsplit(provider.base_url).netloc if provider else ""
    if receiver and served == urlsplit(receiver.url).netloc:
        served = ""
    for name, process in run_context.config.process.items():
        if not process.ready_url or urlsplit(process.ready_url).netloc != served:
            yield name


def _name(path: Path, root: Path) -> str:
    return str(path.relative_to(root)) if path.is_relative_to(root) else path.name
