"""Runs every receiver case against real receivers, each as its vendor's README shows it, and prints what they did.

``survey.py > docs/receivers.md`` writes the table; ``survey.py NAME`` writes the part of it about one receiver.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from harness.http.client import Network
from harness.http.wire import Wire
from harness.model import Event, Finding, Outcome
from harness.process.managed import ManagedProcess
from harness.process.ready import UrlAnswers
from harness.process.run import Run
from harness.webhooks.case_runner import ReceiverUnderTest
from harness.webhooks.case_trial import judge
from harness.webhooks.cases import CASES, case_named
from harness.webhooks.effects import EffectProbe
from harness.webhooks.events import EventFormat
from harness.webhooks.receiver_causes import ENDED, IGNORED, SILENT
from harness.webhooks.schemes import scheme_named

REAL = Path(__file__).parents[1]
PYTHON = str(REAL / "envs" / ".venv-vendors" / "bin" / "python")
TIMEOUT_S = 5.0
GONE_S = 0.5
"""A process that ends because of a case has ended within this time."""


class Real(NamedTuple):
    """One receiver."""

    name: str
    scheme: str
    script: str
    package: str
    """As its registry names it."""


RECEIVERS = (
    Real("standardwebhooks, Python", "standard-webhooks", "standardwebhooks_fastapi.py", "standardwebhooks"),
    Real("standardwebhooks, Node", "standard-webhooks", "standardwebhooks-express.mjs", "standardwebhooks"),
    Real("svix, Python", "svix", "svix_fastapi.py", "svix"),
    Real("svix, Node", "svix", "svix-express.mjs", "svix"),
    Real("stripe, Python", "stripe", "stripe_flask.py", "stripe"),
    Real("stripe, Node", "stripe", "stripe-express.mjs", "stripe"),
    Real("@octokit/webhooks, Node", "github", "octokit-webhooks.mjs", "@octokit/webhooks"),
    Real("slack_bolt, Python", "slack", "slack_bolt_server.py", "slack_bolt"),
    Real("@slack/bolt, Node", "slack", "slack-bolt.mjs", "@slack/bolt"),
)

_SLACK = {
    "token": "unused",
    "team_id": "T1",
    "api_app_id": "A1",
    "type": "event_callback",
    "event_id": "evt_0",
    "event_time": 1,
    "event": {"type": "app_mention", "user": "U2", "text": "hello", "ts": "1.0", "channel": "C1", "event_ts": "1.0"},
}
_BODIES: Mapping[str, Mapping[str, Any]] = {
    "slack": _SLACK,
    "github": {"action": "opened", "issue": {"number": 1, "title": "x"}, "sender": {"login": "octocat"}},
}
_PLAIN = {"id": "evt_0", "object": "event", "type": "invoice.paid", "data": {"object": {"id": "in_1", "amount": 100}}}


def event_of(real: Real) -> Event:
    """Return an event as the provider sends it."""
    scheme = scheme_named(real.scheme)
    body = json.dumps(_BODIES.get(real.scheme, _PLAIN), separators=(",", ":")).encode()
    headers = [("content-type", "application/json")]
    headers += [(scheme.id_header, "evt_0")] if scheme.id_header else []
    headers += [(scheme.type_header, "issues")] if scheme.type_header else []
    return Event(name=real.scheme, type="issues", id="evt_0", body=body, headers=tuple(headers))


@contextmanager
def running(real: Real) -> Iterator[ReceiverUnderTest]:
    """Start a receiver, with a secret that it alone knows."""
    scheme = scheme_named(real.scheme)
    secret = scheme.new_secret()
    run = Run.begin()
    port = run.port("receiver")
    url = f"http://127.0.0.1:{port}/hook"
    effects = run.path / "effects"
    effects.touch()
    python = real.script.endswith(".py")
    folder = REAL / ("receivers" if python else "node/receivers")
    wire = Wire(url, check=Network([url]).check, timeout_s=TIMEOUT_S)
    process = ManagedProcess(
        real.name,
        command=(PYTHON if python else "node", real.script),
        ready=UrlAnswers(f"http://127.0.0.1:{port}/", lambda _: _listens(url)),
        ready_within_s=30,
        cwd=folder,
        env={"PORT": str(port), "SECRET": secret, "EFFECTS": str(effects)},
        log=run.path / "log",
    )
    under_test = ReceiverUnderTest(
        wire,
        format=EventFormat(scheme=scheme),
        secret=lambda: secret,
        probe=EffectProbe(lambda i: {"": effects.read_text().splitlines().count(i)}, count="effects"),
        processes=Restarted(process),  # type: ignore[arg-type]  # as much as is asked
    )
    process.start()
    try:
        yield under_test
    finally:
        process.stop()


def _listens(url: str) -> bool:
    import socket
    from urllib.parse import urlsplit

    try:
        socket.create_connection(("127.0.0.1", urlsplit(url).port or 0), timeout=1).close()
    except OSError:
        return False
    return True


def survey(real: Real) -> list[Finding]:
    """Return what a receiver did in every case; where one ended it, it is started again for the next."""
    event = event_of(real)
    with running(real) as receiver:
        return [finding for case in CASES for finding in judge(receiver, case, event, reproduce="")]


class Restarted:
    """A receiver's process, started again whenever it has ended by itself."""

    def __init__(self, process: ManagedProcess) -> None:
        self._process = process
        self.deaths = 0

    def revived(self) -> int:
        """Return how often it has ended, once it runs again."""
        deadline = time.monotonic() + GONE_S
        while not self._process.death() and time.monotonic() < deadline:
            time.sleep(0.05)
        if self._process.death():
            self.deaths += 1
            self._process.kill()
            self._process.start()
        return self.deaths


