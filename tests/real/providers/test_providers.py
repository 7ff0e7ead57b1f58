"""Gates of real API servers: what a person found in them by hand is found, and what is no fault is not."""

from __future__ import annotations

import os

import pytest

from tests.made_once import made_once
from tests.real.conftest import Need
from tests.real.gates import MOST_FOR_A_CAUSE, Judgement, causes, judge, listed

from .servers import ALL, gate_of, needed, target_of

ONE = "loopback"
SERVERS = ALL if os.environ.get("REAL_PROVIDERS") == "all" else (ONE,)
"""One of them in an ordinary run; ``make soak`` asks for all."""


@pytest.fixture(scope="module", params=SERVERS)
def judged(request: pytest.FixtureRequest, need: Need, tmp_path_factory: pytest.TempPathFactory) -> Judgement:
    """One gate of a server, beside the causes."""
    server = request.param
    for each in needed(server):
        need(each)
    report = made_once(tmp_path_factory, f"provider-{server}", lambda folder: gate_of(server, folder)[0])
    return judge(listed(report), causes(target_of(server)))


def test_every_true_cause_is_found(judged: Judgement) -> None:
    """What somebody would correct has a finding."""
    assert judged.missing() == []


def test_nothing_false_is_reported(judged: Judgement) -> None:
    """What is no fault of the server has none."""
    assert judged.false() == []


def test_every_finding_has_a_cause_that_is_known(judged: Judgement) -> None:
    """A finding without a row is new: read it, and add a row."""
    assert [f"{f.subject}: {f.summary}" for f in judged.unknown] == []


def test_one_cause_is_hardly_more_than_one_finding(judged: Judgement) -> None:
    """There are at most 1.3 times as many findings as causes, so that a reader gets to each."""
    assert judged.for_a_cause() <= MOST_FOR_A_CAUSE, {c.why: len(of_it) for c, of_it in judged.found.items()}
