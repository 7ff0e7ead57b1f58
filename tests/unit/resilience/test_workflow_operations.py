"""What operations a workflow has: by the document, else by the shape of its paths."""

from __future__ import annotations

import pytest

from harness.model import Attempt
from harness.model.config import Policy
from harness.resilience.client_evidence import Evidence
from harness.resilience.client_process import ClientRun
from harness.resilience.idempotency_keys import every_write_is_keyed
from harness.resilience.workflow_operations import (
    DocumentedOperation,
    WorkflowOperations,
    repeatable_calls,
    unkeyed_writes,
)


def call(method: str, path: str, key: str = "") -> Attempt:
    return Attempt(at=0, method=method, path=path, key=key, body_digest="0", fault="", status=200)


@pytest.mark.parametrize(
    "target, label",
    [
        ("/runs/17?page=2", "GET /runs/{id}"),
        ("/v1/runs/run_01b4", "GET /v1/runs/{id}"),
        ("/2024-10/products/0190f1c2-aaaa-7bbb-8ccc-ddddeeeeffff.json", "GET /2024-10/products/{id}"),
        ("/customers/abcdefghijklmnopqrstuvwx", "GET /customers/{id}"),
        ("/projects", "GET /projects"),
    ],
)
def test_a_path_without_a_document_is_named_by_its_shape(target: str, label: str) -> None:
    """Identifiers are left out; versions and words stay."""
    assert WorkflowOperations([]).label_of("GET", target) == label


def test_the_document_names_its_operations() -> None:
    """Its template comes before any shape."""
    documented = DocumentedOperation("GET /runs/{runId}", takes_key=False)
    operations = WorkflowOperations([call("GET", "/runs/a"), call("GET", "/runs/b")], lambda *_: documented)

    assert [(o.label, len(o.calls)) for o in operations.all] == [("GET /runs/{runId}", 2)]


def test_only_a_write_without_a_key_may_not_be_repeated() -> None:
    """Safe, idempotent and keyed calls may be (RFC 9110 section 9.2.2); one call without a key is enough."""
    calls = [call("GET", "/a"), call("PUT", "/b"), call("POST", "/c", "k"), call("POST", "/d", "k"), call("POST", "/d")]
    operations = WorkflowOperations(calls)

    assert [o.label for o in operations.concerned(repeatable_calls)] == ["GET /a", "PUT /b", "POST /c"]
    assert [o.label for o in operations.concerned(unkeyed_writes)] == ["POST /d"]


def test_a_key_is_demanded_of_the_writes_that_take_one() -> None:
    """The document names a key of the orders and none of the notes; of what it does not have nothing is known."""
    sent = [call("POST", "/orders"), call("POST", "/notes"), call("POST", "/others")]
    documented = {
        "/orders": DocumentedOperation("POST /orders", takes_key=True),
        "/notes": DocumentedOperation("POST /notes", takes_key=False),
    }
    operations = WorkflowOperations(sent, lambda _, target: documented.get(target))
    seen = Evidence(
        attempts=sent,
        run=ClientRun(exit_status=0, seconds=1, tail="", ended_at=1),
        policy=Policy(),
        takes_key=operations.takes_key,
    )

    assert every_write_is_keyed(seen) == "without a key: POST /orders, POST /others"
