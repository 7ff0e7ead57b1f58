"""The core workflow: create a project, start a run, remember it, follow it to its end."""

from __future__ import annotations

import time
from functools import partial

import structlog

from harness.sandbox.defects import Planted
from harness.sandbox.integration import storage
from harness.sandbox.integration.client import ProductClient, ProductError
from harness.sandbox.integration.settings import Settings

RETRIES = "client_retries"
FINAL = frozenset({"succeeded", "failed", "cancelled"})
POLL_S = 0.1
POLLS = 200

log = structlog.get_logger()


def run_workflow(settings: Settings, *, planted: Planted) -> int:
    """Run the workflow once; return 0 when the run succeeded, else 1."""
    engine = storage.open_database(settings.database)
    client = ProductClient(settings, planted=planted, on_retry=partial(storage.count, engine, RETRIES))
    try:
        project = client.write("/projects", {"name": "Onboarding automation", "ownerEmail": "owner@example.com"})
        run = client.write("/runs", {"projectId": project["id"], "trigger": "manual"})
        storage.save_run(engine, run_id=run["id"], project_id=project["id"], status=run["status"])
        status = _followed(client, run["id"])
        storage.save_run(engine, run_id=run["id"], project_id=project["id"], status=status)
    except (ProductError, KeyError, TypeError) as exc:  # the latter: an answer of another shape than promised
        log.error("workflow failed", reason=str(exc))  # noqa: TRY400 - the reason is enough; no traceback
        return 1
    finally:
        client.close()
        engine.dispose()
    log.info("workflow ended", run_id=run["id"], status=status)
    return 0 if status == "succeeded" else 1


def _followed(client: ProductClient, run_id: str) -> str:
    for _ in range(POLLS):
        status = str(client.read(f"/runs/{run_id}")["status"])
        if status in FINAL:
            return status
        time.sleep(POLL_S)
    raise ProductError(f"run {run_id} did not end within {POLLS * POLL_S:g} s")
