"""`harness convert`: cassettes from and to other formats."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from harness.cli.cassette_server import convert as convert_file


@click.command()
@click.argument("source", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("into", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--rewrite", is_flag=True, help="Replace a file that exists.")
def convert(source: Path, into: Path, *, rewrite: bool) -> None:
    """Write what SOURCE holds INTO another format, redacted.

    SOURCE is a cassette, an HTTP archive (HAR), or a report of `st run --report vcr`. INTO becomes an HTTP archive when
    its name ends in .har, else a cassette. Exits 1 when something could not be taken over.
    """
    sys.exit(convert_file(source, into, directory=Path.cwd(), rewrite=rewrite, echo=click.echo))
