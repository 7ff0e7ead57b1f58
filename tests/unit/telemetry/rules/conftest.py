"""What the tests of rules share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.telemetry.rules.rule_file import RuleFile, read_rules

ReadText = Callable[..., RuleFile]


@pytest.fixture
def read_text(tmp_path: Path) -> ReadText:
    """Return a function that reads a text as a file of rules, ``rules.yml`` by default."""

    def read(text: str | bytes, name: str = "rules.yml") -> RuleFile:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_rules(path, name)

    return read
