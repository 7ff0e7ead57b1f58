"""`harness replay`: recordings as a local server."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cassettes.play.playback import Counts, Playback, load
from harness.cassettes.play.replay_server import ReplayServer, serve
from harness.cli.document_root import document_root
from harness.cli.say import say
from harness.cli.surroundings import Surroundings
from harness.errors import ConfigurationError
from harness.process.open_files import require_open_files
from harness.secrets.redaction.redactor import Redactor

MAX_SHOWN = 20
MAX_LINES = 1000
"""Maximum number of distinct log lines; the counts at the end include the rest."""


if TYPE_CHECKING:
    _ParamType = click.ParamType[Any]
else:
    _ParamType = click.ParamType  # takes no parameter in the older versions of click that are allowed


class _Latency(_ParamType):
    name = "latency"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> object:
        """Return seconds, or None for ``recorded``."""
        if value == "recorded" or not isinstance(value, str):
            return None if value == "recorded" else value
        try:
            seconds = float(value.removesuffix("s"))
        except ValueError:
            seconds = -1
        if not 0 <= seconds <= 3600:
            self.fail(f"{value!r} is neither 'recorded' nor a number of seconds from 0 to 3600.", param, ctx)
        return seconds


@click.command()
@click.argument("cassettes", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--port", default=0, type=click.IntRange(0, 65535), help="Port on 127.0.0.1; any free one by default.")
@click.option("--latency", default=0.0, type=_Latency(), metavar="recorded|SECONDS", help="Delay of each response.")
@click.option(
    "--match",
    type=click.Choice(["strict", "nearest"]),
    default="strict",
    show_default=True,
    help="Response to a request that was not recorded: an error, or the nearest recording.",
)
@click.option("--spec", metavar="SPEC", help="OpenAPI document to validate against; by default the target's.")
@document_root
@click.option("--rewrite-bodies", is_flag=True, help="Point links in bodies to this server, as those in headers.")
def replay(
    cassettes: tuple[Path, ...],
    port: int,
    latency: float | None,
    match: str,
    spec: str | None,
    root: Path,
    *,
    rewrite_bodies: bool,
) -> None:
    """Serve recordings to a client in any language.

    CASSETTES are files or folders. Runs until Ctrl-C.
    """
    require_open_files()
    surroundings = Surroundings(Path.cwd(), commands=False)
    redactor = surroundings.redactor
    recordings = load(_files(cassettes))
    playback = Playback(recordings, redactor=redactor, nearest=match == "nearest", match_on=surroundings.match_on)
    document = surroundings.spec(spec, within=root)
    check = document.request_violations if document else None
    server = ReplayServer(playback, log=_once(redactor), check=check, latency_s=latency, rewrites_bodies=rewrite_bodies)
    what = f"{len(playback.recordings)} recordings of {playback.place}"
    checked = f", validating requests against {document.source}" if document else ""

    def started(url: str) -> None:
        say(f"Serving {what} on {url}{checked}. Press Ctrl-C to stop.", err=True)

    counts = serve(server, port=port, started=started)
    say(_summary(counts, playback), err=True)
    sys.exit(bool(counts.unmatched or counts.violations or counts.failed))


def _once(redactor: Redactor) -> Callable[[str], None]:
    """Return a log that prints each line once: a client in a loop would flood the terminal or block on a pipe."""
    printed: set[str] = set()

    def log(text: str) -> None:
        if text not in printed and len(printed) < MAX_LINES:
            printed.add(text)
            say(redactor.text(text), err=True)

    return log


def _files(cassettes: Sequence[Path]) -> list[Path]:
    """Return the cassettes, those in a folder in the order of their names."""
    found: list[Path] = []
    for path in cassettes:
        inside = sorted([*path.rglob("*.yaml"), *path.rglob("*.yml")]) if path.is_dir() else [path]
        if not inside:
            raise ConfigurationError(f"{path} contains no cassette. Pass a folder with .yaml files.")
        found += inside
    return found


def _summary(counts: Counts, playback: Playback) -> str:
    nearest = f" ({counts.nearest} by the nearest recording)" if counts.nearest else ""
    failed = f"{counts.failed} not answered because of an error, " if counts.failed else ""
    head = (
        f"{counts.served} served{nearest}, {counts.unmatched} unmatched, {counts.violations} against the spec, "
        f"{failed}{counts.unused} of {counts.recordings} recordings unused"
    )
    unused = [f"  unused: {name}" for name in playback.unused()]
    more = [f"  and {len(unused) - MAX_SHOWN} more"] if len(unused) > MAX_SHOWN else []
    return "\n".join([head, *unused[:MAX_SHOWN], *more])
