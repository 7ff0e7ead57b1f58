"""Correct providers of one document with webhooks, in two languages: the gate finds nothing wrong with them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.model import Outcome
from tests.real.conftest import REAL, Need
from tests.real.gates import SEED, gate, listed

ONE = "rooms-express"
ALL = (ONE, "rooms-flask")
SEEDS = range(SEED, SEED + int(os.environ.get("RIGHT_RUNS", "1")))
"""One run of one of them in an ordinary run; ``make soak`` asks for both, twenty times."""
ITEMS = ("auth.accepts", "auth.rejects", "contract.fuzz", "contract.coverage", "webhooks.sent")
"""Those that are about a provider."""


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("server", ALL if os.environ.get("REAL_PROVIDERS") == "all" else (ONE,))
def test_nothing_is_found_wrong_with_a_correct_provider(
    server: str, seed: int, need: Need, real_python: Callable[[str], str], tmp_path: Path
) -> None:
    """No finding fails, no check has an error, and what the two promise beside the schemas was tried."""
    if server == ONE:
        need("node")
        need(REAL / "node" / "node_modules" / ".ready")
    else:
        real_python("vendors")
    report, _ = gate(REAL / "providers" / server, tmp_path, "--harness-seed", str(seed))

    assert [f"{f.subject}: {f.summary}\n{f.observed}" for f in listed(report) if f.item in ITEMS] == []
    assert {item.id for item in report.items if item.outcome is Outcome.PASS} >= set(ITEMS)
