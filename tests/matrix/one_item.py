"""A pytest plugin for the gate of one defect: of all checks only those of one checklist item are run."""

from __future__ import annotations

import os

import pytest

# Items whose findings are made by tests of other items, or after the tests from what these sent.
PROVED_BY = {
    "observability.traces": {"observability.traces", "observability.metrics"},
    "workflow.contract": {"workflow.core"},
    "secrets.never-logged": {"webhooks.fixtures", "webhooks.signatures", "contract.fuzz"},
}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect what does not verify the item of the environment variable MATRIX_ITEM."""
    wanted = os.environ["MATRIX_ITEM"]
    proofs = PROVED_BY.get(wanted, {wanted})
    chosen = [i for i in items if any(proofs.intersection(mark.args) for mark in i.iter_markers("verifies"))]
    config.hook.pytest_deselected(items=[i for i in items if i not in chosen])
    # The gate stops at the first failure; that of a recommendation shows only once the requirements are known to hold.
    items[:] = sorted(chosen, key=_is_recommendation)


def _is_recommendation(item: pytest.Item) -> bool:
    return any(mark.kwargs.get("level") == "should" for mark in item.iter_markers("verifies"))
