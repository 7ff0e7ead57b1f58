"""The option `--root` of every command that reads an OpenAPI document which is named on its command line."""

from __future__ import annotations

from pathlib import Path

import click

document_root = click.option(
    "--root",
    default=Path(),
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="Folder below which the document may refer to other files, beside its own; by default the working directory.",
)
