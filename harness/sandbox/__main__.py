"""``python -m harness.sandbox product | integration | worker | workflow | dead-letters | list-defects``."""

from __future__ import annotations

import os
import sys

import click

from harness.sandbox.defects import CATALOGUE, Planted, UnknownDefectError
from harness.sandbox.integration.commands import dead_letters, integration, worker, workflow

_defect = click.option("--defect", "defects", multiple=True, metavar="NAME", help="Plant a defect; may be repeated.")
_port = click.option("--port", required=True, type=click.IntRange(1, 65535))


@click.group()
def main() -> None:
    """Run the reference Product API, or the reference integration."""


@main.command()
@_port
@_defect
@click.option("--rate-limit", default=2000, show_default=True, help="Requests allowed in ten seconds.")
def product(port: int, defects: tuple[str, ...], rate_limit: int) -> None:
    """Serve the Product API."""
    planted = _planted(defects)
    key, secret = _required("PRODUCT_API_KEY"), _required("PRODUCT_WEBHOOK_SECRET")
    from harness.sandbox import logs
    from harness.sandbox.product.app import create_app
    from harness.sandbox.serving import serve

    logs.configure("product", secrets=(key, secret))
    serve(create_app(api_key=key, webhook_secret=secret, rate_limit=rate_limit, planted=planted), port)


for command in (integration, worker, workflow, dead_letters):
    main.add_command(command)


@main.command("list-defects")
def list_defects() -> None:
    """Print the catalogue of defects."""
    for defect in CATALOGUE:
        click.echo(f"{defect.id:36} {defect.item:24} {defect.what}")


def _planted(names: tuple[str, ...]) -> Planted:
    asked = (*names, *os.environ.get("SANDBOX_DEFECTS", "").split(","))
    try:
        return Planted(frozenset(n.strip() for n in asked if n.strip()))
    except UnknownDefectError as exc:
        sys.stderr.write(f"{exc}\n")
        sys.exit(2)


def _required(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        sys.stderr.write(f"The environment variable {name} is not set. The sandbox reads its credentials from there.\n")
        sys.exit(2)
    return value


if __name__ == "__main__":
    main(prog_name="python -m harness.sandbox")
