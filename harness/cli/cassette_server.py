"""What `harness replay`, `harness record` and `harness convert` do: recordings for clients in any language."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from harness import __version__
from harness.cassettes.formats.conversion import read_any, write_bytes
from harness.cassettes.formats.har import har_text
from harness.cassettes.formats.interchange import redacted, write_cassette
from harness.cassettes.play.playback import Counts, Playback, load
from harness.cassettes.play.replay_server import Check, ReplayServer, serve
from harness.cassettes.record.proxy import RecordingProxy
from harness.cassettes.record.proxy import record as run_proxy
from harness.cassettes.record.recorder import Recorder
from harness.context.run_context import RunContext
from harness.context.target import CONFIG_NAME
from harness.errors import ConfigurationError
from harness.http.client import Network
from harness.http.message import Request
from harness.model.config import Cassettes
from harness.openapi.request_validation import request_violations
from harness.openapi.spec_document import Spec, load_spec
from harness.process.run import Run
from harness.secrets.redaction.redactor import Redactor

Echo = Callable[[str], None]
MAX_SHOWN = 20
MAX_SAID = 1000
"""Different lines of a log; the counts at the end know of all."""


class Surroundings:
    """What the working folder knows: the target's secrets, hosts and spec, where there is a harness.toml."""

    def __init__(self, directory: Path) -> None:
        """Raises `ConfigurationError` for a harness.toml that is wrong."""
        self.directory = directory
        self._context: RunContext | None = None
        if (directory / CONFIG_NAME).is_file():
            run = Run(run_id="", seed="", directory="")
            self._context = RunContext.load(directory, run=run, overlay=None, reports=directory)
            self._context.secrets.resolve_stored()

    @property
    def redactor(self) -> Redactor:
        """A redactor that knows the target's secrets, as far as they are set here."""
        return Redactor(self._context.vault.redact) if self._context else Redactor()

    @property
    def match_on(self) -> Sequence[str]:
        """What a call and its recording must have in common: ``[cassettes] match_on``, or its default."""
        return (self._context.config.cassettes if self._context else Cassettes()).match_on

    def network(self, upstream: str) -> Network:
        """Where may be sent: the hosts of harness.toml, or the one that was asked for where there is no such file."""
        return self._context.network if self._context else Network([upstream])

    def spec(self, reference: str | None) -> Spec | None:
        """Return the OpenAPI document asked for, else the one of harness.toml, else None; raises `SpecError`."""
        provider = self._context.config.provider if self._context else None
        if reference is None:
            return self._context.spec if self._context and provider else None
        base_url = provider.base_url if provider else ""
        with Network([reference]).client() as client:
            return load_spec(
                reference,
                root=self.directory,
                base_url=base_url,
                fetch=lambda url: client.get(url).raise_for_status().content,
            )


def replay(
    cassettes: Sequence[Path],
    *,
    directory: Path,
    port: int,
    latency_s: float | None,
    nearest: bool,
    spec: str | None,
    echo: Echo,
) -> int:
    """Serve cassettes until Ctrl-C or SIGTERM; return the exit status: 0 unless something went wrong for a client.

    Raises `CassetteError`, `ConfigurationError` and `SpecError`.
    """
    surroundings = Surroundings(directory)
    redactor = surroundings.redactor
    recordings = load(_files(cassettes))
    playback = Playback(recordings, redactor=redactor, nearest=nearest, match_on=surroundings.match_on)
    document = surroundings.spec(spec)
    server = ReplayServer(
        playback,
        log=_once(echo, redactor),
        check=_check(document) if document else None,
        latency_s=latency_s,
    )
    checked = f", requests held against {document.source}" if document else ""
    counts = serve(
        server,
        port=port,
        started=lambda url: echo(
            f"Serving {len(playback.recordings)} recordings of {playback.place} on {url}{checked}. Ctrl-C ends it."
        ),
    )
    echo(_summary(counts, playback))
    return 1 if counts.unmatched or counts.violations or counts.failed else 0


def record(
    upstream: str,
    cassette: Path,
    *,
    directory: Path,
    port: int,
    append: bool,
    rewrite: bool,
    timeout_s: float,
    echo: Echo,
) -> int:
    """Pass on to ``upstream`` and record until Ctrl-C or SIGTERM; return the exit status: 0 when all was recorded.

    Raises `CassetteError`, `ConfigurationError`, and `NetworkError` for a host that harness.toml does not name.
    """
    if not upstream.startswith(("http://", "https://")) or not urlsplit(upstream).hostname:
        raise ConfigurationError(f"--upstream {upstream}: that is no URL such as https://api.example.com/v1.")
    if cassette.exists() and not (append or rewrite):
        raise ConfigurationError(
            f"--cassette {cassette} exists. Add to it with --append, or begin anew with --rewrite."
        )
    surroundings = Surroundings(directory)
    network = surroundings.network(upstream)
    network.check("GET", httpx.URL(upstream))
    redactor = surroundings.redactor
    recorder = Recorder(cassette, redactor=redactor, append=append)

    def log(text: str) -> None:
        echo(redactor.text(text))

    with network.client(timeout_s=timeout_s) as client:
        proxy = RecordingProxy(upstream, client, recorder, port=port, log=log)
        run_proxy(proxy, started=lambda url: log(f"Recording {upstream} into {cassette} on {url}. Ctrl-C ends it."))
    lost = f", {len(recorder.refused)} not recorded" if recorder.refused else ""
    failed = f", {proxy.failed} failed" if proxy.failed else ""
    echo(f"{recorder.recorded} recorded into {cassette}{lost}{failed}")
    return 1 if recorder.refused or proxy.failed else 0


def convert(source: Path, into: Path, *, directory: Path, rewrite: bool, echo: Echo) -> int:
    """Write what ``source`` holds into ``into``, redacted: an HTTP archive where it ends in .har, else a cassette.

    Returns the exit status: 0 when nothing was left out. Raises `CassetteError` and `ConfigurationError`.
    """
    if into.exists() and not rewrite:
        raise ConfigurationError(f"{into} exists. Name another file, or replace it with --rewrite.")
    found = read_any(source)
    exchanges = redacted(found.exchanges, Surroundings(directory).redactor)
    if into.suffix.lower() == ".har":
        write_bytes(into, har_text(exchanges, version=__version__))
    else:
        write_cassette(into, exchanges, metadata=found.metadata or {"converted_from": source.name})
    echo("\n".join([f"{len(exchanges)} exchanges written to {into}", *(f"  left out: {w}" for w in found.left_out)]))
    return 1 if found.left_out else 0


def _once(echo: Echo, redactor: Redactor) -> Echo:
    """Return a log that says each thing once: a client in a loop would fill the terminal, or block on a full pipe."""
    said: set[str] = set()

    def log(text: str) -> None:
        if text not in said and len(said) < MAX_SAID:
            said.add(text)
            echo(redactor.text(text))

    return log


def _files(cassettes: Sequence[Path]) -> list[Path]:
    """Return the cassettes, those in a folder in the order of their names."""
    found: list[Path] = []
    for path in cassettes:
        inside = sorted([*path.rglob("*.yaml"), *path.rglob("*.yml")]) if path.is_dir() else [path]
        if not inside:
            raise ConfigurationError(f"{path}: no cassette lies in it. Name a folder that holds .yaml files.")
        found += inside
    return found


def _check(spec: Spec) -> Check:
    def check(request: Request) -> list[str]:
        return request_violations(spec, request.method, request.target, request.headers, request.body)

    return check


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
