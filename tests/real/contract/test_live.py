"""Real API servers are fuzzed in time, and what is found is what the documents say."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.fuzzing.budget import BUDGETS
from harness.model import Outcome

from .live import SUPPORTED, run

SUMMARY = Path(__file__).parents[3] / "docs" / "real-findings.md"
SAME = 0.8
"""Share of the findings that must be met again: links are followed by chance, and a server may be slower."""


@pytest.mark.parametrize("name", SUPPORTED)
def test_a_real_server_is_fuzzed_in_time_and_its_findings_confirmed(
    name: str, tmp_path: Path, real_python: Callable[[str], str], need: Callable[[str], str]
) -> None:
    """The run ends in its budget; the findings are the listed ones, each with a curl line that shows it again."""
    real_python("servers")
    need("curl")
    section = SUMMARY.read_text(encoding="utf-8").partition(f"## {name} ")[2].partition("\n## ")[0]
    listed = set(re.findall(r"^\| (F-\w+) \|", section, re.MULTILINE))

    outcomes = run(name, tmp_path)

    found = {f.id for f in outcomes.findings if f.outcome is Outcome.FAIL}
    assert outcomes.seconds < (outcomes.operations + 2) * BUDGETS["quick"].seconds
    assert [f.summary for f in outcomes.findings if f.outcome is Outcome.ERROR] == []
    assert section.startswith(outcomes.version)
    assert len(found & listed) >= SAME * len(listed)
    assert sum(outcomes.confirmed.values()) >= SAME * len(found)
