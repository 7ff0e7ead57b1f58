"""`harness fuzz`: generated requests alone, and found defects again."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from harness.cli.run_fuzz import list_found, replay_found, run_fuzz
from harness.model.config import BudgetName


@click.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
@click.option("--replay", "defect_id", metavar="ID", help="Send exactly the requests that showed a defect, once.")
@click.option("--list", "listing", is_flag=True, help="List the defects that were found and are kept.")
@click.option(
    "--budget", type=click.Choice([level.value for level in BudgetName]), help="How many requests are generated."
)
@click.option("--seed", type=int, metavar="N", help="Repeat the generated requests of a run exactly.")
@click.option("--target", metavar="NAME", help="Lay harness.NAME.toml over harness.toml.")
@click.argument("pytest_args", nargs=-1, type=click.UNPROCESSED)
def fuzz(
    defect_id: str | None,
    budget: str | None,
    seed: int | None,
    target: str | None,
    pytest_args: tuple[str, ...],
    *,
    listing: bool,
) -> None:
    """Send generated requests to the provider, without the rest of the checklist.

    Exits 0 when nothing was found. With --replay: 0 when the defect is gone, 1 while it occurs, 2 when nothing answers.
    Further arguments go to pytest: `harness fuzz -n2 -k projects`.
    """
    here = Path.cwd()
    if defect_id:
        sys.exit(replay_found(here, defect_id, overlay=target, echo=click.echo))
    if listing:
        sys.exit(list_found(here, overlay=target, echo=click.echo))
    sys.exit(run_fuzz(here, overlay=target, level=budget, seed=seed, pytest_args=pytest_args))
