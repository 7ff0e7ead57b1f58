"""`harness record`: a recording reverse proxy."""

from __future__ import annotations

import sys
from pathlib import Path
from urllib.parse import urlsplit

import click
import httpx

from harness.cassettes.record.proxy import RecordingProxy
from harness.cassettes.record.proxy import record as run_proxy
from harness.cassettes.record.recorder import Recorder
from harness.cli.say import say
from harness.cli.surroundings import Surroundings
from harness.errors import ConfigurationError


@click.command()
@click.option("--upstream", required=True, metavar="URL", help="Base URL of the provider.")
@click.option("--cassette", required=True, type=click.Path(dir_okay=False, path_type=Path), help="Cassette to write.")
@click.option("--port", default=0, type=click.IntRange(0, 65535), help="Port on 127.0.0.1; any free one by default.")
@click.option("--append", is_flag=True, help="Add to an existing cassette.")
@click.option("--rewrite", is_flag=True, help="Replace an existing cassette.")
@click.option("--timeout", default=15.0, show_default=True, help="Seconds to wait for the provider.")
def record(upstream: str, cassette: Path, port: int, timeout: float, *, append: bool, rewrite: bool) -> None:
    """Record a client's requests to a provider through a local proxy.

    Runs until Ctrl-C. The client may be in any language; recordings are redacted.
    """
    if not upstream.startswith(("http://", "https://")) or not urlsplit(upstream).hostname:
        raise ConfigurationError(f"--upstream {upstream} is not a URL. Pass one such as https://api.example.com/v1.")
    if cassette.exists() and not (append or rewrite):
        raise ConfigurationError(
            f"--cassette {cassette} exists. Add to it with --append, or replace it with --rewrite."
        )
    surroundings = Surroundings(Path.cwd())
    network = surroundings.network(upstream)
    network.check("GET", httpx.URL(upstream))
    redactor = surroundings.redactor
    recorder = Recorder(cassette, redactor=redactor, append=append)

    def log(text: str) -> None:
        say(redactor.text(text), err=True)

    with network.client(timeout_s=timeout, bounded=False) as client:
        proxy = RecordingProxy(upstream, client, recorder, port=port, log=log)
        run_proxy(
            proxy, started=lambda url: log(f"Recording {upstream} into {cassette} on {url}. Press Ctrl-C to stop.")
        )
    lost = f", {len(recorder.refused)} not recorded" if recorder.refused else ""
    failed = f", {proxy.failed} failed" if proxy.failed else ""
    say(f"{recorder.recorded} recorded into {cassette}{lost}{failed}", err=True)
    sys.exit(bool(recorder.refused or proxy.failed))
