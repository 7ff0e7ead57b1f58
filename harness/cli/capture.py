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
@click.option("--into", required=True, metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option("--port", default=0, type=click.IntRange(0, 65535), help="Where to listen; unless given, any free port.")
@click.option("--scheme", metavar="NAME", help="How deliveries are signed, to tell which are genuine.")
@click.option("--secret", metavar="REF", help="The signing secret, as env:NAME or file:PATH.")
@click.option("--limit", default=10_000, show_default=True, type=click.IntRange(1), help="End after so many.")
def capture(into: Path, port: int, scheme: str | None, secret: str | None, limit: int) -> None:
    """Store incoming webhooks in DIR as .http fixtures, until Ctrl-C, for `harness deliver` to replay.

    Signatures are left out, for a replay makes its own; so are credentials and cookies. Values that the folder's
    harness.toml refers to, and those of fields whose names mean secrets, are replaced.
    """
    if bool(scheme) != bool(secret):
        raise ConfigurationError("--scheme and --secret belong together: say both, or neither.")
    surroundings = Surroundings(Path.cwd())
    judge = _judge(scheme, secret_behind(secret, surroundings.vault)) if scheme and secret else None
    for number in (signal.SIGINT, signal.SIGTERM):  # a shell starts what it runs in the background deaf to Ctrl-C
        signal.signal(number, signal.default_int_handler)
    store = CaptureStore(into, _clean(surroundings))
    with CaptureServer(port, store, each=click.echo, limit=limit, judge=judge) as server:
        click.echo(f"Listening on {server.url}/; deliveries go to {into}. Ctrl-C ends it.")
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
        raise ConfigurationError(f"--scheme {name} has a key pair; who is genuine is told for a shared secret alone.")

    def complaint(url: str, headers: Headers, body: bytes) -> str:
        lower = tuple((k.lower(), v) for k, v in headers)
        event = EventFormat(scheme=scheme).received(lower, body)
        return signature_complaint(scheme, event, secret=secret(), url=url, now=time.time())

    return complaint
