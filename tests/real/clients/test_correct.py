"""Clients without a known fault, in four languages: the reference client, and three that share no code with it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from harness.model import Level
from harness.model.report import Report
from tests.real.clients.survey import HERE, found_in
from tests.real.conftest import REPOSITORY, Need
from tests.real.gates import Kind, causes, gate, gate_in, judge

NEEDS = {
    "reference": (),
    "correct-bash": ("bash", "curl", "jq"),
    "correct-java": ("java", "javac"),
    "product-node": ("node",),
}
"""By client the programs that it is made of."""
WHOLE = {
    "auth.transport",
    "resilience.exactly-once",
    "resilience.idempotency-keys",
    "resilience.integrity",
    "resilience.no-blind-retry",
    "resilience.rate-limit",
    "resilience.retries",
    "resilience.timeouts",
    "workflow.tolerance",
}
BRIEF = {"auth.transport", "resilience.exactly-once", "resilience.integrity"}
"""Those of them whose runs wait for nothing, and that ask much of a client's own HTTP library."""
EVERY = os.environ.get("REAL_CLIENTS") == "all"
NAMES, ITEMS = (tuple(NEEDS), WHOLE) if EVERY else (("correct-bash",), BRIEF)
"""The quickest of them and some items in an ordinary run; ``make soak`` asks for all."""


def report_of(name: str, folder: Path) -> Report:
    """Run every check of clients against one; return the report."""
    options = ("--only", ",".join(sorted(ITEMS)))
    if name == "reference":
        return gate_in(REPOSITORY, folder, *options)[0]
    (folder / "tests" / "scenarios").mkdir(parents=True)  # product-node names them for the checks of a whole gate
    if sources := sorted(HERE.glob("*.java")) if "javac" in NEEDS[name] else []:
        subprocess.run(["javac", "-d", folder / "classes", *sources], check=True)
    return gate(HERE / name, folder, *options)[0]


@pytest.mark.parametrize("name", NAMES)
def test_a_correct_client_is_clean(name: str, need: Need, tmp_path: Path) -> None:
    """It passes every check that its target can have, but for recommendations that a row of causes.toml explains."""
    for program in NEEDS[name]:
        need(program)

    report = report_of(name, tmp_path)

    known = judge(found_in(report), causes(HERE / name))
    assert [f"{f.item} {f.check}: {f.summary}: {f.observed}" for f in known.unknown] == []
    assert all(cause.kind is Kind.NOTE for cause in known.found)
    assert all(f.level is Level.SHOULD for of_it in known.found.values() for f in of_it)
    assert {item.id for item in report.items for f in item.findings if f.outcome == "pass"} >= ITEMS
