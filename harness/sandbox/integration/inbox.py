"""The inbox: an event is stored once, claimed by one worker at a time, and becomes a dead letter if it fails."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, func, select, update

from harness.sandbox.defects import Planted
from harness.sandbox.integration import counts
from harness.sandbox.integration.storage import Database, effects, inbox

MAX_REASON = 500


@dataclass(frozen=True, kw_only=True)
class InboxEvent:
    """A delivery that was verified."""

    event_id: str
    type: str
    headers: str
    """JSON, without the signature."""
    body: bytes = field(repr=False)
    traceparent: str
    """W3C Trace Context of the delivery, empty for none."""
    known: bool
    """Whether there is something to do for its type."""


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """An event claimed by one worker. Its number of attempts distinguishes a claim from later ones."""

    event_id: str
    type: str
    body: bytes = field(repr=False)
    traceparent: str
    attempts: int
    """This one included."""


def add(connection: Connection, database: Database, events: Sequence[InboxEvent]) -> list[bool]:
    """Store events within the caller's transaction; for each, False when its id was there already."""
    now = time.time()
    rows = [
        {
            "event_id": event.event_id,
            "type": event.type,
            "received_at": now,
            "headers": event.headers,
            "body": event.body,
            "traceparent": event.traceparent,
            "status": "new" if event.known else "ignored",
            "attempts": 0,
            "next_at": now,
            "reason": "",
        }
        for event in events
    ]
    new = database.insert(inbox).on_conflict_do_nothing().returning(inbox.c.event_id)
    ids = set(connection.execute(new, rows).scalars())
    added = []
    for event in events:
        added.append(event.event_id in ids)
        ids.discard(event.event_id)
    return added


def claim(database: Database, *, lease_s: float) -> Claimed | None:
    """Take the event that is due first, for ``lease_s`` seconds: should this process die, it is due again then."""
    now = time.time()
    due = select(inbox.c.event_id).where(inbox.c.status == "new", inbox.c.next_at <= now)
    due = due.order_by(inbox.c.next_at).limit(1)
    with database.reading() as connection:
        if connection.execute(due).first() is None:
            return None
    if database.skips_locked:
        due = due.with_for_update(skip_locked=True)
    taken = (
        update(inbox)
        .where(inbox.c.event_id == due.scalar_subquery(), inbox.c.status == "new", inbox.c.next_at <= now)
        .values(next_at=now + lease_s, attempts=inbox.c.attempts + 1)
        .returning(inbox.c.event_id, inbox.c.type, inbox.c.body, inbox.c.traceparent, inbox.c.attempts)
    )
    with database.writing() as connection:
        row = connection.execute(taken).mappings().one_or_none()
    return None if row is None else Claimed(**row)


def extend(database: Database, claims: Sequence[Claimed], *, lease_s: float) -> None:
    """Prolong claims that are still being worked on."""
    with database.writing() as connection:
        for claimed in sorted(claims, key=lambda c: c.event_id):
            connection.execute(update(inbox).where(_mine(claimed)).values(next_at=time.time() + lease_s))


def finish(connection: Connection, claimed: Claimed) -> bool:
    """Mark as done within the caller's transaction; False when the claim is no longer ours, and nothing may be done."""
    return connection.execute(update(inbox).where(_mine(claimed)).values(status="done", reason="")).rowcount == 1


