"""`harness gate`: the whole checklist live, run by pytest in a child process, whose report is checked again."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

import click
import msgspec

from harness.cli.refused_options import refuse_options
from harness.context.target import CONFIG_NAME, load_target
from harness.core.folder_lock import locked_folder
from harness.errors import ConfigurationError
from harness.model import Verdict
from harness.process.subreaper import reap_orphans

REPORT = "readiness.json"
MODES = "live,replay"


@click.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
@click.option("--target", metavar="NAME", help="Overlay: harness.NAME.toml replaces keys of harness.toml.")
@click.option("--reports", metavar="DIR", default="reports", show_default=True, help="Folder for the reports.")
@click.option("--plan", is_flag=True, help="Print what would be sent to the provider, and send nothing.")
@click.argument("pytest_args", nargs=-1, type=click.UNPROCESSED)
def gate(target: str | None, reports: str, pytest_args: tuple[str, ...], *, plan: bool) -> None:
    """Run the whole checklist live and print the verdict.

    Exits 0 only for READY, 4 for a configuration error, else 1. Other arguments go to pytest: `harness gate -n2`,
    `harness gate -k signatures`.
    """
    if plan:
        from harness.cli.plan_lines import plan_lines

        for line in plan_lines(Path.cwd(), overlay=target):
            click.echo(line)
        return
    sys.exit(run_gate(Path.cwd(), overlay=target, reports=reports, pytest_args=pytest_args))


def run_gate(directory: Path, *, overlay: str | None, reports: str, pytest_args: Sequence[str]) -> int:
    """Run the whole checklist of the target in ``directory``; return the exit status, 0 only for READY.

    pytest runs as a child, so that a crash, `os._exit` or a kill cannot pass for READY: its exit status must be 0 *and*
    the verdict of the report it wrote must be READY. Raises `ConfigurationError` before anything runs.
    """
    refuse_options(pytest_args)
    target = load_target(directory, overlay=overlay)
    scenarios = [str(_existing(directory, path)) for path in target.config.target.scenarios]
    with locked_folder(directory / reports, "--reports") as lock:
        _clear(directory / reports)
        return _run_locked(directory, overlay, reports, [*scenarios, *pytest_args], lock)


def _run_locked(directory: Path, overlay: str | None, reports: str, arguments: Sequence[str], lock: int) -> int:
    report = directory / reports / REPORT
    command = [sys.executable, "-m", "pytest", "--pyargs", "harness.suite", *arguments]
    command += [
        f"--rootdir={directory}",
        "--harness-gate",
        f"--harness-mode={MODES}",
        f"--harness-reports={reports}",
    ]
    command += ["-p", "no:schemathesis", *([f"--harness-target={overlay}"] if overlay else [])]
    with reap_orphans():  # a pytest that was killed could not stop the target's processes
        status = _run(command, directory, lock)
    if status != 4 and not (report.is_file() if status else _is_ready(report)):
        sys.stderr.write(
            f"ERROR: pytest ended with status {status} and wrote no verdict to {report}. Check its arguments and "
            "PYTEST_ADDOPTS: they may select no tests, or switch off a plugin of the harness (-p no:harness-...).\n"
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


def _run(command: Sequence[str], directory: Path, lock: int) -> int:
    process = subprocess.Popen(command, cwd=directory, pass_fds=(lock,))

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        process.send_signal(signal.SIGINT)  # pytest then stops the target's processes and reports

    previous = signal.signal(signal.SIGTERM, interrupt)
    try:
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:  # Ctrl-C reached the child too; wait for it to clean up
                continue
    finally:
        signal.signal(signal.SIGTERM, previous)


def _is_ready(report: Path) -> bool:
    from harness.reports import json

    try:
        return json.read(report.read_bytes()).verdict is Verdict.READY
    except (OSError, msgspec.MsgspecError):
        return False
