"""Every receiver case against real receivers; docs/receivers.md tells the outcome."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

SURVEY = Path(__file__).parent / "receivers" / "survey.py"
PAGE = Path(__file__).parents[2] / "docs" / "receivers.md"
TIMEOUT_S = 180

RECEIVERS = sorted(re.findall(r"\[([^\]]+)\]\(\.\./tests/real", PAGE.read_text()))


def committed(script: str) -> str:
    """Return the part of the page that is about one receiver."""
    return next(p for p in re.split(r"^(?=## )", PAGE.read_text(), flags=re.MULTILINE) if f"[{script}]" in p)


@pytest.mark.parametrize("script", RECEIVERS)
def test_the_page_tells_what_a_receiver_does(
    script: str, real_python: Callable[[str], str], node_modules: Path
) -> None:
    """The committed table is what the suite sees: which cases a receiver does not meet, and what it does instead."""
    assert real_python("vendors")
    assert node_modules
    done = subprocess.run(
        [sys.executable, str(SURVEY), script], capture_output=True, text=True, check=False, timeout=TIMEOUT_S
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == committed(script).strip()


@pytest.mark.parametrize(
    "script, case, did",
    [
        ("standardwebhooks_fastapi.py", "garbled", "answers 5xx"),
        ("octokit-webhooks.mjs", "body-string", "**ends its process**"),
        ("slack-bolt.mjs", "body-null", "**ends its process**"),
        ("slack-bolt.mjs", "future", "accepts"),
        ("slack_bolt_server.py", "timestamp-word", "answers 5xx"),
        ("stripe_flask.py", "garbled-bytes", "answers 5xx"),
    ],
)
def test_known_defects_are_in_the_page(script: str, case: str, did: str) -> None:
    """What has been reported of these receivers by hand is what the suite reports."""
    row = next(line for line in committed(script).splitlines() if line.startswith(f"| `{case}` |"))

    assert row.endswith(f"| {did} |")
