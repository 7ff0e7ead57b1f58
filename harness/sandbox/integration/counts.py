"""Counts that the processes of the integration share, stored in the database.

So neither a crash nor a second process makes them wrong. Every series exists, at zero, from the first opening.
"""

from __future__ import annotations

from collections.abc import Mapping

import structlog
from sqlalchemy import Connection, select
from sqlalchemy.exc import SQLAlchemyError

from harness.sandbox.integration.storage import Database, counters

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Upper bounds of histogram buckets; what takes longer than the last is beyond every budget."""
BEYOND = "+Inf"

REQUESTS = "product_client_requests"
OUTCOMES = ("success", "refused", "limited", "unavailable", "broken", "malformed")
"""How an attempt ended: 2xx, 4xx, 429, 5xx, no whole answer, an answer that cannot be understood."""
RETRIES = "product_client_retries"
AUTH_FAILURES = "product_client_auth_failures"
DEAD_LETTERS = "webhook_dead_letters"
PROCESSING = "webhook_processing_seconds"
PROCESSING_SUM = f"{PROCESSING}_sum"

Series = tuple[str, str]
"""Name and label."""

log = structlog.get_logger()

ALL: tuple[Series, ...] = (
    *((REQUESTS, outcome) for outcome in OUTCOMES),
    (RETRIES, ""),
    (AUTH_FAILURES, ""),
    (DEAD_LETTERS, ""),
    *((PROCESSING, str(bound)) for bound in (*SECONDS, BEYOND)),
    (PROCESSING_SUM, ""),
)


def add(connection: Connection, database: Database, amounts: Mapping[Series, float]) -> None:
    """Add to counts within the caller's transaction; in one order always, so that two never wait for each other."""
    for (name, label), amount in sorted(amounts.items()):
        row = database.insert(counters).values(name=name, label=label, value=amount)
        more = {"value": counters.c.value + row.excluded.value}
        connection.execute(row.on_conflict_do_update(index_elements=["name", "label"], set_=more))


def add_quietly(database: Database, amounts: Mapping[Series, float]) -> None:
    """Add to counts in a transaction of their own; what is counted must not fail because it cannot be counted."""
    try:
        with database.writing() as connection:
            add(connection, database, amounts)
    except SQLAlchemyError as exc:
        log.warning("not counted", series=[name for name, _ in amounts], error=type(exc).__name__)


def processed(seconds: float) -> dict[Series, float]:
    """Return what one processed event adds to the histogram."""
    bound = next((b for b in SECONDS if seconds <= b), BEYOND)
    return {(PROCESSING, str(bound)): 1, (PROCESSING_SUM, ""): seconds}


def read(database: Database) -> dict[Series, float]:
    """Return all counts, those included that are still zero."""
    with database.reading() as connection:
        rows = connection.execute(select(counters.c.name, counters.c.label, counters.c.value))
        return dict.fromkeys(ALL, 0.0) | {(name, label): value for name, label, value in rows}
