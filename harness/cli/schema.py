"""`harness schema`: the JSON Schema of harness.toml, for editors."""

from __future__ import annotations

from pathlib import Path

import click

from harness.context.configuration_schema import (
    OVERLAY_SCHEMA,
    SCHEMA,
    schema_line,
    shipped_schema,
    write_schemas,
)


@click.command()
@click.option("--overlay", is_flag=True, help="Print that of overlays, harness.NAME.toml, whose keys are all optional.")
@click.option("--write", is_flag=True, help="Store both schemas in the working folder, for editors to find.")
def schema(*, overlay: bool, write: bool) -> None:
    """Print the JSON Schema of harness.toml.

    Editors of TOML (taplo, Even Better TOML) then complete, explain and check its keys.
    """
    if not write:
        click.echo(shipped_schema(OVERLAY_SCHEMA if overlay else SCHEMA), nl=False)
        return
    for path in write_schemas(Path.cwd()):
        click.echo(f"{path.name} written. Begin the file that it describes with the line: {schema_line(path.name)}")
