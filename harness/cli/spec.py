"""`harness spec check`: whether an OpenAPI document is consistent."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import click

from harness.cli.document_root import document_root
from harness.cli.json_output import json_option, print_json
from harness.cli.say import say
from harness.core.progress import tracked, waiting
from harness.openapi.document_checks import SHOWN, Checked, check_document
from harness.openapi.spec_document import load_spec


@click.group()
def spec() -> None:
    """Check an OpenAPI document."""


@spec.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--all", "everything", is_flag=True, help="Print every problem, not only the first ten of each kind.")
@document_root
@json_option
def check(file: Path, root: Path, *, everything: bool, as_json: bool) -> None:
    """Find contradictions within FILE, without sending a request.

    Looks for examples that break their own schemas, operations without responses, unused security schemes, unresolvable
    references, and webhooks without schemas.
    """
    with waiting(f"reading {file.name}"):
        document = load_spec(str(file), root=Path(), named_by="", within=root)
    results = check_document(document, each=partial(tracked, title=f"checking {file.name}"))
    not_checked = {name: document.bundle.unread[name] for name in sorted(document.bundle.not_asked)}
    if as_json:
        checks = [{"id": r.check.id, "summary": r.summary, "seen": r.seen, "slips": _slips(r)} for r in results]
        print_json({"file": str(file), "checks": checks, "not_checked": not_checked})
        sys.exit(any(result.slips for result in results))
    for result in results:
        say(result.summary)
        shown = result.slips if everything else result.slips[:SHOWN]
        for slip in shown:
            say(f"  {slip.pointer}\n    {slip.complaint}")
        if len(shown) < len(result.slips):
            say(f"  and {len(result.slips) - len(shown)} more: harness spec check --all {file}")
    for reference, why in not_checked.items():
        say(f"not checked: {reference}: {why}")
    sys.exit(any(result.slips for result in results))


def _slips(result: Checked) -> list[dict[str, str]]:
    return [{"pointer": slip.pointer, "complaint": slip.complaint} for slip in result.slips]
