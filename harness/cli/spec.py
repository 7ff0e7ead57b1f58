"""`harness spec check`: an OpenAPI document against itself."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from harness.openapi.document_checks import SHOWN, check_document
from harness.openapi.spec_document import load_spec


@click.group()
def spec() -> None:
    """Look at an OpenAPI document."""


@spec.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--all", "everything", is_flag=True, help="Print every slip, not the first ten of each kind.")
def check(file: Path, *, everything: bool) -> None:
    """Find what in FILE is at odds with itself, without calling anything.

    Examples that break their own schemas, operations without responses, security schemes that nothing asks for,
    references that lead nowhere, and webhooks without schemas. Exits 1 when there is any.
    """
    document = load_spec(str(file), root=Path())
    results = check_document(document)
    for result in results:
        click.echo(result.summary)
        shown = result.slips if everything else result.slips[:SHOWN]
        for slip in shown:
            click.echo(f"  {slip.pointer}\n    {slip.complaint}")
        if len(shown) < len(result.slips):
            click.echo(f"  and {len(result.slips) - len(shown)} more: harness spec check --all {file}")
    for reference in sorted(document.bundle.not_asked):
        click.echo(f"not looked at: {reference}: {document.bundle.unread[reference]}")
    sys.exit(any(result.slips for result in results))
