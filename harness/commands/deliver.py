"""`harness deliver`: sign event fixtures and send them."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from harness.webhooks.command import Order, deliver_events


@click.command()
@click.argument("events", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--to", "url", required=True, metavar="URL", help="The receiver.")
@click.option("--scheme", default="hmac", show_default=True, help="How deliveries are signed.")
@click.option("--secret", metavar="REF", required=True, help="The signing secret, as env:NAME or file:PATH.")
@click.option(
    "--header",
    "signature_header",
    metavar="NAME",
    help="Header of the signature, where the scheme leaves it open.",
)
@click.option("--concurrency", default=8, show_default=True, type=click.IntRange(1, 256))
@click.option("--altered", metavar="CASE", help="Forge each delivery as this receiver case does, such as truncated.")
@click.option("--quiet", is_flag=True, help="Print the summary alone.")
def deliver(
    events: tuple[Path, ...],
    url: str,
    scheme: str,
    secret: str,
    signature_header: str | None,
    concurrency: int,
    altered: str | None,
    *,
    quiet: bool,
) -> None:
    """Sign EVENTS (files or folders of .json and .http fixtures) and deliver them.

    Exits 1 unless every delivery is acknowledged with 2xx.
    """
    order = Order(
        url=url,
        scheme=scheme,
        header=signature_header,
        secret=secret,
        concurrency=concurrency,
        altered=altered,
    )
    summary = deliver_events(events, order, each=None if quiet else click.echo)
    click.echo(summary.text)
    sys.exit(0 if summary.acknowledged == summary.delivered else 1)
