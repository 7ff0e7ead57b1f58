"""`harness capture` as a process: what it prints, how it ends, and which values it knows."""

from __future__ import annotations

import gzip
import hashlib
import hmac
import json
import re
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.unit.webhooks.test_capture_server import BODY, post


class Command:
    """`harness capture` as a process."""

    def __init__(self, folder: Path, *words: str, **env: str) -> None:
        command = [sys.executable, "-m", "harness.cli", "capture", "--into", str(folder), *words]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env, cwd=folder.parent
        )
        assert self.process.stdout is not None
        found = re.search(r"http://127\.0\.0\.1:\d+/", self.process.stdout.readline())
        assert found
        self.url = found[0]

    def ended(self, by: int | None = None) -> tuple[str, str, int]:
        """Return its further output, errors and exit status, after a signal if one is named."""
        if by is not None:
            self.process.send_signal(by)
        output, errors = self.process.communicate(timeout=20)
        return output, errors, self.process.returncode


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_cleanly_with_a_summary(tmp_path: Path, number: int) -> None:
    """Ctrl-C and SIGTERM alike: how many were captured where, exit status 0, no traceback, nothing half-written."""
    command = Command(tmp_path / "into")
    post(command.url)

    output, errors, status = command.ended(by=number)

    assert output.splitlines()[0] == f"0001-run.succeeded.http: {len(BODY)} bytes"
    assert output.splitlines()[-1] == f"1 captured into {tmp_path / 'into'}"
    assert (errors, status) == ("", 0)
    assert [p.suffix for p in (tmp_path / "into").iterdir()] == [".http"]


def test_secrets_are_taken_out_and_the_genuine_are_told(tmp_path: Path) -> None:
    """Known values and fields with the name of a secret are replaced, each signature is judged, and --limit ends it."""
    secret, password = secrets.token_hex(20), secrets.token_hex(12)
    words = ("--scheme", "hmac", "--secret", "env:S", "--limit", "3")
    command = Command(tmp_path / "into", *words, S=secret)
    body = json.dumps({"id": "evt_1", "type": "x", "echo": secret, "password": password, "amount": 1.0}).encode()
    stamp = str(int(time.time()))
    right = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    post(command.url, body, content_type="application/json", x_product_signature=f"t={stamp},v1={right}")
    post(command.url, body, content_type="application/json", x_product_signature=f"t={stamp},v1=00")
    post(command.url, gzip.compress(body), content_type="application/json", content_encoding="gzip", x_api_key=password)

    output, errors, status = command.ended()

    assert [line.partition(", ")[2] for line in output.splitlines()[:2]] == [
        "genuine",
        "not genuine: x-product-signature does not match the received bytes",
    ]
    assert output.splitlines()[-1].startswith("3 captured into")
    assert (errors, status) == ("", 0)
    for path in (tmp_path / "into").iterdir():
        stored = path.read_bytes()
        content = gzip.decompress(stored.partition(b"\r\n\r\n")[2]) if b"content-encoding: gzip" in stored else stored
        assert b'"amount": 1.0' in content
        assert secret.encode() not in stored + content
        assert password.encode() not in stored + content


def test_what_harness_toml_refers_to_is_taken_out(tmp_path: Path) -> None:
    """No fixture contains a value that harness.toml refers to, whatever the name of its field."""
    secret = secrets.token_hex(20)
    (tmp_path / "harness.toml").write_text(
        '[target]\nname = "T"\n[receiver]\nurl = "http://127.0.0.1:1/"\n'
        'signature = { scheme = "hmac", secret = "env:A_SECRET" }\n'
    )
    command = Command(tmp_path / "into", "--limit", "1", A_SECRET=secret)
    post(command.url, json.dumps({"id": "e", "type": "x", "note": f"it is {secret}"}).encode(), x_note=secret)

    output, errors, status = command.ended()

    (stored,) = (p.read_bytes() for p in (tmp_path / "into").iterdir())
    assert b"it is [REDACTED env:A_SECRET]" in stored
    assert secret.encode() not in stored + output.encode()
    assert (errors, status) == ("", 0)
