"""GitHub's own example payloads, delivered by `harness deliver` to GitHub's own library for receivers."""

from __future__ import annotations

import json
import os
import secrets
import select
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

VARIABLE = "GITHUB_WEBHOOK_SECRET"
PAYLOADS = 329
TIMEOUT_S = 120


class Receiver(NamedTuple):
    """A running @octokit/webhooks receiver."""

    url: str
    secret: str

    def received(self) -> dict[str, int]:
        """Return how many verified events of each name the library handed to its handlers."""
        found: dict[str, int] = httpx.get(self.url.replace("/webhooks/github", "/received"), trust_env=False).json()
        return found


@pytest.fixture
def receiver(node_modules: Path) -> Iterator[Receiver]:
    secret = secrets.token_hex(20)
    process = subprocess.Popen(
        ["node", "github-receiver.mjs"],
        cwd=node_modules,
        env={**os.environ, VARIABLE: secret},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:  # on leaving, its stdin is closed, which ends it
        try:
            assert process.stdout is not None
            assert select.select([process.stdout], [], [], 30)[0], "the receiver did not start"
            yield Receiver(f"http://127.0.0.1:{int(process.stdout.readline())}/webhooks/github", secret)
        finally:
            process.kill()


@pytest.fixture
def examples(node_modules: Path, tmp_path: Path) -> Path:
    """Every payload of @octokit/webhooks-examples as a captured delivery: its event name stands in a header."""
    index = json.loads(
        (node_modules / "node_modules/@octokit/webhooks-examples/api.github.com/index.json").read_bytes()
    )
    for event in index:
        for number, payload in enumerate(event["examples"]):
            head = f"content-type: application/json\r\nx-github-event: {event['name']}\r\n\r\n"
            body = json.dumps(payload, ensure_ascii=False)
            (tmp_path / f"{event['name']}-{number:03}.http").write_bytes((head + body).encode())
    return tmp_path


def deliver(events: Path, to: str, secret: str, *, option: str = "") -> subprocess.CompletedProcess[str]:
    words = [option, str(events)] if option else [str(events)]
    command = [sys.executable, "-m", "harness.cli", "deliver", *words, "--to", to]
    command += ["--scheme", "github", "--secret", f"env:{VARIABLE}"]
    env = {**os.environ, VARIABLE: secret}
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=TIMEOUT_S, env=env)


def test_every_payload_is_acknowledged(receiver: Receiver, examples: Path) -> None:
    """All of GitHub's examples, signed with the shared secret, get 2xx and reach the library's handlers."""
    done = deliver(examples, receiver.url, receiver.secret)

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].startswith(f"{PAYLOADS} delivered, {PAYLOADS} acknowledged, 0 not")
    assert receiver.received() == Counter(p.name.rpartition("-")[0] for p in examples.iterdir())


def test_events_made_from_githubs_own_document_are_acknowledged(
    receiver: Receiver, node_modules: Path, tmp_path: Path
) -> None:
    """The simplest events that GitHub's OpenAPI document admits, some of its 261 webhooks, get 2xx."""
    source = node_modules / "node_modules/@octokit/openapi-webhooks/generated/api.github.com.json"
    document = json.loads(source.read_bytes())
    document["webhooks"] = dict(list(document["webhooks"].items())[::60])
    (tmp_path / "openapi.json").write_text(json.dumps(document))

    done = deliver(tmp_path / "openapi.json", receiver.url, receiver.secret, option="--spec")

    assert done.returncode == 0, done.stdout + done.stderr
    assert set(receiver.received()) == set(document["webhooks"])


def test_nothing_signed_with_another_secret_is_acknowledged(receiver: Receiver, examples: Path) -> None:
    """With a wrong secret every delivery is refused, nothing reaches a handler, and the command exits 1."""
    done = deliver(examples, receiver.url, secrets.token_hex(20))

    assert done.returncode == 1
    assert done.stdout.splitlines()[-1].startswith(f"{PAYLOADS} delivered, 0 acknowledged, {PAYLOADS} not")
    assert receiver.received() == {}
    assert receiver.secret not in done.stdout + done.stderr
