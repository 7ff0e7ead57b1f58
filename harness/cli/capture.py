"""`harness capture`: incoming deliveries become fixtures."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path

import click

from harness.cli.surroundings import Surroundings
from harness.errors import ConfigurationError
from harness.http.message import Headers
from harness.webhooks.capture_server import CaptureServer, CaptureStore, Clean
from harness.webhooks.delivery_plan import secret_behind
from harness.webhooks.events import EventFormat
from harness.webhooks.schemes import scheme_named
from harness.webhooks.signature_check import signature_complaint


@click.command()
@click.option(
    "--into",
    required=True,
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the fixtures.",
)
@click.option("--port", default=0, type=click.IntRange(0, 65535), help="Port on 127.0.0.1; any free one by default.")
@click.option("--scheme", metavar="NAME", help="Signature scheme, to mark genuine deliveries.")
@click.option("--secret", metavar="REF", help="Signing secret, as env:NAME, file:PATH or command:WORDS.")
@click.option("--limit", default=10_000, show_default=True, type=click.IntRange(1), help="Maximum deliveries.")
def capture(into: Path, port: int, scheme: str | None, secret: str | None, limit: int) -> None:
    """Store incoming webhooks as fixtures for `harness deliver`.

    Listens until Ctrl-C and writes each delivery to DIR as an .http file, without its signature (a replay signs
    afresh), credentials and cookies. Secrets that the folder's harness.toml refers to, and values of fields whose names
    suggest a secret, are replaced by placeholders.
    """
    if bool(scheme) != bool(secret):
        raise ConfigurationError("--scheme and --secret belong together: pass both, or neither.")
    surroundings = Surroundings(Path.cwd())
    judge = _judge(scheme, secret_behind(secret, surroundings.vault)) if scheme and secret else None
    for number in (signal.SIGINT, signal.SIGTERM):  # a shell starts what it runs in the background deaf to Ctrl-C
        signal.signal(number, signal.default_int_handler)
    store = CaptureStore(into, _clean(surroundings))
    with CaptureServer(port, store, each=click.echo, limit=limit, judge=judge) as server:
        click.echo(f"Listening on {server.url}/ and storing deliveries in {into}. Press Ctrl-C to stop.")
        try:
            server.full.wait()
        except KeyboardInterrupt:
            click.echo("")
    click.echo(server.summary)


def _clean(surroundings: Surroundings) -> Clean:
    def clean(headers: Headers, body: bytes) -> tuple[Headers, bytes]:
        redactor, named = surroundings.redactor, dict(headers)
        stored = redactor.headers(named, received=True)
        media, coding = named.get("content-type", ""), named.get("content-encoding", "")
        return tuple(stored.items()), redactor.body(body, media_type=media, coding=coding, received=True)

    return clean


def _judge(name: str, secret: Callable[[], str]) -> Callable[[str, Headers, bytes], str]:
    scheme = scheme_named(name)
    if not scheme.symmetric:
        raise ConfigurationError(
            f"--scheme {name} signs with a key pair; captured deliveries are verified with shared secrets only. "
            "Leave out --scheme and --secret."
        )

    def complaint(url: str, headers: Headers, body: bytes) -> str:
        lower = tuple((k.lower(), v) for k, v in headers)
        event = EventFormat(scheme=scheme).received(lower, body)
        wrong = signature_complaint(scheme, event, secret=secret(), url=url, now=time.time())
        return wrong.text if wrong else ""

    return complaint
