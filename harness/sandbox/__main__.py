"""``python -m harness.sandbox COMMAND``: the processes of the sandbox, and its catalogue of defects."""

from __future__ import annotations

import atexit
import gc
import json
import os
import sys
from itertools import groupby
from pathlib import Path

import click

from harness.sandbox.defects import PARTS, Planted, PlantedDefect, UnknownDefectError, catalogue
from harness.sandbox.integration.commands import dead_letters, integration, projects, worker, workflow

_NOT_FOR_US = ("rich", "pygments", "psutil")
"""What libraries import where it is installed, and no process of the sandbox uses: a fifth of a workflow's start."""
USAGE_ERROR = 4
"""Exit status of a gate that did not begin."""
_defect = click.option("--defect", "defects", multiple=True, metavar="NAME", help="Defect to plant; repeatable.")
_port = click.option("--port", required=True, type=click.IntRange(1, 65535), help="Port on 127.0.0.1.")


@click.group()
def main() -> None:
    """Run the reference Product API or the reference integration."""


@main.command()
@_port
@_defect
@click.option("--rate-limit", default=2000, show_default=True, help="Requests allowed per ten seconds.")
@click.option("--overlap", default=0.0, show_default=True, help="Seconds for which *_PREVIOUS stays valid.")
@click.option("--token-lifetime", default=3600.0, show_default=True, help="Seconds for which an access token is valid.")
def product(port: int, defects: tuple[str, ...], rate_limit: int, overlap: float, token_lifetime: float) -> None:
    """Serve the Product API.

    Its credentials are PRODUCT_API_KEY and PRODUCT_WEBHOOK_SECRET, and those that they replace are the same names with
    _PREVIOUS appended. With PRODUCT_ADMIN_KEY it also serves the controls below /_sandbox: rotations and faults. With
    PRODUCT_CLIENT_SECRET the client "sandbox" gets access tokens at /oauth/token.
    """
    planted = _planted(defects)
    admin_key, client_secret = (os.environ.get(f"PRODUCT_{name}", "") for name in ("ADMIN_KEY", "CLIENT_SECRET"))
    from harness.sandbox import logs
    from harness.sandbox.http_server import serve
    from harness.sandbox.product.app import create_app
    from harness.sandbox.product.keys import Rotating
    from harness.sandbox.product.tokens import Tokens

    api_key, secret = (
        Rotating(_required(name), os.environ.get(f"{name}_PREVIOUS", ""), overlap_s=overlap)
        for name in ("PRODUCT_API_KEY", "PRODUCT_WEBHOOK_SECRET")
    )
    tokens = Tokens(client_secret=client_secret, lifetime_s=token_lifetime)
    logs.configure(
        "product",
        secrets=lambda: (
            [v for v in (*api_key.known, *secret.known, admin_key, client_secret) if v]
            + list(tokens.issued if tokens else ())
        ),
    )
    app = create_app(
        api_key=api_key,
        webhook_secret=secret,
        rate_limit=rate_limit,
        planted=planted,
        admin_key=admin_key,
        tokens=tokens,
    )
    serve(app, port)


for command in (integration, worker, workflow, projects, dead_letters):
    main.add_command(command)


@main.command("with-defect", context_settings={"ignore_unknown_options": True})
@click.argument("names", metavar="NAME[,NAME...]")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def with_defect(names: str, command: tuple[str, ...]) -> None:
    """Run a command on a copy of the target with a defect.

    The files in the working folder do not change.
    `python -m harness.sandbox with-defect runbook-stale harness gate`
    """
    sys.exit(_run_afflicted(command, Path.cwd(), _planted((names,))))


@main.command("with-target", context_settings={"ignore_unknown_options": True})
@_defect
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def with_target(defects: tuple[str, ...], command: tuple[str, ...]) -> None:
    """Run a command on a copy of the sandbox's own target.

    Its harness.toml, fixtures and recordings come with the package: no clone is needed.
    """
    from harness.sandbox.target_folder import DOCUMENT, target_folder

    status = _run_afflicted(command, target_folder(), _planted(defects, status=USAGE_ERROR), DOCUMENT)
    sys.exit(status)


def _run_afflicted(
    command: tuple[str, ...], target: Path, planted: Planted, document: tuple[str, Path] | None = None
) -> int:
    from harness.sandbox.plant import EditError, run_afflicted

    try:
        return run_afflicted(command, target, planted, document)
    except EditError as exc:
        sys.stderr.write(f"{exc}\n")
        return 2


@main.command("list-defects")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document, and nothing else.")
def list_defects(*, as_json: bool) -> None:
    """Print the catalogue of defects."""
    if as_json:
        known = [{"id": d.id, "item": d.item, "what": d.what, "where": str(d.where)} for d in catalogue()]
        click.echo(json.dumps(known, indent=2))
        return
    width = max(len(d.id) for d in catalogue())
    for where, defects in groupby(sorted(catalogue(), key=lambda d: PARTS.index(d.where)), key=lambda d: d.where):
        rows = list(defects)
        click.echo(f"{where} ({len(rows)})")
        for d in rows:
            place = f" ({', '.join(_files(d))})" if d.edits else ""
            click.echo(f"  {d.id:{width}}  {'pending: ' if d.pending else ''}{d.item}\n  {'':{width}}  {d.what}{place}")
    click.echo(f"{len(catalogue())} defects. Plant one: harness gate --sandbox --defect NAME")


@main.command("check-defects", hidden=True)
@click.argument("names", nargs=-1)
def check_defects(names: tuple[str, ...]) -> None:
    """Exit with status 2 and a message when one of NAMES is not a defect of the processes."""
    for defect in catalogue():
        if defect.id in _planted(names).names and defect.edits:
            sys.stderr.write(
                f"{defect.id} changes {' and '.join(_files(defect))}, not a process. Plant it with "
                f"harness gate --sandbox --defect {defect.id}.\n"
            )
            sys.exit(2)


def _files(defect: PlantedDefect) -> list[str]:
    return [edit.file for edit in defect.edits]


def _planted(names: tuple[str, ...], status: int = 2) -> Planted:
    """Return the defects that are asked for; an unknown one ends the process with ``status``."""
    asked = ",".join((*names, os.environ.get("SANDBOX_DEFECTS", "")))
    try:
        return Planted(frozenset(n.strip() for n in asked.split(",") if n.strip()))
    except UnknownDefectError as exc:
        sys.stderr.write(f"{exc}\n")
        sys.exit(status)


def _required(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        sys.stderr.write(
            f"The environment variable {name} is not set. Set it: the sandbox reads its credentials from there.\n"
        )
        sys.exit(2)
    return value


if __name__ == "__main__":
    sys.modules.update(dict.fromkeys(_NOT_FOR_US))  # type: ignore[arg-type] # None: an import finds none
    gc.set_threshold(50_000)  # imports make many objects and no garbage, and are most of what a short command does
    atexit.register(gc.freeze)  # so that Python, as it ends, does not search them all: a quarter of a workflow's time
    main(prog_name="python -m harness.sandbox")
