"""`harness deliver`: sign event fixtures and send them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

import click

from harness.cli.document_root import document_root
from harness.cli.json_output import json_option, print_json
from harness.cli.say import say
from harness.context.plan_delivery import plan_delivery, public_key
from harness.core.progress import bar
from harness.model import Delivery
from harness.process.open_files import require_open_files
from harness.webhooks.delivery_plan import DeliverOptions
from harness.webhooks.delivery_run import DeliveryRun
from harness.webhooks.summary import Summary

INTERRUPTED = 130
BESIDES = 32
"""Files that are open beside one connection for each delivery at once."""
LINES = 50
"""The number of acknowledged deliveries that are shown one by one, and likewise of the others."""


@click.command()
@click.argument("events", nargs=-1)
@click.option("--to", "url", metavar="URL", help="URL of the receiver.")
@click.option(
    "--scheme",
    metavar="NAME",
    help="Signature scheme: github, token, mailgun and others, which `harness schema` lists.",
)
@click.option("--secret", metavar="REF", help="Signing secret, as env:NAME, file:PATH or command:WORDS.")
@click.option("--header", metavar="NAME", help="Signature header, if it is not the scheme's.")
@click.option(
    "--spec",
    metavar="PATH",
    type=click.Path(exists=True, dir_okay=False),
    help="OpenAPI document; an example of each of its webhooks is delivered.",
)
@click.option("--provider", metavar="NAME", help="Vendor whose events and scheme are meant; see `harness packs`.")
@click.option("--override", metavar="KEY=VALUE", multiple=True, help="Another value in each body; repeatable.")
@document_root
@click.option("--target", "overlay", metavar="NAME", help="Overlay: harness.NAME.toml replaces keys of harness.toml.")
@click.option("--altered", metavar="CASE", help="Receiver case that alters each delivery, such as truncated.")
@click.option("--count", default=1, show_default=True, type=click.IntRange(1), help="Deliveries of each event.")
@click.option("--rate", type=click.FloatRange(0, min_open=True), help="Maximum deliveries per second.")
@click.option(
    "--concurrency", default=8, show_default=True, type=click.IntRange(1, 256), help="Maximum deliveries at once."
)
@click.option(
    "--timeout",
    "timeout_s",
    default=15.0,
    show_default=True,
    type=click.FloatRange(0, min_open=True),
    help="Seconds to wait for each response.",
)
@click.option("--keep-ids", is_flag=True, help="Send the ids of the fixtures, which a receiver may see as duplicates.")
@click.option("--dry-run", is_flag=True, help="Print the requests without sending them.")
@click.option("--public-key", is_flag=True, help="Print the key that the receiver verifies with, and send nothing.")
@click.option("--quiet", is_flag=True, help="Print only the summary.")
@json_option
def deliver(
    events: tuple[str, ...],
    *,
    spec: str | None,
    root: Path,
    dry_run: bool,
    quiet: bool,
    as_json: bool,
    **options: object,
) -> None:
    """Sign event fixtures and deliver them to a receiver.

    EVENTS are files or folders of .json and .http fixtures, or names of a vendor's events, such as
    payment_intent.succeeded; each is delivered under a fresh id. --to, --scheme and --secret default to harness.toml.
    """
    show_key = options.pop("public_key")
    asked = DeliverOptions(**options)  # type: ignore[arg-type]  # click has checked each by its declaration above
    if as_json and (show_key or dry_run):
        raise click.UsageError("--json is the summary of what is delivered: leave out --dry-run and --public-key.")
    if show_key:
        say(public_key(asked, Path.cwd()))
        return
    if not events and not spec:
        raise click.UsageError(
            "Missing argument 'EVENTS...': name fixtures or events, or an OpenAPI document with --spec."
        )
    made = tuple(_examples(spec, root)) if spec else ()
    run = DeliveryRun(events, plan_delivery(asked, Path.cwd()), made=made)
    if dry_run:
        for text in run.dry():
            say(text)
        return
    require_open_files(asked.concurrency + BESIDES)
    summary = Summary()
    interrupted = _interrupted(run, summary, quiet=quiet or as_json)
    if as_json:
        print_json({**summary.figures(), "interrupted": interrupted})
    else:
        say("\n".join(summary.lines()))
    sys.exit(INTERRUPTED if interrupted else not summary.succeeded)


def _interrupted(run: DeliveryRun, summary: Summary, *, quiet: bool) -> bool:
    """Deliver, and return whether Ctrl-C ended it."""
    try:
        with _shown(run.total, quiet=quiet) as each:
            run.deliver(each, summary)
    except KeyboardInterrupt:
        return True
    return False


def _examples(spec: str, root: Path) -> Iterator[tuple[str, bytes]]:
    from harness.openapi.examples import webhook_examples
    from harness.openapi.spec_document import load_spec

    document = load_spec(spec, root=Path.cwd(), named_by="--spec", within=root)
    for reference, why in document.bundle.unread.items():
        say(f"--spec {spec}: {reference} was not read: {why}", err=True)
    yield from webhook_examples(document)


def _shown(total: int, *, quiet: bool) -> AbstractContextManager[Callable[[Delivery], None]]:
    if quiet:
        return nullcontext(lambda _: None)
    return _bar(total) if sys.stdout.isatty() else nullcontext(_Lines(say))


class _Lines:
    """Shows the first deliveries, and the first that were not acknowledged; the summary counts all."""

    def __init__(self, echo: Callable[[str], None]) -> None:
        self._echo = echo
        self._left = {True: LINES, False: LINES}

    def __call__(self, delivery: Delivery) -> None:
        """Show one, or note once that no more will be shown."""
        kind = delivery.acknowledged
        if self._left[kind] > 0:
            self._echo(f"{delivery.event}: {delivery.seen} in {delivery.seconds * 1000:.0f} ms")
        elif self._left[kind] == 0:
            self._echo(f"... more {'acknowledged' if kind else 'other'} deliveries are counted below")
        self._left[kind] -= 1


@contextmanager
def _bar(total: int) -> Iterator[Callable[[Delivery], None]]:
    """Show a bar that moves with each delivery, and above it those that were not acknowledged."""
    with bar("delivering", total, file=sys.stdout) as shown:
        lines = _Lines(shown.line)

        def moved(delivery: Delivery) -> None:
            shown.advance()
            if not delivery.acknowledged:
                lines(delivery)

        yield moved
