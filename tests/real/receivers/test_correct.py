"""Receivers without a known fault, in other languages than the sandbox', three of them vendors' samples, corrected."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.real.conftest import REAL, Need
from tests.real.gates import Kind, causes, judge
from tests.real.receivers.targets import CORRECT, HERE, report_of, wrong

PROGRAMS = ("curl", "java", "node", "php", "puma", "ruby")
PROVED = {"webhooks.signatures", "webhooks.idempotent", "webhooks.robust", "webhooks.durable"}


@pytest.fixture(scope="module")
def parts(need: Need, real_python: Callable[[str], str], node_modules: Path) -> Path:
    """What the receivers are made of is installed."""
    for program in PROGRAMS:
        need(program)
    real_python("django")
    return node_modules


@pytest.mark.parametrize("name", CORRECT)
def test_a_correct_receiver_is_clean(name: str, parts: Path, tmp_path: Path) -> None:
    """A receiver without a known fault passes every check that its target can have."""
    assert parts
    report = report_of(name, tmp_path)

    known = judge(wrong(report), causes(HERE / name))
    assert all(cause.kind is Kind.NOTE for cause in known.found)
    assert [f"{f.item} {f.check}: {f.summary}: {f.observed}" for f in known.unknown] == []
    assert {item.id for item in report.items for f in item.findings if f.outcome == "pass"} >= PROVED


def test_a_target_names_no_path_of_a_machine() -> None:
    """The targets hold what their owners would write, with REAL/ for where the parts are."""
    texts = [p.read_text(encoding="utf-8") for p in HERE.glob("*/harness.toml")]

    assert len(texts) > len(CORRECT)
    assert not any(str(REAL.parent) in text for text in texts)
