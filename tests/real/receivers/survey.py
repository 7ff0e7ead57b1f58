"""Runs every receiver case against real receivers, each as its vendor's README shows it, and prints what they did.

``survey.py`` prints the Markdown table of docs/receivers.md; ``survey.py NAME --json`` what one receiver did, as JSON.
"""

from __future__ import annotations

import collections
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from harness.model import Event, Finding, Level, Outcome
from harness.network import Network
from harness.processes import ManagedProcess
from harness.run import Run
from harness.webhooks.cases import CASES
from harness.webhooks.conformance import ReceiverUnderTest
from harness.webhooks.delivery import Sender
from harness.webhooks.effects import EffectProbe
from harness.webhooks.events import EventFormat
from harness.webhooks.schemes import scheme_named
from harness.webhooks.wire import Wire

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
def running(real: Real) -> Iterator[tuple[ManagedProcess, ReceiverUnderTest]]:
    """Start a receiver, with a secret that it alone knows."""
    scheme = scheme_named(real.scheme)
    secret = scheme.new_secret()
    run = Run.begin()
    port = run.port("receiver")
    url = f"http://127.0.0.1:{port}/hook"
    effects = run.path / "effects"
    effects.touch()
    network = Network([url])
    python = real.script.endswith(".py")
    folder = REAL / ("receivers" if python else "node/receivers")
    with network.client() as client:
        process = ManagedProcess(
            real.name,
            command=(PYTHON if python else "node", real.script),
            ready=f"http://127.0.0.1:{port}/",
            ready_within_s=30,
            cwd=folder,
            env={"PORT": str(port), "SECRET": secret, "EFFECTS": str(effects)},
            log=run.path / "log",
            is_ready=lambda _: _listens(url),
        )
        numbers = itertools.count(1)
        under_test = ReceiverUnderTest(
            Sender(client, url, scheme=scheme, secret=lambda: secret),
            wire=Wire(url, check=network.check, timeout_s=TIMEOUT_S),
            format=EventFormat(scheme=scheme),
            probe=EffectProbe(lambda i: {"": effects.read_text().splitlines().count(i)}, count="effects"),
            new_id=lambda: f"evt_{next(numbers)}",
        )
        process.start()
        try:
            yield process, under_test
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
    """Return what a receiver did in every case; one that ended is started again for the next."""
    event, findings = event_of(real), []
    with running(real) as (process, receiver):
        for case in CASES:
            finding = receiver.judge(case, event, reproduce="")
            findings.append(finding)
            if finding.outcome is not Outcome.PASS:
                _again_if_ended(process)
    return findings


def _again_if_ended(process: ManagedProcess) -> None:
    deadline = time.monotonic() + GONE_S
    while not process.death() and time.monotonic() < deadline:
        time.sleep(0.05)
    if process.death():
        process.kill()
        process.start()
