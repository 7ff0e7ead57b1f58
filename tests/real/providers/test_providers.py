"""Real API servers before the gate: what a person found in them by hand is found, and what is no fault is not."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from tests.real.conftest import REAL, Need
from tests.real.gates import Judgement, causes, gate, judge, listed

ENVS = ("optimade",)
ONE = "loopback"
ALL = ("loopback", "optimade", "prism")
SERVERS = ALL if os.environ.get("REAL_PROVIDERS") == "all" else (ONE,)
"""One of them in an ordinary run; ``make soak`` asks for all."""


@pytest.fixture(scope="module", params=SERVERS)
def judged(
    request: pytest.FixtureRequest,
    need: Need,
    real_python: Callable[[str], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Judgement:
    """One gate of a server, beside the causes."""
    server, shared = request.param, ""
    if server in ENVS:
        real_python(server)
    else:
        need("node")
        need(REAL / "providers" / "node" / "node_modules" / ".ready")
    if server == "prism":
        shared = request.getfixturevalue("shared_data")
    target = REAL / "providers" / server
    report, _ = gate(target, tmp_path_factory.mktemp(server), shared=shared)
    return judge(listed(report), causes(target))


def test_every_true_cause_is_found(judged: Judgement) -> None:
    """What somebody would mend has a finding."""
    assert judged.missing() == []


def test_nothing_false_is_reported(judged: Judgement) -> None:
    """What is no fault of the server has none."""
    assert judged.false() == []


def test_every_finding_has_a_cause_that_is_known(judged: Judgement) -> None:
    """A finding without a row is new: read it, and add a row."""
    assert [f"{f.subject}: {f.summary}" for f in judged.unknown] == []
