"""The inbox: an event is stored once, claimed by one worker at a time, and becomes a dead letter if it fails."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.sandbox.defects import Planted
from harness.sandbox.integration import counts
from harness.sandbox.integration.storage import Database, Transaction

MAX_REASON = 500

_ADD = """
INSERT INTO inbox
  (event_id, type, received_at, headers, body, traceparent, status, attempts, next_at, reason)
VALUES
  (:event_id, :type, :now, :headers, :body, :traceparent, :status, 0, :now, '')
ON CONFLICT DO NOTHING
"""
_DUE = "SELECT event_id FROM inbox WHERE status = 'new' AND next_at <= :now ORDER BY next_at LIMIT 1"
_CLAIM = """
UPDATE inbox SET next_at = :until, attempts = attempts + 1
WHERE event_id = ({due}) AND status = 'new' AND next_at <= :now
RETURNING event_id, type, body, traceparent, attempts
"""
_MINE = "event_id = :event_id AND status = 'new' AND attempts = :claimed"
"""A claim that no other worker has taken over."""
_EXTEND = f"UPDATE inbox SET next_at = :until WHERE {_MINE}"  # noqa: S608 - constants alone, here and below
_FINISH = f"UPDATE inbox SET status = 'done', reason = '' WHERE {_MINE}"  # noqa: S608
_FAIL = f"""
UPDATE inbox SET status = :status, next_at = :next_at, reason = :reason, body = :body, attempts = :attempts
WHERE {_MINE}
"""  # noqa: S608
_DROP_REDRIVEN = f"DELETE FROM inbox WHERE {_MINE} AND reason <> ''"  # noqa: S608
_DROP_DEAD = "DELETE FROM inbox WHERE status = 'dead'"
_AGAIN = "UPDATE inbox SET status = 'new', attempts = 0, next_at = :now WHERE status = :status"
_STATE = """
SELECT status, attempts, reason, body, (SELECT count(*) FROM effects WHERE effects.event_id = inbox.event_id) AS effects
FROM inbox WHERE event_id = :event_id
"""
_DEPTH = """
SELECT count(*) AS waiting, min(received_at) AS oldest, (SELECT count(*) FROM inbox WHERE status = 'dead') AS dead
FROM inbox WHERE status = 'new'
"""


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


def add(transaction: Transaction, event: InboxEvent) -> bool:
    """Store an event within the caller's transaction; False when its id was there already."""
    stored = transaction.change(
        _ADD,
        event_id=event.event_id,
        type=event.type,
        now=time.time(),
        headers=event.headers,
        body=event.body,
        traceparent=event.traceparent,
        status="new" if event.known else "ignored",
    )
    return stored == 1


def claim(database: Database, *, lease_s: float) -> Claimed | None:
    """Take the event that is due first, for ``lease_s`` seconds: should this process die, it is due again then."""
    now = time.time()
    with database.reading() as transaction:
        if transaction.row(_DUE, now=now) is None:
            return None
    statement = _CLAIM.format(due=f"{_DUE} {database.skip_locked}")
    with database.writing() as transaction:
        row = transaction.row(statement, now=now, until=now + lease_s)
    return None if row is None else Claimed(**row)


def extend(database: Database, claims: Sequence[Claimed], *, lease_s: float) -> None:
    """Prolong claims that are still being worked on."""
    with database.writing() as transaction:
        for claimed in sorted(claims, key=lambda c: c.event_id):
            transaction.change(_EXTEND, until=time.time() + lease_s, **_mine(claimed))


def finish(transaction: Transaction, claimed: Claimed) -> bool:
    """Mark as done within the caller's transaction; False when the claim is no longer ours, and nothing may be done."""
    return transaction.change(_FINISH, **_mine(claimed)) == 1


def fail(
    database: Database, claimed: Claimed, *, reason: str, dead: bool, delay_s: float, planted: Planted | None = None
) -> None:
    """Queue an event for a retry, or make it a dead letter with its reason, attempts and raw body."""
    planted = planted or Planted()
    values: dict[str, Any] = {
        "reason": reason.replace("\0", "\\0")[:MAX_REASON],  # PostgreSQL stores no NUL in text
        "next_at": time.time() + delay_s,
        "status": "dead" if dead else "new",
        "body": claimed.body,
        "attempts": claimed.attempts,
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
    with database.writing() as transaction:
        if dead and "worker-overwrites-dead-letters" in planted:
            transaction.change(_DROP_DEAD)
        if claimed.attempts == 1 and "worker-loses-redriven-events" in planted:  # only those have a reason before that
            transaction.change(_DROP_REDRIVEN, **_mine(claimed))
        mine = transaction.change(_FAIL, **values, **_mine(claimed)) == 1
        if dead and mine and "worker-counts-no-dead-letters" not in planted:
            counts.add(transaction, {(counts.DEAD_LETTERS, ""): 1})
        if dead and "worker-drops-the-dead" in planted:
            transaction.change("DELETE FROM inbox WHERE event_id = :event_id", event_id=claimed.event_id)


def drive_again(database: Database, event_ids: Sequence[str], *, status: str = "dead") -> int:
    """Make events new again, as if never tried; return how many there were. Of no ids, all dead letters."""
    now = time.time()
    with database.writing() as transaction:
        if not event_ids:
            return transaction.change(_AGAIN, now=now, status=status)
        one = f"{_AGAIN} AND event_id = :event_id"
        return sum(transaction.change(one, now=now, status=status, event_id=event_id) for event_id in event_ids)


def drop_dead_letters(database: Database) -> None:
    """Forget all dead letters: for a planted defect alone."""
    with database.writing() as transaction:
        transaction.change(_DROP_DEAD)


def dead_letters(database: Database, event_id: str | None = None) -> list[dict[str, Any]]:
    """Return the dead letters, or the one with that id, oldest first, as rows of the inbox."""
    with database.reading() as transaction:
        rows = transaction.rows("SELECT * FROM inbox WHERE status = 'dead' ORDER BY received_at")
    return [row for row in rows if event_id in (None, row["event_id"])]


def state(database: Database, event_id: str) -> dict[str, Any] | None:
    """Return what became of an event, None when it is unknown."""
    with database.reading() as transaction:
        row = transaction.row(_STATE, event_id=event_id)
    if row is None:
        return None
    return {
        "id": event_id,
        "status": row["status"],
        "effects": row["effects"],
        "attempts": row["attempts"],
        "reason": row["reason"],
        "bodySha256": hashlib.sha256(row["body"]).hexdigest(),
    }


def depth(database: Database) -> tuple[int, float, int]:
    """Return how many events wait, for how many seconds the longest has, and how many dead letters lie."""
    with database.reading() as transaction:
        [row] = transaction.rows(_DEPTH)
    waits_s = max(0.0, time.time() - row["oldest"]) if row["waiting"] else 0.0
    return row["waiting"], waits_s, row["dead"]


def _mine(claimed: Claimed) -> dict[str, Any]:
    """Return the values of `_MINE`."""
    return {"event_id": claimed.event_id, "claimed": claimed.attempts}
