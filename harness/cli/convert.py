"""`harness convert`: cassettes from and to other formats."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from harness import __version__
from harness.cassettes.formats.conversion import read_any, write_bytes
from harness.cassettes.formats.har import har_text
from harness.cassettes.formats.interchange import redacted, write_cassette
from harness.cli.json_output import json_option, print_json
from harness.cli.say import say
from harness.cli.surroundings import Surroundings
from harness.errors import ConfigurationError


@click.command()
@click.argument("source", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("into", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--rewrite", is_flag=True, help="Replace an existing file.")
@json_option
def convert(source: Path, into: Path, *, rewrite: bool, as_json: bool) -> None:
    """Convert recordings to another format, redacted.

    SOURCE is a cassette, an HTTP archive (HAR), a report of `st run --report vcr`, or a recording of Ruby VCR or
    Betamax. INTO becomes an HTTP archive when its name ends in .har, else a cassette.
    """
    if into.exists() and not rewrite:
        raise ConfigurationError(f"{into} exists. Pass another file name, or replace it with --rewrite.")
    found = read_any(source)
    exchanges = redacted(found.exchanges, Surroundings(Path.cwd()).redactor, found.left_out)
    if into.suffix.lower() == ".har":
        write_bytes(into, har_text(exchanges, version=__version__))
    else:
        write_cassette(into, exchanges, metadata=found.metadata or {"converted_from": source.name})
    if as_json:
        print_json({"into": str(into), "exchanges": len(exchanges), "left_out": list(found.left_out)})
        sys.exit(bool(found.left_out))
    left_out = f", {len(found.left_out)} left out" if found.left_out else ""
    say(f"{len(exchanges)} exchanges written to {into}{left_out}")
    for what in found.left_out:
        say(f"  left out: {what}")
    sys.exit(bool(found.left_out))
