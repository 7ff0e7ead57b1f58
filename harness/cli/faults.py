"""`harness faults`: a provider that misbehaves by script, for any client that is tried by hand."""

from __future__ import annotations

import shutil
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import click
import httpx

from harness.cli.say import say
from harness.cli.surroundings import Surroundings
from harness.core.dates import duration_s
from harness.core.foreign_files import read_text
from harness.errors import ConfigurationError
from harness.http.client import Network
from harness.process.ending_signals import until_ended
from harness.resilience.client_process import run_client
from harness.resilience.fault_words import TABLE, FaultRule, rules_of
from harness.resilience.runner import PLACEHOLDERS
from harness.resilience.scripted_server import ScriptedServer

_WORDS = "\b\nFaults, of which a line may have several, with commas between them:\n" + "\n".join(
    f"  {words:<20}  {meaning}" for words, meaning in TABLE
)
_HELP = f"""Serve faults by script to any client that you try.

Serves until Ctrl-C, or runs COMMAND once, with {{fault_server}} in its words replaced by the server's URL (`env
BASE_URL={{fault_server}} node workflow.js`), and reports what each call met. A call without a fault is passed on to the
provider of --pass-through, or answered with `{{}}`.

Each line of a script has the faults of the next calls. `x3` repeats one, `always` applies it to all later calls, and
`POST /runs: ` before them aims them at some calls (`/runs/*` too); `#` begins a comment.

{_WORDS}
"""


@click.command(help=_HELP)
@click.option("--script", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="Script of faults.")
@click.option("--fault", "lines", multiple=True, metavar="LINE", help="A line of a script; may be repeated.")
@click.option("--port", default=0, type=click.IntRange(0, 65535), help="Port on 127.0.0.1; any free one by default.")
@click.option("--pass-through", metavar="URL", help="Base URL of the provider that other calls are passed on to.")
@click.option("--timeout", default="60s", show_default=True, help="Time after which COMMAND is ended.")
@click.argument("command", nargs=-1)
def faults(
    script: Path | None,
    lines: Sequence[str],
    port: int,
    pass_through: str | None,
    timeout: str,
    command: Sequence[str],
) -> None:
    """Serve faults, and run the command if there is one."""
    rules = _rules(script, lines)
    surroundings = Surroundings(Path.cwd())
    network = _network(surroundings, pass_through)
    timeout_s = _seconds(timeout)
    if command and shutil.which(command[0]) is None:
        raise ConfigurationError(f"COMMAND: {command[0]!r} is not installed here. Install it, or give its path.")
    with (
        network.client() as client,
        ScriptedServer(
            rules, client, upstream=pass_through, error_bodies=surroundings.error_bodies, port=port, each=say
        ) as server,
    ):
        status = _run(server, command, timeout_s) if command else _until_interrupted(server)
    for error in dict.fromkeys(server.errors):
        say(f"ERROR: {error}", err=True)
    sys.exit(status or bool(server.errors))


def _rules(script: Path | None, lines: Sequence[str]) -> tuple[FaultRule, ...]:
    found = rules_of(lines, lambda number: f"--fault {lines[number - 1]!r}")
    if script is None:
        return found
    try:
        text = read_text(script)
    except (OSError, UnicodeDecodeError) as exc:
        why = exc.strerror if isinstance(exc, OSError) else "it is not text in UTF-8"
        raise ConfigurationError(
            f"--script {script} cannot be read: {why}. Pass a file with lines of faults."
        ) from None
    return (*found, *rules_of(text.splitlines(), lambda number: f"{script}:{number}"))


def _network(surroundings: Surroundings, url: str | None) -> Network:
    """Return what may be called; raises `ConfigurationError`, and `NetworkError` for a host that may not be."""
    if url is None:
        return Network()
    if not url.startswith(("http://", "https://")) or not urlsplit(url).hostname:
        raise ConfigurationError(f"--pass-through {url} is not a URL. Pass one such as https://api.example.com/v1.")
    network = surroundings.network(url)
    network.check("GET", httpx.URL(url))
    return network


def _seconds(timeout: str) -> float:
    try:
        return duration_s(timeout)
    except ValueError as exc:
        raise ConfigurationError(f"--timeout: {exc}.") from None


def _run(server: ScriptedServer, command: Sequence[str], timeout_s: float) -> int:
    """Run a command against the server, and print how it ended; return 0 where it succeeded."""
    words = list(command)
    for placeholder in PLACEHOLDERS:
        words = [word.replace(placeholder, server.url) for word in words]
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "output"
        run = run_client(words, cwd=Path.cwd(), env={}, timeout_s=timeout_s, log=log)
    if run.tail:
        say(f"Its output ends with:\n{run.tail}")
    say(f"{len(server.attempts)} calls; {run.ended}.")
    if not server.attempts:
        say("It never called the server: put {fault_server} where it takes the provider's URL from.", err=True)
    return int(not (run.succeeded and server.attempts))


def _until_interrupted(server: ScriptedServer) -> int:
    with until_ended():
        say(f"Misbehaving on {server.url}. Press Ctrl-C to stop.")
        threading.Event().wait()
    say(f"\n{len(server.attempts)} calls.")
    return 0
