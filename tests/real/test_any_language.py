"""A Node client on undici, recorded in front of the sandbox' product and replayed without it."""

from __future__ import annotations

import json
import os
import re
import secrets
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import pytest
import vcr

if TYPE_CHECKING:
    from tests.real.conftest import Product

ROOT = Path(__file__).parents[2]
TIMEOUT_S = 60


class Serving:
    """A command of the harness that serves until Ctrl-C."""

    def __init__(self, stack: ExitStack, folder: Path, *words: str) -> None:
        command = [sys.executable, "-m", "harness.cli", *words]
        self._process = stack.enter_context(subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True))
        stack.callback(self._process.kill)
        assert self._process.stderr is not None
        self._stderr: IO[str] = self._process.stderr
        first = self._stderr.readline()
        found = re.search(r" on (http://127\.0\.0\.1:\d+)", first)
        assert found, first + self._stderr.read()
        self.url = found[1]

    def end(self) -> tuple[int, str]:
        """Press Ctrl-C; return the status and what was said."""
        self._process.send_signal(signal.SIGINT)
        said = self._stderr.read()
        return self._process.wait(TIMEOUT_S), said


def run_client(node_modules: Path, url: str, key: str) -> dict[str, Any]:
    command = ["node", "workflow-client.mjs", url]
    env = {**os.environ, "PRODUCT_API_KEY": key}
    done = subprocess.run(
        command, cwd=node_modules, env=env, capture_output=True, text=True, check=False, timeout=TIMEOUT_S
    )
    assert done.returncode == 0, done.stderr
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen


def test_a_node_client_is_recorded_and_replayed_without_the_provider(
    node_modules: Path, product: Callable[[str], Product], tmp_path: Path
) -> None:
    """It sees the same twice, the second time with another key, offline, every request held against the spec."""
    key, cassette = f"key_{secrets.token_hex(16)}", tmp_path / "node.yaml"
    with ExitStack() as stack:
        with product(key) as upstream:
            recording = Serving(stack, tmp_path, "record", "--upstream", upstream, "--cassette", str(cassette))
            live = run_client(node_modules, recording.url, key)
            status, said = recording.end()
        assert status == 0, said
        assert live["statuses"] == [201, 201, 200]
        assert live["seen"][-1] == "succeeded"
        assert live["runs"] == 1
        assert key not in cassette.read_text() + said

        spec = str(ROOT / "harness" / "sandbox" / "openapi.yaml")
        replay = Serving(stack, tmp_path, "replay", str(cassette), "--spec", spec)
        replayed = run_client(node_modules, replay.url, f"key_{secrets.token_hex(16)}")
        status, said = replay.end()

    assert replayed == live
    assert status == 0, said
    assert ", 0 unmatched, 0 against the spec, 0 of " in said
    with vcr.VCR(record_mode="none").use_cassette(str(cassette)) as stock:
        assert len(stock) >= len(live["seen"]) + 3


def test_a_node_client_that_asks_for_something_else_is_told(node_modules: Path, tmp_path: Path) -> None:
    """Its requests get a problem with the closest recordings, and the exit status tells that it happened."""
    (tmp_path / "c.yaml").write_text(
        'interactions:\n- request: {body: \'{"name":"Other"}\', headers: {content-type: [application/json]}, '
        "method: POST, uri: 'http://127.0.0.1/projects'}\n"
        "  response: {body: {string: '{}'}, headers: {}, status: {code: 201, message: Created}}\nversion: 1\n"
    )
    with ExitStack() as stack:
        replay = Serving(stack, tmp_path, "replay", "c.yaml")
        with pytest.raises(AssertionError, match="TypeError"):  # it expects what it does not get
            run_client(node_modules, replay.url, secrets.token_hex(16))
        status, said = replay.end()

    assert status == 1
    assert 'recorded "Other", seen "Nightly export"' in said
