"""Servers of others that benchmarks run: kinto and localstripe, installed from tests/real/envs/strangers.lock."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

from harness.process.managed import start_group, stop_group
from harness.process.run import Run

REAL = Path(__file__).parents[1] / "tests" / "real"
PROGRAMS = REAL / "envs" / ".venv-strangers" / "bin"
INSTALL = "tests/real/install installs it"
READY_S = 40.0


@contextmanager
def localstripe(folder: Path) -> Iterator[str]:
    """Run localstripe, which answers as Stripe does, for the length of the block; yields its URL."""
    port = Run.begin().port("localstripe")
    command = (PROGRAMS / "python", "-m", "localstripe", "--from-scratch", "--port", port)
    with _running(command, folder, f"http://127.0.0.1:{port}") as url:
        yield url


@contextmanager
def kinto(folder: Path) -> Iterator[str]:
    """Run Kinto, which describes its own API, for the length of the block; yields its URL."""
    port = Run.begin().port("kinto")
    command = (PROGRAMS / "kinto", "start", "--ini", REAL / "strangers" / "notes" / "kinto.ini", "--port", port)
    with _running(command, folder, f"http://127.0.0.1:{port}/v1") as url:
        yield url


@contextmanager
def _running(command: Sequence[object], folder: Path, url: str) -> Iterator[str]:
    with (folder / "provider.log").open("ab") as output:
        process = start_group(tuple(map(str, command)), cwd=folder, env={}, output=output)
    try:
        yield _ready(url)
    finally:
        stop_group(process)


def _ready(url: str) -> str:
    """Return ``url`` as soon as it answers anything; ends the benchmark after `READY_S` seconds."""
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline:
        try:
            httpx.get(url, trust_env=False)
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return url
    sys.exit(f"{url} did not answer within {READY_S:g} s.")
