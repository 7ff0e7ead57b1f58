"""What is expected of idempotency keys: one for each operation, also where a workflow writes the same twice."""

from __future__ import annotations

import msgspec
import pytest

from harness.model import Attempt
from harness.model.config import Policy
from harness.resilience.client_evidence import Evidence
from harness.resilience.client_process import ClientRun
from harness.resilience.idempotency_keys import attempts_share_their_key

RENEWED = "a new key with each attempt: POST /orders"
FAILED = "503"


def attempts(text: str) -> list[Attempt]:
    """Return writes: ``a`` is the key of one that is passed on, ``a!`` of one that meets a fault."""
    return [
        Attempt(
            at=number,
            method="POST",
            path="/orders",
            key=word.strip("!"),
            body_digest="0",
            fault=FAILED if word.endswith("!") else "",
            status=503 if word.endswith("!") else 201,
        )
        for number, word in enumerate(text.split())
    ]


@pytest.mark.parametrize(
    "undisturbed, seen, complaint",
    [
        ("a", "b! b", ""),
        ("a", "b! b! b!", ""),
        ("a", "b! c", RENEWED),
        ("a", "b! c! d!", RENEWED),
        ("a b", "c! c d", ""),
        ("a b", "c! c d! d", ""),
        ("a b", "c! d c", ""),
        ("a b", "c! d! c! d!", ""),
        ("a b", "c! d e", RENEWED),
        ("a b", "c! d! e! f!", RENEWED),
        ("a", "b c d", ""),
    ],
    ids=str.split(
        "again gives-up renewed renewed-for-good twice twice-failed at-once at-once-for-good twice-renewed "
        "twice-renewed-for-good more-often"
    ),
)
def test_equal_writes_are_operations_of_their_own(undisturbed: str, seen: str, complaint: str) -> None:
    """A second write of the same has a key of its own; a repeated attempt has not, however often a write is made."""
    evidence = Evidence(
        attempts=attempts(seen),
        undisturbed=attempts(undisturbed),
        run=ClientRun(exit_status=0, seconds=1, tail="", ended_at=1),
        policy=Policy(),
    )

    assert attempts_share_their_key(evidence) == complaint


def test_bodies_that_differ_in_each_run_are_counted_by_their_path() -> None:
    """A name of the run in the body makes every digest a new one; the most equal writes of the path are as many."""
    evidence = Evidence(
        attempts=[msgspec.structs.replace(a, body_digest="1") for a in attempts("c! c d! d")],
        undisturbed=attempts("a b"),
        run=ClientRun(exit_status=0, seconds=1, tail="", ended_at=1),
        policy=Policy(),
    )

    assert attempts_share_their_key(evidence) == ""
