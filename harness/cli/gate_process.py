"""The process in which a gate runs; `harness gate` starts it, checks what it leaves, and ends what it leaves behind."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.pytest_arguments import verbosity
from harness.cli.say import say
from harness.cli.streams import safe_streams
from harness.context.gate_request import GateRequest
from harness.context.gate_run import USAGE_ERROR, run_gate
from harness.core.configuration_home import in_words_here
from harness.core.quick_end import skip_last_search
from harness.errors import ConfigurationError, HarnessError

if TYPE_CHECKING:
    from harness.model import Report


def main(order: str) -> int:
    """Run the gate that a `GateRequest` as JSON asks for, and print its verdict; return the exit status."""
    skip_last_search()
    with safe_streams():
        return _run(GateRequest.from_json(order))


def _run(request: GateRequest) -> int:
    try:
        status, report = run_gate(request)
    except HarnessError as exc:
        say(f"ERROR: {in_words_here(str(exc))}", err=True)
        return USAGE_ERROR if isinstance(exc, ConfigurationError) else 1
    except KeyboardInterrupt:
        say("The gate was interrupted before the target was ready.", err=True)
        return 1
    if report is not None:
        _print(report, request)
    return status


def _print(report: Report, request: GateRequest) -> None:
    from harness.reports import terminal

    width = shutil.get_terminal_size().columns
    written = str(Path(request.directory, request.reports, "readiness.html"))
    say("")
    say(" readiness ".center(width, "="))
    for line, style in terminal.lines(report, written=written, verbosity=verbosity(request.suite_arguments)):
        click.secho(line, fg=style or None)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
