"""The runs the integration knows; their status only ever moves forward."""

from __future__ import annotations

from sqlalchemy import Connection, select

from harness.sandbox.integration.storage import Database, runs

ORDER = ("queued", "running", "succeeded", "failed", "cancelled")
FINAL = frozenset(ORDER[2:])


def advance(
    connection: Connection, database: Database, *, run_id: str, project_id: str, status: str, forward_only: bool = True
) -> None:
    """Remember a run's status, unless it is known to be further: webhooks and answers arrive in any order."""
    earlier = ORDER[: min(ORDER.index(status), 2)] if forward_only else ORDER
    row = database.insert(runs).values(run_id=run_id, project_id=project_id, status=status)
    forward = row.on_conflict_do_update(
        index_elements=["run_id"], set_={"status": status}, where=runs.c.status.in_(earlier)
    )
    connection.execute(forward)


def status_of(database: Database, run_id: str) -> str:
    """Return the status of a run as far as it is known, empty for none."""
    with database.reading() as connection:
        return connection.execute(select(runs.c.status).where(runs.c.run_id == run_id)).scalar() or ""
