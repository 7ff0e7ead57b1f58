"""The guide's ProductClient in Node, with its receiver in Express, before the whole gate by harness.toml alone."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from harness.model import Level, Outcome
from harness.model.report import Report
from tests.real.conftest import REPOSITORY, Need
from tests.real.gates import causes, gate, judge, listed

TARGET = Path(__file__).parent / "product-node"
UNTRIED = {"contract.coverage", "webhooks.ack", "webhooks.durable", "webhooks.sent"}
"""What needs more of harness.toml: an event that is slow to process, a URL to register, a measure of coverage."""


@pytest.fixture(scope="module")
def report(need: Need, node_modules: Path, tmp_path_factory: pytest.TempPathFactory) -> Report:
    """One whole gate, with the scenarios of the sandbox and their recordings."""
    need("curl")
    assert node_modules
    folder = tmp_path_factory.mktemp("product-node")
    shutil.copytree(REPOSITORY / "cassettes", folder / "cassettes")
    shutil.copytree(REPOSITORY / "tests" / "scenarios", folder / "tests" / "scenarios")
    return gate(TARGET, folder)[0]


def test_a_client_in_another_language_fails_nothing_that_is_required(report: Report) -> None:
    """Its retries, keys, deadlines and refusals are as the guide demands, and its receiver's checks are too."""
    unknown = judge(listed(report), causes(TARGET)).unknown
    assert [f"{f.item} {f.check}: {f.observed}" for f in unknown] == []
    assert all(f.level is Level.SHOULD for f in listed(report))


def test_what_was_not_tried_is_known(report: Report) -> None:
    """Nothing else is left out than what its harness.toml does not describe."""
    assert {item.id for item in report.items if item.outcome in (Outcome.NOT_RUN, Outcome.ERROR)} == UNTRIED
