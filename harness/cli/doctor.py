"""`harness doctor`: what would make the gate fail for a boring reason."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from harness.cli.json_output import json_option, print_json
from harness.cli.say import say
from harness.context.examination.examination import Examination, examine
from harness.core.progress import waiting


@click.command()
@click.option("--target", "overlay", metavar="NAME", help="Overlay: harness.NAME.toml replaces keys of harness.toml.")
@click.option("--offline", is_flag=True, help="Check only what needs no process and no request.")
@json_option
def doctor(overlay: str | None, *, offline: bool, as_json: bool) -> None:
    """Find what would make the gate fail for a boring reason.

    Looks at harness.toml, variables, extras, programs, ports, plugins of pytest, globs, the document, fixtures,
    cassettes and runbooks. Then it starts the processes of the target, reads once from the provider where [provider]
    probes allow it, and sends one genuine delivery to the receiver, unless the environment is production.
    """
    with waiting("looking"):
        found = examine(Path.cwd(), overlay=overlay, live=not offline)
    if as_json:
        print_json(found)
    else:
        say("\n".join(_lines(found)))
    sys.exit(bool(found.obstacles))


def _lines(found: Examination) -> Iterator[str]:
    for number, obstacle in enumerate(found.obstacles, start=1):
        yield f"{number}. {obstacle.text}"
    if found.obstacles:
        yield ""
    yield f"checked: {'; '.join(found.checked) or 'nothing'}"
    if found.left_out:
        yield f"not checked: {'; '.join(found.left_out)}"
    yield f"{len(found.obstacles)} found" if found.obstacles else "Nothing is in the way of a gate: harness gate"
