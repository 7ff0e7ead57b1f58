"""`harness record`: a recording reverse proxy."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from harness.cli.cassette_server import record as record_upstream


@click.command()
@click.option("--upstream", required=True, metavar="URL", help="The provider's base URL, which everything goes on to.")
@click.option("--cassette", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The file to write.")
@click.option("--port", default=0, type=click.IntRange(0, 65535), help="Port on 127.0.0.1; a free one unless given.")
@click.option("--append", is_flag=True, help="Add to a cassette that exists.")
@click.option("--rewrite", is_flag=True, help="Replace a cassette that exists.")
@click.option("--timeout", default=15.0, show_default=True, help="Seconds to wait for the provider.")
def record(upstream: str, cassette: Path, port: int, timeout: float, *, append: bool, rewrite: bool) -> None:
    """Pass on what a client in any language sends to a provider, and record it, redacted, until Ctrl-C.

    Exits 1 when something could not be passed on or recorded.
    """
    sys.exit(
        record_upstream(
            upstream,
            cassette,
            directory=Path.cwd(),
            port=port,
            append=append,
            rewrite=rewrite,
            timeout_s=timeout,
            echo=lambda text: click.echo(text, err=True),
        )
    )