WORDS = {
    "HTTP 5": "answers 5xx",
    "HTTP 2": "accepts",
    "HTTP 4": "refuses",
    "HTTP 3": "redirects",
    "no answer": "breaks off the connection",
}
CAUSES = {
    ENDED.id: "**ends its process**",
    SILENT.id: "stops responding",
    IGNORED.id: "acknowledges it, and ignores it",
}


def versions() -> dict[str, str]:
    """Return the version of each package, by the script that uses it."""
    npm = json.loads((REAL / "node" / "package.json").read_text())["dependencies"]
    lock = (REAL / "envs" / "vendors.lock").read_text()
    pinned = dict(line.split(" ")[0].split("==") for line in lock.splitlines() if "==" in line.split(" ")[0])
    return {r.script: npm[r.package] if r.script.endswith("mjs") else _pinned(pinned, r.package) for r in RECEIVERS}


def _pinned(pinned: Mapping[str, str], package: str) -> str:
    return pinned.get(package) or pinned[package.replace("_", "-")]


def part(real: Real, findings: list[Finding]) -> Iterator[str]:
    """Yield the lines of the table about one receiver."""
    judged = {f.case for f in findings if f.outcome in (Outcome.PASS, Outcome.FAIL)}
    failed = {f.case for f in findings if f.outcome is Outcome.FAIL}
    yield f"## {real.name}"
    yield ""
    where = f"tests/real/{'receivers' if real.script.endswith('py') else 'node/receivers'}/{real.script}"
    yield f"{real.package} {versions()[real.script]}, scheme `{real.scheme}`, as in [{real.script}](../{where}):"
    yield f"{len(failed)} of {len(judged)} cases fail."
    yield ""
    bad = [f for f in findings if f.outcome not in (Outcome.PASS, Outcome.NOT_APPLICABLE)]
    if bad:
        yield "| case | level | delivery | the receiver |"
        yield "|---|---|---|---|"
    for finding in bad:
        case = case_named(finding.case)
        yield f"| `{finding.case}` | {finding.level} | {_cell(case.summary if case else '')} | {_did(finding)} |"
    yield ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\\u", "\\\\u")


def _did(finding: Finding) -> str:
    """Return what a receiver did, in words that are the same in every run."""
    if finding.check in CAUSES:
        return CAUSES[finding.check]
    if ", and the response contains" in finding.observed:
        return "reveals the right signature"
    did = next((words for start, words in WORDS.items() if finding.observed.startswith(start)), finding.observed)
    return did if did != "refuses" else f"refuses, with {finding.observed[:8]}"


def document(parts: Mapping[str, str]) -> str:
    """Return the whole of docs/receivers.md."""
    return INTRODUCTION + "\n".join(parts.values())


INTRODUCTION = """# What real receivers do

Every receiver case, run against receivers of a few lines each, written as their vendors show. `make receivers`
generates this page, and a test compares it with what the receivers do. Each case names its source in
`harness/webhooks/cases/`. A vendor's library alone is not a receiver, so most rows are about the code around it: an
exception that nobody catches becomes a 5xx, and the sender delivers the event again and again.

"""


def main() -> None:
    """Print the page, or the part of it about the receivers that are named."""
    chosen = [r for r in RECEIVERS if r.script in sys.argv[1:]] or list(RECEIVERS)
    parts = {}
    for real in chosen:
        parts[real.script] = "\n".join(part(real, survey(real)))
    sys.stdout.write(document(parts) if len(chosen) == len(RECEIVERS) else "\n".join(parts.values()))


if __name__ == "__main__":
    main()
