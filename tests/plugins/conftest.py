"""What tests of the plugins share: small targets of their own, and the gate as a user runs it."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from harness.model import Level, Report, Verdict
from harness.readiness.checklist import shipped
from harness.reports.json import read

TIMEOUT_S = 240
"""Far longer than a gate takes here, because the machine may be busy."""
_SPARED = ("-p", "no:hypothesispytest", "-p", "no:pytest_httpserver", "-p", "no:anyio", "-p", "no:schemathesis")
"""Plugins of others that take time to start, and nothing here uses."""
LATER = dt.datetime.now(tz=dt.UTC).date() + dt.timedelta(days=90)
"""A day on which a waiver may end."""
MUST = [item.id for item in shipped() if item.level is Level.MUST]
"""Ids of the items that are required."""
NAMED = '[target]\nname = "Tiny"\nscenarios = ["scenarios"]\n'
OWN_ITEM = '[[item]]\nid = "own.backup"\nlevel = "must"\ntext = "A backup exists"\nremediation = "Make one."\n'
PASSES = '''
import pytest

@pytest.mark.verifies("own.backup")
def test_the_backup_is_there():
    """A backup exists."""
'''
SERVE = """
import http.server, os, pathlib, sys
pathlib.Path("pid.new").write_text(str(os.getpid()))
os.replace("pid.new", "pid")  # it may be killed at any moment
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), http.server.SimpleHTTPRequestHandler).serve_forever()
"""
PROCESS = """
[process.app]
command = ["{python}", "serve.py", "{port:app}"]
ready = "http://127.0.0.1:{port:app}/"
"""


class Outcome(NamedTuple):
    """How a command ended."""

    status: int
    out: str
    err: str
    report: Report | None

    @property
    def text(self) -> str:
        """Everything it printed."""
        return self.out + self.err

    @property
    def verdict(self) -> Verdict | None:
        """The verdict of the report it left, None where it left none."""
        return self.report.verdict if self.report else None

    @property
    def problems(self) -> str:
        """What the report says of the run itself."""
        return "\n".join(p.text for p in self.report.problems) if self.report else ""

    @property
    def told(self) -> str:
        """What the report says of the run and of the target's own items."""
        assert self.report is not None
        return "\n".join([self.problems, *(i.summary for i in self.report.items if i.id.startswith("own."))])


class Folder:
    """A user's folder with harness.toml and scenarios, and commands run in it."""

    def __init__(self, path: Path, python: str = sys.executable) -> None:
        self.path = path
        self.python = python
        self.reports = path / "reports"

    def write(self, name: str, text: str) -> Path:
        """Write one file."""
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    def runs(self) -> bool:
        """Whether the process that wrote its id into the file ``pid`` still runs."""
        try:
            os.kill(int((self.path / "pid").read_text()), 0)
        except ProcessLookupError:
            return False
        return True

    def gate(self, *args: str, **env: str) -> Outcome:
        """Run `harness gate` here."""
        return self.run("-m", "harness.cli", "gate", "-p", "no:cacheprovider", *_SPARED, *args, **env)

    def pytest(self, *args: str, **env: str) -> Outcome:
        """Run `pytest` here."""
        return self.run("-m", "pytest", "-p", "no:cacheprovider", *_SPARED, *args, **env)

    def run(self, *words: str, **env: str) -> Outcome:
        """Run Python here, in an environment without the variables of the test run around it."""
        done = subprocess.run(
            [self.python, *words],
            cwd=self.path,
            env=environment(**env),
            capture_output=True,
            text=True,
            check=False,
            timeout=TIMEOUT_S,
        )
        written = self.reports / "readiness.json"
        return Outcome(
            done.returncode, done.stdout, done.stderr, read(written.read_bytes()) if written.is_file() else None
        )


def environment(**changes: str) -> dict[str, str]:
    """Return the environment of a run that does not know of the run around it."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "SANDBOX_", "HARNESS_"))}
    return {**kept, **changes}


def waivers(items: Sequence[str]) -> str:
    """Return waivers, as harness.toml writes them."""
    return "".join(
        f'[[waiver]]\nitem = {json.dumps(i)}\nreason = "not this target"\nowner = "me"\nexpires = {LATER}\n'
        for i in items
    )


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A folder that holds nothing yet."""
    return Folder(tmp_path)


@pytest.fixture
def ready(folder: Folder) -> Folder:
    """A target that truly is READY: one item of its own that holds, every other waived by name."""
    folder.write("harness.toml", NAMED + OWN_ITEM + waivers(MUST))
    folder.write("scenarios/test_own.py", PASSES)
    return folder


@pytest.fixture
def served(ready: Folder) -> Folder:
    """The READY target with a process of its own, whose output proves that it logs no secret."""
    ready.write("serve.py", SERVE)
    unproven = [item for item in MUST if item != "secrets.never-logged"]
    ready.write("harness.toml", NAMED + OWN_ITEM + waivers(unproven) + PROCESS)
    return ready