def fail(
    database: Database, claimed: Claimed, *, reason: str, dead: bool, delay_s: float, planted: Planted | None = None
) -> None:
    """Queue an event for a retry, or make it a dead letter with its reason, attempts and raw body."""
    planted = planted or Planted()
    values: dict[str, Any] = {
        "reason": reason.replace("\0", "\\0")[:MAX_REASON],  # PostgreSQL stores no NUL in text
        "next_at": time.time() + delay_s,
        "status": "dead" if dead else "new",
    }
    if dead and "worker-forgets-dead-bodies" in planted:
        values["body"] = b""
    if dead and "worker-rewrites-dead-bodies" in planted:
        values["body"] = json.dumps(json.loads(claimed.body), separators=(",", ":"), ensure_ascii=False).encode()
    if dead and "worker-swallows-failures" in planted:
        values["status"] = "done"
    if "worker-keeps-no-reason" in planted:
        values["reason"] = ""
    if dead and "worker-counts-attempts-wrong" in planted:
        values["attempts"] = 0
    with database.writing() as connection:
        if dead and "worker-overwrites-dead-letters" in planted:
            connection.execute(delete(inbox).where(inbox.c.status == "dead"))
        if claimed.attempts == 1 and "worker-loses-redriven-events" in planted:  # only those have a reason before that
            connection.execute(delete(inbox).where(_mine(claimed), inbox.c.reason != ""))
        mine = connection.execute(update(inbox).where(_mine(claimed)).values(**values)).rowcount == 1
        if dead and mine and "worker-counts-no-dead-letters" not in planted:
            counts.add(connection, database, {(counts.DEAD_LETTERS, ""): 1})
        if dead and "worker-drops-the-dead" in planted:
            connection.execute(delete(inbox).where(inbox.c.event_id == claimed.event_id))


def drive_again(database: Database, event_ids: Sequence[str], *, status: str = "dead") -> int:
    """Make events new again, as if never tried; return how many there were. Of no ids, all dead letters."""
    which = inbox.c.status == status
    if event_ids:
        which &= inbox.c.event_id.in_(event_ids)
    with database.writing() as connection:
        again = update(inbox).where(which).values(status="new", attempts=0, next_at=time.time())
        return connection.execute(again).rowcount


def drop_dead_letters(database: Database, event_id: str | None = None) -> None:
    """Forget all dead letters, or the one with that id: for planted defects alone."""
    which = inbox.c.status == "dead"
    if event_id is not None:
        which &= inbox.c.event_id == event_id
    with database.writing() as connection:
        connection.execute(delete(inbox).where(which))


def dead_letters(database: Database, event_id: str | None = None) -> list[dict[str, Any]]:
    """Return the dead letters, or the one with that id, oldest first, as rows of the inbox."""
    query = select(inbox).where(inbox.c.status == "dead").order_by(inbox.c.received_at)
    if event_id is not None:
        query = query.where(inbox.c.event_id == event_id)
    with database.reading() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def state(database: Database, event_id: str) -> dict[str, Any] | None:
    """Return what became of an event, None when it is unknown."""
    query = select(inbox.c.status, inbox.c.attempts, inbox.c.reason, inbox.c.body)
    happened = select(func.count()).select_from(effects).where(effects.c.event_id == event_id)
    with database.reading() as connection:
        row = connection.execute(query.where(inbox.c.event_id == event_id)).one_or_none()
        if row is None:
            return None
        number = connection.execute(happened).scalar_one()
    digest = hashlib.sha256(row.body).hexdigest()
    return {
        "id": event_id,
        "status": row.status,
        "effects": number,
        "attempts": row.attempts,
        "reason": row.reason,
        "bodySha256": digest,
    }


def depth(database: Database) -> tuple[int, float, int]:
    """Return how many events wait, for how many seconds the longest has, and how many dead letters lie."""
    waiting = select(func.count(), func.min(inbox.c.received_at)).where(inbox.c.status == "new")
    dead = select(func.count()).select_from(inbox).where(inbox.c.status == "dead")
    with database.reading() as connection:
        number, oldest = connection.execute(waiting).one()
        lying = connection.execute(dead).scalar_one()
    return number, max(0.0, time.time() - oldest) if number else 0.0, lying


def _mine(claimed: Claimed) -> ColumnElement[bool]:
    return (inbox.c.event_id == claimed.event_id) & (inbox.c.status == "new") & (inbox.c.attempts == claimed.attempts)
