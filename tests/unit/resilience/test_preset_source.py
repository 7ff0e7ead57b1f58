"""A finding that rests on a preset names the vendor's page; one that rests on a stated key does not."""

from __future__ import annotations

import pytest

from harness.model import Attempt
from harness.model.config import Duration, Policy
from harness.resilience.client_evidence import BeyondDefault, Evidence
from harness.resilience.client_process import ClientRun
from harness.resilience.expectations import beyond_limit
from harness.resilience.idempotency_keys import every_write_is_keyed
from harness.resilience.policy_expectations import repeats_as_the_policy

SLACK = Policy(preset="slack", answer_within=Duration(30))
SQUARE = Policy(preset="square", answer_within=Duration(60), retry_on=(408, 500, 502, 503, 504))
REFUSED, DONE = (
    Attempt(at=at, method="POST", path="/runs", key="", body_digest="0", fault=fault, status=status)
    for at, fault, status in ((0, "refused", 500), (0.2, "", 201))
)


def evidence(policy: Policy, *attempts: Attempt, exit_status: int = 0) -> Evidence:
    run = ClientRun(exit_status=exit_status, seconds=1, tail="", ended_at=1)
    return Evidence(attempts=attempts, run=run, policy=policy)


def test_a_limit_of_a_preset_is_stated() -> None:
    """To wait longer is a failure, not against advice, and names the page; a stated limit is the user's own."""
    preset = beyond_limit(33, SLACK)
    own = beyond_limit(33, Policy(preset="slack", answer_within=Duration(3)))

    assert preset == (
        "waited for 33.0 s; [client] policy.answer_within is 30 s by its preset 'slack' "
        "(https://docs.slack.dev/tools/python-slack-sdk/reference/web/client.html)"
    )
    assert not isinstance(preset, BeyondDefault)
    assert own.endswith("[client] policy.answer_within is 3 s")


@pytest.mark.parametrize(
    "status, attempts, exit_status, complaint",
    [
        (409, (REFUSED, DONE), 0, "it was retried; [client] policy.retry_on does not contain 409 by its preset"),
        (408, (REFUSED,), 1, "exit status 1; [client] policy.retry_on contains 408 by its preset 'square' (https://"),
        (408, (REFUSED, DONE), 0, ""),
    ],
)
def test_statuses_of_a_preset(status: int, attempts: tuple[Attempt, ...], exit_status: int, complaint: str) -> None:
    """What the vendor's libraries repeat is repeated, and nothing else."""
    found = repeats_as_the_policy(status)(evidence(SQUARE, *attempts, exit_status=exit_status))

    assert complaint in found
    assert bool(found) is bool(complaint)


def test_a_write_without_a_key_names_what_the_vendor_states() -> None:
    """Where it states anything."""
    stripe = every_write_is_keyed(evidence(Policy(preset="stripe"), DONE))

    assert stripe.startswith("without a key: POST /runs; Every POST takes the header;")
    assert stripe.endswith("(https://docs.stripe.com/api/idempotent_requests)")
    assert every_write_is_keyed(evidence(SQUARE, DONE)) == "without a key: POST /runs"
