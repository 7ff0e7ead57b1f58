"""``--json``: one JSON document on stdout and nothing else, with the exit status of the same command without it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).parents[3]
SPEC = str(ROOT / "harness" / "sandbox" / "openapi.yaml")
PROVIDER = '[provider]\nspec = "openapi.yaml"\nbase_url = "http://127.0.0.1:9"\n'
CASSETTE = """
version: 1
interactions:
- request: {method: GET, uri: http://127.0.0.1:9/runs, body: null, headers: {}}
  response: {status: {code: 200, message: OK}, headers: {}, body: {string: '[]'}}
"""


class Row(NamedTuple):
    """A command, the exit status, and what its document must be like."""

    words: tuple[str, ...]
    status: int
    holds: Callable[[Any], bool]


ROWS = {
    "explain-item": Row(("explain", "auth.accepts"), 0, lambda d: d["item"]["id"] == "auth.accepts" and d["checks"]),
    "explain-check": Row(
        ("explain", "webhooks.signatures/missing"), 0, lambda d: [c["id"] for c in d["checks"]] == ["missing"]
    ),
    "spec-check": Row(("spec", "check", "openapi.yaml"), 0, lambda d: len(d["checks"]) > 3 and d["not_checked"] == {}),
    "fuzz-list": Row(("fuzz", "--list"), 0, lambda d: d == []),
    "gate-plan": Row(("gate", "--plan"), 0, lambda d: d["at_most"] == sum(o["most"] for o in d["operations"]) > 0),
    "packs": Row(("packs",), 0, lambda d: "stripe" in [pack["name"] for pack in d]),
    "convert": Row(
        ("convert", "one.yaml", "one.har"), 0, lambda d: d == {"into": "one.har", "exchanges": 1, "left_out": []}
    ),
    "migrate": Row(("cassettes", "migrate", "tests"), 0, lambda d: d == []),
    "list-defects": Row(("sandbox", "--list-defects"), 0, lambda d: len(d) > 100 and {"id", "item"} < set(d[0])),
    "deliver": Row(
        ("deliver", "event.json", "--to", "http://127.0.0.1:9/", "--scheme", "github", "--secret", "env:HOOK_SECRET"),
        1,
        lambda d: d["delivered"] == 1 and d["acknowledged"] == 0 and d["others"],
    ),
}
REFUSED = {
    "gate": (("gate",), "--json goes with --plan. The result of a gate is readiness.json in its --reports."),
    "fuzz": (("fuzz",), "--json goes with --list or --replay."),
    "sandbox": (("sandbox",), "--json goes with --list-defects."),
    "deliver": (("deliver", "event.json", "--dry-run"), "--json is the summary of what is delivered"),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A target with a document, a recording, an event and a test."""
    (tmp_path / "harness.toml").write_text(f'[target]\nname = "x"\n{PROVIDER}')
    (tmp_path / "openapi.yaml").write_bytes(Path(SPEC).read_bytes())
    (tmp_path / "one.yaml").write_text(CASSETTE)
    (tmp_path / "event.json").write_text('{"id": "evt_1", "type": "run.started"}')
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_a.py").write_text("def test_a(): pass\n")
    return tmp_path


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "HOOK_SECRET": os.urandom(16).hex()}
    command = [sys.executable, "-m", "harness.cli", *words, "--json"]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_a_document_is_all_that_is_printed(row: Row, folder: Path) -> None:
    """It is whole, it holds the result, and the exit status is that of the command."""
    ended = run(folder, *row.words)

    assert row.holds(json.loads(ended.stdout)), ended.stdout
    assert ended.returncode == row.status, ended.stderr


@pytest.mark.parametrize("words, message", REFUSED.values(), ids=REFUSED)
def test_where_there_is_no_document_the_option_is_refused(words: tuple[str, ...], message: str, folder: Path) -> None:
    """The message names what the option goes with; nothing runs, and nothing is printed to stdout."""
    ended = run(folder, *words)

    assert ended.returncode == 4
    assert message in ended.stderr
    assert ended.stdout == ""
