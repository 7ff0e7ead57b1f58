"""`harness spec check`: whether an OpenAPI document is consistent."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Any

import click

from harness.cli.document_root import document_root
from harness.cli.json_output import json_option, print_json
from harness.cli.say import say
from harness.cli.surroundings import Surroundings
from harness.core.progress import tracked, waiting
from harness.openapi.document_checks import SHOWN, Checked, check_document
from harness.openapi.spec_document import Spec, load_spec
from harness.openapi.unusable_patterns import unusable_patterns


class DocumentPlace(click.Path):
    """The path of a file that is there, or a URL."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the text as it is."""
        return value if "://" in str(value) else super().convert(value, param, ctx)


@click.group()
def spec() -> None:
    """Check an OpenAPI document."""


@spec.command()
@click.argument("file", type=DocumentPlace(exists=True, dir_okay=False))
@click.option("--all", "everything", is_flag=True, help="Print every problem, not only the first ten of each kind.")
@document_root
@json_option
def check(file: str, root: Path, *, everything: bool, as_json: bool) -> None:
    """Find contradictions within FILE, and send the API no request.

    Looks for examples that break their own schemas, operations without responses, unused security schemes, unresolvable
    references, and webhooks without schemas. FILE is a path or a URL; the credential of
    [provider] auth is sent only to the origin of base_url.
    """
    name = file.rpartition("/")[2] or file
    with waiting(f"reading {name}"):
        document = _fetched(file, root) if "://" in file else load_spec(file, root=Path(), named_by="", within=root)
    results = check_document(document, each=partial(tracked, title=f"checking {name}"))
    not_checked = {name: document.bundle.unread[name] for name in sorted(document.bundle.not_asked)}
    not_checked |= unusable_patterns(document)
    if as_json:
        checks = [{"id": r.check.id, "summary": r.summary, "seen": r.seen, "slips": _slips(r)} for r in results]
        print_json({"file": file, "checks": checks, "not_checked": not_checked})
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


def _fetched(url: str, root: Path) -> Spec:
    """Return the document at a URL, with what harness.toml knows of the provider where the folder has one."""
    document = Surroundings(Path.cwd()).spec(url, within=root, named_by="")
    assert document is not None  # as there is a reference
    return document


def _slips(result: Checked) -> list[dict[str, str]]:
    return [{"pointer": slip.pointer, "complaint": slip.complaint} for slip in result.slips]
