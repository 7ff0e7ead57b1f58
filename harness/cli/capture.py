"""`harness capture`: incoming deliveries become fixtures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from harness.cli.say import say
from harness.cli.surroundings import Surroundings
from harness.errors import ConfigurationError
from harness.http.message import Request
from harness.process.ending_signals import until_ended
from harness.webhooks.capture_server import CaptureServer, CaptureStore, cleaning
from harness.webhooks.delivery_plan import revealed_url, secret_behind
from harness.webhooks.discovery.sender_check import SchemeByDelivery, SenderCheck
from harness.webhooks.handshake_follow_up import HandshakeFollowUp
from harness.webhooks.handshake_replies import Handshakes
from harness.webhooks.handshake_table import HANDSHAKE_REPLIES
from harness.webhooks.schemes import scheme_named

Judge = Callable[[Request], str]


@click.command()
@click.option(
    "--into",
    required=True,
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the fixtures.",
)
@click.option("--port", default=0, type=click.IntRange(0, 65535), help="Port on 127.0.0.1; any free one by default.")
@click.option(
    "--scheme", metavar="NAME", help="Signature scheme, to mark genuine deliveries; without it, --secret finds it."
)
@click.option("--secret", metavar="REF", help="Signing secret, as env:NAME, file:PATH or command:WORDS.")
@click.option("--public-key", metavar="REF", help="Public key of a scheme with a key pair, in place of --secret.")
@click.option("--url", metavar="URL", help="URL that the provider has, or env:NAME; for schemes that sign it.")
@click.option(
    "--handover",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File for a secret that the provider hands over (Asana, Notion, Clover).",
)
@click.option("--confirm", is_flag=True, help="Confirm subscriptions of Amazon SNS by a visit to their SubscribeURL.")
@click.option("--limit", default=10_000, show_default=True, type=click.IntRange(1), help="Maximum deliveries.")
def capture(into: Path, limit: int, **options: Any) -> None:
    """Store incoming webhooks as fixtures for `harness deliver`.

    Listens until Ctrl-C and writes each delivery to DIR as an .http file, without its signature (a replay signs
    afresh), credentials and cookies. Secrets that the folder's harness.toml refers to, and values of fields whose names
    suggest a secret, are replaced by placeholders. What a provider asks before its first event is answered as a
    receiver must, and is no event. With --secret alone, the scheme is looked for in the first deliveries, as
    `harness scheme` does, and its section of harness.toml is printed.
    """
    server = _server(into, limit, **options)
    with until_ended(), server:
        say(f"Listening on {server.url}/ and storing deliveries in {into}. Press Ctrl-C to stop.")
        server.full.wait()
    say(f"\n{server.summary}")


def _server(  # the options of the command
    into: Path,
    limit: int,
    *,
    port: int,
    scheme: str | None,
    secret: str | None,
    public_key: str | None,
    url: str | None,
    handover: Path | None,
    confirm: bool,
) -> CaptureServer:
    if secret and public_key:
        raise ConfigurationError("--secret and --public-key exclude each other: pass the one that the scheme has.")
    if scheme and not secret and not public_key:
        raise ConfigurationError("--scheme and --secret belong together: pass both, or neither.")
    surroundings = Surroundings(Path.cwd())
    given = revealed_url(url, surroundings.vault, "--url") if url else ""
    reveal = secret_behind(secret, surroundings.vault) if secret else None
    key = secret_behind(public_key, surroundings.vault, "--public-key") if public_key else reveal
    judge = _judge(scheme, key, given, public=public_key, secret=secret) if key else None
    follow_up = HandshakeFollowUp(handover, into=into, confirms=confirm)
    return CaptureServer(
        port,
        CaptureStore(into, cleaning(lambda: surroundings.redactor)),
        each=say,
        limit=limit,
        judge=judge,
        handshakes=Handshakes(HANDSHAKE_REPLIES, secret=reveal, scheme=scheme or "", judge=judge),
        url=given,
        follow_up=follow_up,
    )


def _judge(name: str | None, key: Callable[[], str], given: str, *, public: str | None, secret: str | None) -> Judge:
    """Return what states why a request is not genuine; without the name of a scheme, what looks for it."""
    if name is None:
        return SchemeByDelivery(key, given, reference=public or secret or "", announce=say).complaint
    scheme = scheme_named(name)
    if scheme.symmetric is bool(public):
        raise ConfigurationError(
            f"--scheme {name} signs with a shared secret. Give --secret in place of --public-key."
            if public
            else f"--scheme {name} signs with a key pair. Give --public-key in place of --secret."
        )
    return SenderCheck(scheme, key, given).complaint
