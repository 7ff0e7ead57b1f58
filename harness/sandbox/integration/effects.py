"""What an event does: first what may be slow and can be repeated, then the effect.

The effect belongs into the transaction that marks the event as done.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection

from harness.sandbox.integration import promised, runs
from harness.sandbox.integration.storage import Database, effects

STATUS = {"run.started": "running", "run.succeeded": "succeeded", "run.failed": "failed"}
KNOWN = frozenset({"project.created", *STATUS})
"""Types of events that are processed; others are only acknowledged and stored."""
SLOWEST_S = 30.0

LookUp = Callable[[str], str]
"""Asks the product for a run's status; empty when it returns none."""


class UnprocessableEventError(Exception):
    """An event with missing data."""


class UnpromisedEventError(UnprocessableEventError):
    """An event that the product's description does not allow: it will be no better the next time."""


def prepare(event_type: str, event: dict[str, Any], *, look_up: LookUp, simulate: bool, trusting: bool = False) -> str:
    """Return the status that the event leads to, empty for none; nothing is changed, so it may happen again.

    An event is a hint and the product knows better, so it is asked; an event of a run it does not know (or cannot be
    asked about now) is taken by its signed word. With ``simulate`` an event with ``data.simulate.processingSeconds``
    is processed that slowly, so that a test can see what slow processing does to the acknowledgement.
    ``trusting`` accepts an event that the product's document does not allow, too.
    """
    data = event.get("data")
    if not isinstance(data, dict):
        raise UnprocessableEventError("data is missing")
    if simulate:
        time.sleep(min(SLOWEST_S, float((data.get("simulate") or {}).get("processingSeconds", 0))))
    subject = _text(data, "run" if event_type in STATUS else "project", "id")
    if not trusting and (breach := promised.breach(event_type, event)):
        raise UnpromisedEventError(breach)
    if event_type not in STATUS:
        return ""
    found = look_up(subject)
    return found if found in runs.FINAL else STATUS[event_type]


def apply(
    connection: Connection,
    database: Database,
    *,
    event_id: str,
    event_type: str,
    event: dict[str, Any],
    status: str,
    forward_only: bool = True,
) -> None:
    """Have the effect, in the caller's transaction."""
    note(connection, event_id, status or event_type)
    if status:
        run_id, project_id = _text(event["data"], "run", "id"), _text(event["data"], "run", "projectId")
        runs.advance(
            connection, database, run_id=run_id, project_id=project_id, status=status, forward_only=forward_only
        )


def note(connection: Connection, event_id: str, what: str) -> None:
    """Note one effect of an event, in the caller's transaction."""
    connection.execute(effects.insert().values(event_id=event_id, what=what, at=time.time()))


def _text(data: dict[str, Any], part: str, key: str) -> str:
    found = data.get(part)
    value = found.get(key) if isinstance(found, dict) else None
    if not isinstance(value, str) or not value or "\0" in value:
        raise UnprocessableEventError(f"data.{part}.{key} is missing or not text")
    return value
