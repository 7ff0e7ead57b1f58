"""A credential that stops working during a run is the run's own concern, and is reported first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from harness.contract.credential_forms import Credential
from harness.contract.credential_watch import CredentialWatch, judge_watch
from harness.contract.credentials import Secured
from harness.http.client import Network
from harness.http.credential_state import LOST
from harness.http.provider_client import ProviderClient
from harness.model import Outcome
from harness.openapi.spec_document import Spec

if TYPE_CHECKING:
    from pathlib import Path

SPEC = Spec({"openapi": "3.1.0", "info": {}, "paths": {}}, "x")

# What the provider answers before and after two groups, the outcome, and what the observation holds.
ANSWERS = {
    "works": ([200, 200, 200, 200], Outcome.PASS, "GET /me, asked 4 times"),
    "locked by the first group": (
        [200, 401, 401, 401],
        Outcome.FAIL,
        "GET /me answered 401 after one, and 2xx before one. The run itself may have caused it",
    ),
    "replaced by the second group": ([200, 200, 200, 403], Outcome.FAIL, "answered 403 after two, and 2xx before one"),
    "refused for a moment": ([200, 401, 200, 200], Outcome.PASS, "asked 4 times"),
    "never worked": ([401, 401, 401, 401], Outcome.NOT_APPLICABLE, "never answered with 2xx"),
    "a provider in trouble": ([200, 500, 500, 500], Outcome.PASS, "asked 4 times"),
}


@pytest.mark.parametrize("statuses, outcome, observed", ANSWERS.values(), ids=ANSWERS.keys())
def test_the_answers_before_and_after_decide(
    statuses: list[int], outcome: Outcome, observed: str, tmp_path: Path
) -> None:
    """Only a refusal that lasts until the end, of a credential that worked, is a failure."""
    left = iter(statuses)
    transport = httpx.MockTransport(lambda _: httpx.Response(next(left)))
    credential = Credential(header="Authorization", written=str, secret=lambda: "value")
    with ProviderClient(Network(), "http://provider.test", transport=transport) as client:
        watch = CredentialWatch(tmp_path, Secured(spec=SPEC, client=client, whoami="GET /me"), credential)
        for when in ("before one", "after one", "before two", "after two"):
            watch.ask(when)
    finding = judge_watch(tmp_path, nothing="")
    assert finding.outcome is outcome
    assert observed in finding.observed
    assert bool(finding.id) is (outcome is Outcome.FAIL)


def test_a_call_that_ended_the_credential_is_named(tmp_path: Path) -> None:
    """What a request of the run found goes before what was asked between groups; the finding keeps its id."""
    (tmp_path / LOST).write_text("The credential no longer works: GET /me answered 401, and 2xx before.")
    watched = judge_watch(tmp_path, nothing="")

    assert watched.outcome is Outcome.FAIL
    assert watched.summary.startswith("The credential no longer works: GET /me answered 401, and 2xx before")
    assert watched.id == "F-72ca6560e4"


def test_what_could_not_be_watched_is_named(tmp_path: Path) -> None:
    """Without an operation that shows it, the report states that the credential was not watched."""
    finding = judge_watch(tmp_path, nothing="no secured operation may be read")
    assert (finding.outcome, finding.observed) == (Outcome.NOT_APPLICABLE, "no secured operation may be read")
