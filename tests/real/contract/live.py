"""Real API servers, fuzzed live, with every finding confirmed by its own curl line.

``python tests/real/contract/live.py`` prints the findings as docs/real-findings.md holds them.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx

from harness.model import Finding, Outcome
from harness.process.managed import ManagedProcess
from harness.process.ready import UrlAnswers
from harness.reports.json import read
from tests.ports import free_port

ENV = Path(__file__).parents[1] / "envs" / ".venv-servers"
SEED = 1


class Server(NamedTuple):
    """One server: how it is started, described and left unharmed."""

    package: str
    command: str
    ready: str
    spec: str
    """URL, or a glob below the environment's packages."""
    fuzz: str
    """The section of harness.toml that keeps fuzzing from ending it."""


SERVERS = {
    "chromadb": Server(
        package="chromadb",
        command="{bin}/chroma run --path {folder}/data --host 127.0.0.1 --port {port}",
        ready="/api/v2/heartbeat",
        spec="/openapi.json",
        fuzz="",
    ),
    "jupyter_server": Server(
        package="jupyter_server",
        command="{bin}/python -m jupyter_server --port={port} --port-retries=0 --ip=127.0.0.1 --no-browser --allow-root"
        " --ServerApp.root_dir={folder}/root --IdentityProvider.token={token}",
        ready="/api",
        spec="jupyter_server/services/api/api.yaml",
        # Terminals are shells, which outlive nothing but are none of this test's business.
        fuzz='[fuzz]\nexclude = ["/api/terminals*"]\n',
    ),
}
SUPPORTED = tuple(SERVERS)


class Outcomes(NamedTuple):
    """What came of one server."""

    version: str
    seconds: float
    operations: int
    requests: int
    findings: list[Finding]
    confirmed: dict[str, bool]
    """By the finding's id: whether its curl line got the same status again."""


def run(name: str, folder: Path) -> Outcomes:
    """Fuzz one server with the quick budget and confirm what was found."""
    server, token = SERVERS[name], os.urandom(16).hex()
    (folder / "root").mkdir(parents=True)
    with running(server, folder, token) as url:
        write_target(server, folder, url)
        env = {**os.environ, "SERVER_TOKEN": f"token {token}", "HARNESS_EXAMPLES": str(folder / "examples")}
        command = [sys.executable, "-m", "harness.cli", "fuzz", "--seed", str(SEED), "--assert=plain"]
        start = time.monotonic()
        done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=1200)
        seconds = time.monotonic() - start
        report = folder / "reports" / "readiness.json"
        assert report.is_file(), done.stdout[-3000:] + done.stderr[-3000:]
        [item] = [i for i in read(report.read_bytes()).items if i.id == "contract.fuzz"]
        found = [f for f in item.findings if f.outcome in (Outcome.FAIL, Outcome.ERROR)]
        confirmed = {f.id: confirms(f, f"token {token}") for f in found if f.outcome is Outcome.FAIL}
    told = " ".join(f.summary for f in item.findings)
    return Outcomes(
        version=version(server.package),
        seconds=seconds,
        operations=len({each for f in item.findings for each in f.operations or (f.case,)} - {"links"}),
        requests=sum(int(n) for n in re.findall(r"(\d+) (?:generated requests|requests in chains)", told)),
        findings=found,
        confirmed=confirmed,
    )


def write_target(server: Server, folder: Path, url: str) -> None:
    """Describe the server for the harness."""
    spec = url + server.spec
    if not server.spec.startswith("/"):
        [spec] = [str(path) for path in ENV.glob(f"lib/python3*/site-packages/{server.spec}")]
    auth = 'auth = { type = "api-key", header = "Authorization", key = "env:SERVER_TOKEN" }\n' if server.fuzz else ""
    text = f'[target]\nname = "{server.package}"\n[provider]\nspec = "{spec}"\nbase_url = "{url}"\n'
    text += f'ours = true\nprobes = "write"\ndestructive = true\n{auth}{server.fuzz}'
    (folder / "harness.toml").write_text(text, encoding="utf-8")


@contextmanager
def running(server: Server, folder: Path, token: str) -> Iterator[str]:
    """Run the server; give its URL."""
    port = free_port()
    words = server.command.format(bin=ENV / "bin", folder=folder, port=port, token=token).split()
    url = f"http://127.0.0.1:{port}"
    process = ManagedProcess(
        server.package,
        command=tuple(words),
        ready=UrlAnswers(url + server.ready, answers),
        ready_within_s=60,
        cwd=folder,
        env={"HOME": str(folder)},
        log=folder / "server.log",
    )
    process.start()
    try:
        yield url
    finally:
        process.stop()


def answers(url: str) -> bool:
    """Whether the server answers well."""
    try:
        return httpx.get(url, trust_env=False, timeout=2).is_success
    except httpx.TransportError:
        return False


def confirms(finding: Finding, credential: str) -> bool:
    """Run the curl line of a finding, after those of the steps before it, and compare the status."""
    lines = re.findall(r"^(?:before|request): ((?:printf|curl) .*)$", finding.observed, re.MULTILINE)
    if not lines:
        return False
    for line in lines:
        done = subprocess.run(
            ["bash", "-c", f'curl() {{ command curl --silent --max-time 10 "$@"; }}; {line}'],
            env={**os.environ, "CREDENTIAL": credential},
            capture_output=True,
            check=False,
        )
    got = re.search(rb"^HTTP/\S+ (\d+)", done.stdout)
    expected = re.match(r"HTTP (\d+)", finding.observed)
    if got is None or expected is None:
        return got is None and expected is None
    return int(got[1]) == int(expected[1])


def version(package: str) -> str:
    """Return the version of a package of the environment."""
    code = f"import importlib.metadata as m; print(m.version({package!r}))"
    done = subprocess.run([str(ENV / "bin" / "python"), "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def table(name: str, outcomes: Outcomes) -> Iterator[str]:
    """Yield the findings as Markdown."""
    fails = [f for f in outcomes.findings if f.outcome is Outcome.FAIL]
    yield f"## {name} {outcomes.version}\n"
    yield (
        f"{outcomes.operations} operations in {outcomes.seconds:.0f} s: {len(fails)} distinct causes, "
        f"{sum(outcomes.confirmed.values())} of them confirmed by their own curl line.\n"
    )
    yield "| finding | operation | what | answer | confirmed |\n|---|---|---|---|---|"
    for finding in sorted(fails, key=lambda f: (f.case, f.summary)):
        what = finding.summary.removeprefix(f"{finding.case}: ").partition(" (F-")[0].partition(", at ")[0]
        more = f" and {len(finding.operations) - 1} more" if finding.operations else ""
        answer = (re.match(r"HTTP (\d+)|none", finding.observed) or [""])[0]
        said = "yes" if outcomes.confirmed[finding.id] else "no"
        yield f"| {finding.id} | `{finding.case}`{more} | {what} | {answer} | {said} |"
    for finding in (f for f in outcomes.findings if f.outcome is Outcome.ERROR):
        yield f"\nNot tested: {finding.summary}: {' '.join(finding.observed.split())[:200]}"
    yield ""


if __name__ == "__main__":
    for each in sys.argv[1:] or SUPPORTED:
        with tempfile.TemporaryDirectory() as scratch:
            sys.stdout.write("\n".join(table(each, run(each, Path(scratch)))))
