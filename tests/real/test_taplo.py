"""The schema that `harness init` writes, as editors use it: the first line of harness.toml leads taplo to it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def lint(need: Callable[[str | Path], str], node_modules: Path, tmp_path: Path) -> Callable[[], tuple[int, str]]:
    """Return a function that lints the harness.toml that `harness init` wrote; it returns exit status and output."""
    taplo = need(node_modules / "node_modules" / ".bin" / "taplo")
    words = ("--receiver", "http://127.0.0.1:9/hook", "--provider", "stripe", "--yes")
    subprocess.run([sys.executable, "-m", "harness.cli", "init", *words], cwd=tmp_path, check=True, capture_output=True)

    def run() -> tuple[int, str]:
        done = subprocess.run(
            [taplo, "lint", "harness.toml"],
            cwd=tmp_path,
            env={**os.environ, "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        return done.returncode, done.stdout + done.stderr

    return run


def test_the_first_configuration_fits_its_schema(lint: Callable[[], tuple[int, str]]) -> None:
    """No key of it is unknown, and the schema is one that taplo can read."""
    status, output = lint()

    assert status == 0, output


@pytest.mark.parametrize(
    "right, wrong, named",
    [
        ('scheme = "stripe"', 'schema = "stripe"', "'schema' was unexpected"),
        ('environment = "staging"', 'environment = "stagging"', '"stagging"'),
        ('events = "fixtures/webhooks"', "events = 3", "3 is not"),
    ],
    ids=["key", "word", "type"],
)
def test_a_mistake_is_shown_while_it_is_typed(
    lint: Callable[[], tuple[int, str]], tmp_path: Path, right: str, wrong: str, named: str
) -> None:
    """A key, a word and a type that the section does not have."""
    file = tmp_path / "harness.toml"
    text = file.read_text()
    file.write_text(text.replace(right, wrong, 1))

    status, output = lint()

    assert status != 0
    assert named in output
