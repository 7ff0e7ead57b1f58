"""The sandbox' core workflow, as a team integrating with it would write it down."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import httpx

FINAL = {"succeeded", "failed", "cancelled"}


@pytest.mark.verifies("workflow.core")
def test_a_manual_run_succeeds(api: httpx.Client) -> None:
    """A project is created, a run of it is started, and the run ends well."""
    body = {"name": "Onboarding automation", "ownerEmail": "owner@example.com"}
    project = api.post("/projects", json=body).raise_for_status().json()
    run = api.post("/runs", json={"projectId": project["id"], "trigger": "manual"}).raise_for_status().json()

    deadline = time.monotonic() + 10
    while (status := api.get(f"/runs/{run['id']}").raise_for_status().json()["status"]) not in FINAL:
        assert time.monotonic() < deadline, f"the run is still {status}"
        time.sleep(0.05)

    assert status == "succeeded"


@pytest.mark.verifies("workflow.core")
def test_a_run_can_be_found_again(api: httpx.Client) -> None:
    """A run that was started is listed under its project."""
    body = {"name": "Nightly export", "ownerEmail": "owner@example.com"}
    project = api.post("/projects", json=body).raise_for_status().json()
    run = api.post("/runs", json={"projectId": project["id"], "trigger": "manual"}).raise_for_status().json()

    listed = api.get("/runs", params={"projectId": project["id"]}).raise_for_status().json()["items"]

    assert [r["id"] for r in listed] == [run["id"]]
