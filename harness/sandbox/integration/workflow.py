"""The core workflow: create a project, start a run, remember it, follow it to its end.

Every step is written down before the next, and a write's idempotency key before the write. So a workflow may be run
again under its name, after a crash or without one: it goes on where it stopped, and never starts a second run.
"""

from __future__ import annotations

import enum
import time
import uuid

import structlog
from sqlalchemy import select, update

from harness.sandbox.defects import Planted
from harness.sandbox.integration import runs, tracing
from harness.sandbox.integration.client import ProductClient, ProductError, RetryPolicy
from harness.sandbox.integration.credentials import CredentialError
from harness.sandbox.integration.settings import Settings
from harness.sandbox.integration.storage import Database, workflows

LOOK_S = 0.05
"""Seconds between two polls for a status from a webhook."""
FIRST_POLL_S = 0.25
"""Webhooks come first; the product is asked when they do not."""
LONGEST_POLL_S = 5.0
FOLLOWED_S = 60.0

UNKEYED = frozenset(
    {"client-retries-unkeyed-writes", "client-repeats-unkeyed-writes-after-503", "client-repeats-what-was-done"}
)
"""Defects with which a run is started without an idempotency key."""

_KnownStatus = enum.Enum("_KnownStatus", {status: status for status in runs.ORDER})  # type: ignore[misc] # no literal

log = structlog.get_logger()


def run_workflow(
    settings: Settings,
    *,
    name: str,
    planted: Planted,
    policy: RetryPolicy | None = None,
    follow_s: float = FOLLOWED_S,
) -> int:
    """Run the workflow called ``name``, or what is left of it; return 0 when the run succeeded, else 1."""
    if "client-forgets-its-workflow" in planted:
        name = uuid.uuid4().hex
    database = Database(settings.database)
    client = ProductClient(settings, planted=planted, policy=policy, database=database)
    try:
        with tracing.workflow(name):
            run_id = _started(client, database, name, planted)
            status = _followed(client, database, run_id, follow_s, planted)
    except (ProductError, CredentialError, KeyError, TypeError) as exc:  # the last two: another shape than promised
        log.error("workflow failed", workflow=name, reason=f"{type(exc).__name__}: {exc}")  # noqa: TRY400 - no traceback
        return 0 if _is_hidden(exc, planted) else 1
    finally:
        client.close()
        database.close()
    log.info("workflow ended", workflow=name, run_id=run_id, status=status)
    return 0 if status == "succeeded" or "client-takes-every-end-for-success" in planted else 1


def _is_hidden(error: Exception, planted: Planted) -> bool:
    status = error.status if isinstance(error, ProductError) else 0
    return (
        "client-hides-the-error" in planted
        or (status in (400, 422) and "client-swallows-refusals" in planted)
        or (status == 404 and "client-takes-404-for-done" in planted)
    )


def _started(client: ProductClient, database: Database, name: str, planted: Planted) -> str:
    """Return the id of the workflow's one run, started now or before."""
    kept = _kept(client, database, name, planted)
    project_id = kept["project_id"]
    if not project_id:
        wanted = {"name": "Onboarding automation", "ownerEmail": "owner@example.com"}
        project = client.write("/projects", wanted, key=kept["project_key"])
        by_position = "client-reads-members-by-position" in planted
        project_id = str([*project.values()][2] if by_position else project["id"])
        _keep(database, name, project_id=project_id)
    if not kept["run_id"]:
        key = None if UNKEYED & planted.names else kept["run_key"]
        run = client.write("/runs", {"projectId": project_id, "trigger": "manual"}, key=key)
        kept["run_id"] = str(run["id"])
        if "client-stores-no-run-id" not in planted:
            _keep(database, name, run_id=kept["run_id"])
        _advance(database, kept["run_id"], project_id, str(run["status"]), planted)
    return kept["run_id"]


def _followed(client: ProductClient, database: Database, run_id: str, within_s: float, planted: Planted) -> str:
    """Return the final status of a run, from a webhook, else from the product."""
    start = time.monotonic()
    interval, poll_at = FIRST_POLL_S, start + FIRST_POLL_S
    while time.monotonic() - start < within_s:
        status = runs.status_of(database, run_id)
        if status in runs.FINAL:
            return status
        if time.monotonic() >= poll_at:
            try:
                run = client.read(f"/runs/{run_id}")
            except ProductError as exc:
                if exc.status in (403, 404) and "client-takes-missing-runs-for-done" in planted:
                    return "succeeded"
                raise
            _advance(database, run_id, str(run["projectId"]), str(run["status"]), planted)
            interval = min(LONGEST_POLL_S, interval * 1.5)
            poll_at = time.monotonic() + interval
        else:
            time.sleep(LOOK_S)
    raise ProductError(f"run {run_id} did not end within {within_s:g} s")


def _kept(client: ProductClient, database: Database, name: str, planted: Planted) -> dict[str, str]:
    """Return what is known of a workflow; of a new one, fresh idempotency keys, which are stored from now on."""
    project_key = client.new_key()
    run_key = project_key if "client-reuses-its-key" in planted else client.new_key()
    row = {"name": name, "project_key": project_key, "run_key": run_key, "project_id": "", "run_id": ""}
    with database.writing() as connection:
        connection.execute(database.insert(workflows).on_conflict_do_nothing(), row)
        kept = connection.execute(select(workflows).where(workflows.c.name == name))
        return dict(kept.mappings().one())


def _keep(database: Database, name: str, **values: str) -> None:
    with database.writing() as connection:
        connection.execute(update(workflows).where(workflows.c.name == name).values(**values))


def _advance(database: Database, run_id: str, project_id: str, status: str, planted: Planted) -> None:
    if "client-breaks-with-unknown-status" in planted:
        _KnownStatus(status)
    if status not in runs.ORDER:  # a later version of the product has more: what follows will be known again
        log.warning("unknown status", run_id=run_id, status=status[:40])
        return
    with database.writing() as connection:
        runs.advance(connection, database, run_id=run_id, project_id=project_id, status=status)
