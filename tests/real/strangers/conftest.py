"""The strangers' world: the built wheel in an environment with plugins of their own, and two providers that log."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from harness.process.managed import ManagedProcess
from harness.process.ready import UrlAnswers
from tests.real.conftest import REAL
from tests.real.strangers.provider_log import LoggedRequest, ProviderLog, logged_provider

STRANGERS = REAL / "strangers"
COMMAND_S = 480
"""Seconds after which a command is taken to hang; a gate takes about 60 on an idle machine."""

collect_ignore = ["shop", "notes"]  # their own tests run in their own environment


@dataclass(frozen=True)
class Gate:
    """One run of the gate: what it printed, and its report."""

    status: int
    output: str
    report: dict[str, Any]

    def item(self, wanted: str) -> dict[str, Any]:
        return next(item for item in self.report["items"] if item["id"] == wanted)

    def with_outcome(self, outcome: str) -> set[str]:
        """Return the ids of the items with that outcome."""
        return {item["id"] for item in self.report["items"] if item["outcome"] == outcome}

    def failed_checks(self, item: str) -> set[str]:
        """Return the ids of the checks of ``item`` that failed."""
        return {finding["check"] for finding in self.item(item)["findings"] if finding["outcome"] == "fail"}


class Visit(NamedTuple):
    """A gate, and what the provider saw of it."""

    gate: Gate
    requests: list[LoggedRequest]
    right: int
    """Status of a request with the right credential, after the gate."""

    @property
    def log(self) -> ProviderLog:
        """What the provider's own log shows."""
        return ProviderLog("", self.requests)


@dataclass(frozen=True)
class Project:
    """A stranger's project in a folder of its own, with the environment that its commands run in."""

    folder: Path
    env: dict[str, str]
    log: ProviderLog

    def run(self, *command: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self.env | env,
            capture_output=True,
            text=True,
            timeout=COMMAND_S,
            check=False,
        )

    def gate(self, *args: str, **env: str) -> Gate:
        ended = self.run("harness", "gate", *args, **env)
        report = self.folder / "reports" / "readiness.json"
        output = ended.stdout + ended.stderr
        assert report.exists(), output
        return Gate(ended.returncode, output, json.loads(report.read_text()))

    def visit(self, path: str, authorization: str) -> Visit:
        """Run one whole gate, and then send a request with the right credential to ``path``."""
        self.log.begin()
        gate = self.gate()
        requests = list(self.log.requests)
        headers = {"authorization": authorization}
        right = httpx.get(f"{self.log.url}{path}", headers=headers, trust_env=False)
        return Visit(gate, requests, right.status_code)


@pytest.fixture(scope="session")
def stranger_bin(installed_beside: Callable[[str], Path]) -> Path:
    """The programs of an environment with the strangers' plugins, into which the built wheel was installed."""
    return installed_beside("strangers")


@contextmanager
def _provider(name: str, url: str, folder: Path, *command: str | Path) -> Iterator[ProviderLog]:
    process = ManagedProcess(
        name,
        command=tuple(str(word) for word in command),
        ready=UrlAnswers(url, _answers),
        ready_within_s=40,
        cwd=folder,
        env={},
        log=folder / f"{name}.log",
    )
    process.start()
    try:
        with logged_provider(httpx.URL(url).netloc.decode()) as log:
            yield log
    finally:
        process.stop()


@pytest.fixture(scope="session")
def start_provider() -> Callable[..., AbstractContextManager[ProviderLog]]:
    """Return a function that runs a provider behind a proxy that logs, for the length of a block."""
    return _provider


def make_project(folder: Path, log: ProviderLog, programs: Path, **secrets: str) -> Project:
    """Return the project in ``folder``, whose provider is ``log``."""
    toml = folder / "harness.toml"
    next_month = f"{datetime.now(UTC).date() + timedelta(days=30)}"
    toml.write_text(toml.read_text().replace("http://127.0.0.1:1", log.url).replace("2027-01-31", next_month))
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "HARNESS_"))}
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    return Project(folder, env | {"PATH": path} | secrets, log)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False, timeout=2).status_code < 500
    except httpx.TransportError:
        return False
