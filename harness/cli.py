"""The commands: `harness gate | deliver | sandbox`. Thin: each parses its words and calls one function."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from harness import __version__
from harness.errors import ConfigurationError, HarnessError

USAGE_ERROR = 4


class _Group(click.Group):
    """Turns the harness' errors into one paragraph and an exit status."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except HarnessError as exc:
            click.echo(f"ERROR: {exc}", err=True)
            ctx.exit(USAGE_ERROR if isinstance(exc, ConfigurationError) else 1)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, package_name="readiness-harness")
def main() -> None:
    """Run an API integration's production checklist, and get one verdict with evidence."""


@main.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
@click.option("--target", metavar="NAME", help="Lay harness.NAME.toml over harness.toml.")
@click.option("--reports", metavar="DIR", default="reports", show_default=True, help="Where the report goes.")
@click.argument("pytest_args", nargs=-1, type=click.UNPROCESSED)
def gate(target: str | None, reports: str, pytest_args: tuple[str, ...]) -> None:
    """Run the whole checklist live. Exits 0 only for READY, 4 for a configuration error, else 1.

    Further arguments go to pytest: `harness gate -n2`, `harness gate -k signatures`.
    """
    from harness.gate import run_gate

    sys.exit(run_gate(Path.cwd(), overlay=target, reports=reports, pytest_args=pytest_args))


@main.command()
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
    from harness.webhooks.command import Order, deliver_events

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


@main.command()
@click.option("--defect", "defects", multiple=True, metavar="NAME", help="Plant a defect; may be repeated.")
@click.option("--list-defects", is_flag=True, help="Print the catalogue of defects and end.")
def sandbox(defects: tuple[str, ...], *, list_defects: bool) -> None:
    """Run the reference Product API and the reference integration on free loopback ports until Ctrl-C."""
    from harness.playground import list_the_defects, run_sandbox

    sys.exit(list_the_defects() if list_defects else run_sandbox(defects, echo=click.echo))
