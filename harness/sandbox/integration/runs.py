"""The runs the integration knows; their status only ever moves forward."""

from __future__ import annotations

from harness.sandbox.integration.storage import Database, Transaction

ORDER = ("queued", "running", "succeeded", "failed", "cancelled")
FINAL = frozenset(ORDER[2:])
_ADVANCE = """
INSERT INTO runs (run_id, project_id, status) VALUES (:run_id, :project_id, :status)
ON CONFLICT (run_id) DO UPDATE SET status = excluded.status WHERE runs.status IN ({earlier})
"""


def advance(transaction: Transaction, *, run_id: str, project_id: str, status: str, forward_only: bool = True) -> None:
    """Remember a run's status, unless it is known to be further: webhooks and answers arrive in any order."""
    earlier = ORDER[: min(ORDER.index(status), 2)] if forward_only else ORDER
    statement = _ADVANCE.format(earlier=", ".join(f"'{known}'" for known in ("", *earlier)))
    transaction.change(statement, run_id=run_id, project_id=project_id, status=status)


def status_of(database: Database, run_id: str) -> str:
    """Return the status of a run as far as it is known, empty for none."""
    with database.reading() as transaction:
        row = transaction.row("SELECT status FROM runs WHERE run_id = :run_id", run_id=run_id)
    return str(row["status"]) if row else ""
