"""`harness replay`: recordings as a local server."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from harness.cli.cassette_server import replay as serve_recordings


class _Latency(click.ParamType[Any]):
    name = "latency"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> object:
        """Return seconds, or None for ``recorded``."""
        if value == "recorded" or not isinstance(value, str):
            return None if value == "recorded" else value
        try:
            seconds = float(value.removesuffix("s"))
        except ValueError:
            seconds = -1
        if not 0 <= seconds <= 3600:
            self.fail(f"{value!r} is neither 'recorded' nor a number of seconds from 0 to 3600.", param, ctx)
        return seconds


@click.command()
@click.argument("cassettes", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--port", default=0, type=click.IntRange(0, 65535), help="Port on 127.0.0.1; a free one unless given.")
@click.option("--latency", default=0.0, type=_Latency(), metavar="recorded|SECONDS", help="How long answers take.")
@click.option(
    "--match",
    type=click.Choice(["strict", "nearest"]),
    default="strict",
    show_default=True,
    help="Whether a request that was not recorded is answered by the one that differs least.",
)
@click.option("--spec", metavar="SPEC", help="OpenAPI document to hold requests against, unless harness.toml names it.")
def replay(cassettes: tuple[Path, ...], port: int, latency: float | None, match: str, spec: str | None) -> None:
    """Serve CASSETTES (files or folders) to a client in any language, until Ctrl-C.

    Exits 1 when a request matched no recording or broke the spec.
    """
    sys.exit(
        serve_recordings(
            cassettes,
            directory=Path.cwd(),
            port=port,
            latency_s=latency,
            nearest=match == "nearest",
            spec=spec,
            echo=lambda text: click.echo(text, err=True),
        )
    )
