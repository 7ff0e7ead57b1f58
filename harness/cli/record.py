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
from harness.cli.surroundings import Surroundings
from harness.errors import ConfigurationError


@click.command()
@click.option("--upstream", required=True, metavar="URL", help="The provider's base URL, which everything goes on to.")
@click.option("--cassette", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The file to write.")
@click.option("--port", default=0, type=click.IntRange(0, 65535), help="Port on 127.0.0.1; a free one unless given.")
@click.option("--append", is_flag=True, help="Add to a cassette that exists.")
@click.option("--rewrite", is_flag=True, help="Replace a cassette that exists.")
@click.option("--timeout", default=15.0, show_default=True, help="Seconds to wait for the provider.")
def record(upstream: str, cassette: Path, port: int, timeout: float, *, append: bool, rewrite: bool) -> None:
    """Pass on what a client in any language sends to a provider, and record it, redacted, until Ctrl-C.

    Exits 1 when something could not be passed on or recorded.
    """
    if not upstream.startswith(("http://", "https://")) or not urlsplit(upstream).hostname:
        raise ConfigurationError(f"--upstream {upstream}: that is no URL such as https://api.example.com/v1.")
    if cassette.exists() and not (append or rewrite):
        raise ConfigurationError(
            f"--cassette {cassette} exists. Add to it with --append, or begin anew with --rewrite."
        )
    surroundings = Surroundings(Path.cwd())
    network = surroundings.network(upstream)
    network.check("GET", httpx.URL(upstream))
    redactor = surroundings.redactor
    recorder = Recorder(cassette, redactor=redactor, append=append)

    def log(text: str) -> None:
        click.echo(redactor.text(text), err=True)

    with network.client(timeout_s=timeout) as client:
        proxy = RecordingProxy(upstream, client, recorder, port=port, log=log)
        run_proxy(proxy, started=lambda url: log(f"Recording {upstream} into {cassette} on {url}. Ctrl-C ends it."))
    lost = f", {len(recorder.refused)} not recorded" if recorder.refused else ""
    failed = f", {proxy.failed} failed" if proxy.failed else ""
    click.echo(f"{recorder.recorded} recorded into {cassette}{lost}{failed}", err=True)
    sys.exit(bool(recorder.refused or proxy.failed))
