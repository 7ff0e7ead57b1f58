"""`harness sandbox`: the reference product and integration, to try the harness on."""

from __future__ import annotations

import sys

import click

from harness.cli.json_output import json_option_with
from harness.cli.run_sandbox import list_the_defects, run_sandbox
from harness.cli.say import say


@click.command()
@click.option("--defect", "defects", multiple=True, metavar="NAME", help="Defect to plant; repeatable.")
@click.option("--list-defects", is_flag=True, help="Print the catalogue of defects and exit.")
@json_option_with("--list-defects")
def sandbox(defects: tuple[str, ...], *, list_defects: bool, as_json: bool) -> None:
    """Run the reference product and integration on loopback ports.

    Runs until Ctrl-C, on free ports, and prints where each part listens and how to change its behaviour.
    """
    if as_json and not list_defects:
        raise click.UsageError("--json goes with --list-defects.")
    sys.exit(list_the_defects(as_json=as_json) if list_defects else run_sandbox(defects, echo=say))
