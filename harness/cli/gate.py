"""`harness gate`: the whole checklist live, run in a child process, whose report is checked again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

import click
import msgspec

from harness.cli.json_output import json_option_with, print_json
from harness.cli.pytest_arguments import for_the_suite
from harness.cli.refused_options import refuse_options
from harness.cli.say import say
from harness.context.gate_request import ISOLATED, GateRequest
from harness.context.interpreter_checks import check_interpreter
from harness.context.target import load_target
from harness.core.configuration_home import CONFIG_NAME
from harness.core.folder_lock import locked_folder
from harness.errors import ConfigurationError
from harness.model import Verdict
from harness.process.ending_signals import ending_signals
from harness.process.open_files import require_open_files
from harness.process.scratch import remove_abandoned
from harness.process.subreaper import reap_orphans, wait_and_reap

REPORT = "readiness.json"


@click.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
@click.option("--target", metavar="NAME", help="Overlay: harness.NAME.toml replaces keys of harness.toml.")
@click.option("--reports", metavar="DIR", default="reports", show_default=True, help="Folder for the reports.")
@click.option(
    "--only",
    metavar="ITEM,...",
    multiple=True,
    help="Items or rooms (webhooks) whose checks alone run; never READY; repeatable.",
)
@click.option(
    "--skip", metavar="ITEM,...", multiple=True, help="Items or rooms whose checks do not run; never READY; repeatable."
)
@click.option("--plan", is_flag=True, help="Print what would be sent to the provider, and send nothing.")
@json_option_with("--plan")
@click.option("--sandbox", is_flag=True, help="Run the gate on the sandbox, with the files that come with the package.")
@click.option("--defect", "defects", multiple=True, metavar="NAME", help="With --sandbox: defect to plant; repeatable.")
@click.argument("pytest_args", nargs=-1, type=click.UNPROCESSED)
def gate(
    target: str | None,
    reports: str,
    only: tuple[str, ...],
    skip: tuple[str, ...],
    defects: tuple[str, ...],
    pytest_args: tuple[str, ...],
    *,
    plan: bool,
    sandbox: bool,
    as_json: bool,
) -> None:
    """Run the whole checklist live and print the verdict.

    Other arguments go to pytest. The shipped checks run by themselves and take of them only -n, --harness-fuzz,
    --harness-seed, -x, --maxfail and how to show results; -k, -m and all others select and change your scenarios.
    """
    if defects and not sandbox:
        raise click.UsageError("--defect is a defect of the sandbox: add --sandbox.")
    if as_json and not plan:
        raise click.UsageError("--json goes with --plan. The result of a gate is readiness.json in its --reports.")
    if sandbox:
        from harness.cli.run_sandbox import gate_on_sandbox

        given = {"target": (target,), "reports": (str(Path.cwd() / reports),), "only": only, "skip": skip}
        options = [f"--{name}={value}" for name, values in given.items() for value in values if value]
        gate_on_sandbox(
            [*options, *(["--plan"] if plan else []), *(["--json"] if as_json else []), *pytest_args], defects
        )
    if plan:
        from harness.cli.plan_lines import plan_document, plan_lines

        if as_json:
            print_json(plan_document(Path.cwd(), overlay=target))
            return
        for line in plan_lines(Path.cwd(), overlay=target):
            say(line)
        return
    chosen = {"only": _names(only), "skip": _names(skip)}
    sys.exit(run_gate(Path.cwd(), overlay=target, reports=reports, pytest_args=pytest_args, **chosen))


def _names(options: Sequence[str]) -> tuple[str, ...]:
    """Return what an option names, which may be given several times, each once."""
    names = (name.strip() for option in options for name in option.split(","))
    return tuple(dict.fromkeys(filter(None, names)))


def run_gate(
    directory: Path,
    *,
    overlay: str | None,
    reports: str,
    pytest_args: Sequence[str],
    only: tuple[str, ...] = (),
    skip: tuple[str, ...] = (),
) -> int:
    """Run the whole checklist of the target in ``directory``; return the exit status, 0 only for READY.

    The gate runs as a child, so that a crash or a kill cannot pass for READY: its exit status must be 0 *and* the
    verdict of the report it wrote must be READY. Raises `ConfigurationError` before anything runs.
    """
    refuse_options(pytest_args)
    require_open_files()
    target = load_target(directory, overlay=overlay)
    scenarios = [str(_existing(directory, path)) for path in target.config.target.scenarios]
    check_interpreter(directory, *{path if path.is_dir() else path.parent for path in map(Path, scenarios)})
    request = GateRequest(
        parent=os.getpid(),
        directory=str(directory),
        overlay=overlay,
        reports=reports,
        scenarios=tuple(scenarios),
        suite_arguments=for_the_suite(pytest_args),
        scenario_arguments=tuple(pytest_args),
        only=only,
        skip=skip,
    )
    with locked_folder(directory / reports, "--reports") as lock:
        _clear(directory / reports)
        return _run_locked(request, directory / reports / REPORT, lock)


def _run_locked(request: GateRequest, report: Path, lock: int) -> int:
    command = [sys.executable, *ISOLATED, "-m", "harness.cli.gate_process", request.to_json()]
    with reap_orphans():  # a gate that was killed could not stop the target's processes
        status = _run(command, request.directory, lock)
    remove_abandoned()  # what the gate left, if it was killed
    if status != 4 and not (report.is_file() if status else _is_ready(report)):
        sys.stderr.write(
            f"ERROR: The gate ended with status {status} and wrote no verdict to {report}. Its output shows why.\n"
        )
        return 1
    return status if status in (0, 4) else 1


def _clear(reports: Path) -> None:
    """Remove an old report in every format: it must not be taken for this run's, however this run ends."""
    from harness.reports import FORMATS

    try:
        for name in FORMATS:
            (reports / name).unlink(missing_ok=True)
    except OSError as exc:
        raise ConfigurationError(
            f"--reports: cannot write to {reports}: {exc.strerror}. Choose another folder."
        ) from None


def _existing(directory: Path, path: str) -> Path:
    found = directory / path
    if not found.exists():
        raise ConfigurationError(
            f"{CONFIG_NAME}: [target] scenarios: {path} does not exist. Name the folder or file of your scenarios, "
            "or remove the key while there are none."
        )
    return found


def _run(command: Sequence[str], directory: str, lock: int) -> int:
    process = subprocess.Popen(command, cwd=directory, pass_fds=(lock,))

    def interrupt(number: int, _frame: FrameType | None) -> None:
        # The gate then ends its pytest, stops the target's processes, and reports; it hurries where nobody looks on.
        process.send_signal(signal.SIGHUP if number == signal.SIGHUP else signal.SIGTERM)

    previous = {number: signal.signal(number, interrupt) for number in ending_signals()}
    try:
        return wait_and_reap(process)
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _is_ready(report: Path) -> bool:
    from harness.reports import json

    try:
        return json.read(report.read_bytes()).verdict is Verdict.READY
    except (OSError, msgspec.MsgspecError):
        return False
