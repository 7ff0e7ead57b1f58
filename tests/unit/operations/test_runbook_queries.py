"""A block of PromQL in a runbook is a query, or gets advice."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from harness.model import Level, Outcome
from harness.operations.alert_runbooks import load_runbooks
from harness.operations.runbook_queries import judge_queries

BLOCKS = {
    "a query": ("promql", "good", Outcome.PASS),
    "with a prompt": ("promql", "$ good", Outcome.PASS),
    "with its output": ("promql", "$ good\n\ngood{a=1} 5", Outcome.PASS),
    "several lines": ("promql", "good\ngood", Outcome.PASS),
    "no query": ("promql", "bad", Outcome.FAIL),
    "no query, in capitals": ("PromQL", "bad", Outcome.FAIL),
    "a placeholder": ("promql", "bad{namespace=<namespace>}", None),
    "a variable": ("promql", "bad[$__rate_interval]", None),
    "another language": ("sh", "bad", None),
}


def parse(text: str) -> None:
    """Accept one word alone."""
    if text.strip() != "good":
        raise ValueError(f"unexpected {text.strip()!r}")


@pytest.mark.parametrize("language, text, outcome", BLOCKS.values(), ids=BLOCKS)
def test_blocks_are_parsed(tmp_path: Path, language: str, text: str, outcome: Outcome | None) -> None:
    """But for those with placeholders, and those of other languages."""
    path = tmp_path / "runbook.md"
    path.write_text(f"Run:\n\n```{language}\n{text}\n```\n")
    runbooks = load_runbooks([path], today=dt.date(2026, 11, 27), review_within_s=1, root=tmp_path)

    found = judge_queries(runbooks, parse)

    assert [f.outcome for f in found] == ([outcome] if outcome else [])
    if outcome is Outcome.FAIL:
        assert found[0].summary == "A query in a runbook is not PromQL: runbook.md:4: unexpected 'bad'"
        assert found[0].level is Level.SHOULD
