"""`harness gate`: the whole checklist live."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from harness.cli.run_gate import run_gate


@click.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
@click.option("--target", metavar="NAME", help="Lay harness.NAME.toml over harness.toml.")
@click.option("--reports", metavar="DIR", default="reports", show_default=True, help="Where the report goes.")
@click.argument("pytest_args", nargs=-1, type=click.UNPROCESSED)
def gate(target: str | None, reports: str, pytest_args: tuple[str, ...]) -> None:
    """Run the whole checklist live. Exits 0 only for READY, 4 for a configuration error, else 1.

    Further arguments go to pytest: `harness gate -n2`, `harness gate -k signatures`.
    """
    sys.exit(run_gate(Path.cwd(), overlay=target, reports=reports, pytest_args=pytest_args))
