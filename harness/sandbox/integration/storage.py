"""What the integration remembers: the inbox of events, the runs it follows, and its counters."""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import (
    Column,
    Engine,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    event,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError, OperationalError

metadata = MetaData()

inbox = Table(
    "inbox",
    metadata,
    Column("event_id", String(128), primary_key=True),
    Column("type", String(64), nullable=False),
    Column("received_at", Float, nullable=False),  # Unix seconds
    Column("headers", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("status", String(16), nullable=False),  # new, done, dead, ignored
    Column("attempts", Integer, nullable=False, default=0),
    Column("next_at", Float, nullable=False, index=True),  # Unix seconds
    Column("reason", Text, nullable=False, default=""),
    Column("effects", Integer, nullable=False, default=0),
)
runs = Table(
    "runs",
    metadata,
    Column("run_id", String(64), primary_key=True),
    Column("project_id", String(64), nullable=False),
    Column("status", String(16), nullable=False),
)
counters = Table(
    "counters",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Integer, nullable=False),
)


def open_database(url: str) -> Engine:
    """Open the database and make its tables; SQLite is set to survive a crash after each commit."""
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _durable)
    for attempt in range(5):
        try:
            metadata.create_all(engine)
            break
        except OperationalError:  # another process is making the same tables
            if attempt == 4:
                raise
            time.sleep(0.05)
    return engine


def _durable(connection: Any, _record: Any) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=5000"):
        connection.execute(f"PRAGMA {pragma}")


def add_event(engine: Engine, *, event_id: str, event_type: str, headers: str, body: bytes, known: bool) -> bool:
    """Store an event, committed; False when its id is there already."""
    now = time.time()
    values = {"event_id": event_id, "type": event_type, "received_at": now, "headers": headers, "body": body}
    try:
        with engine.begin() as connection:
            status = "new" if known else "ignored"
            connection.execute(insert(inbox).values(**values, status=status, next_at=now))
    except IntegrityError:
        return False
    return True


def event_state(engine: Engine, event_id: str) -> dict[str, Any] | None:
    """Return status, effects and attempts of an event, None when it is unknown."""
    query = select(inbox.c.status, inbox.c.effects, inbox.c.attempts).where(inbox.c.event_id == event_id)
    with engine.connect() as connection:
        row = connection.execute(query).one_or_none()
    return None if row is None else {"id": event_id, "status": row[0], "effects": row[1], "attempts": row[2]}


def save_run(engine: Engine, *, run_id: str, project_id: str, status: str) -> None:
    """Remember a run and its status."""
    with engine.begin() as connection:
        done = connection.execute(update(runs).where(runs.c.run_id == run_id).values(status=status))
        if done.rowcount == 0:
            connection.execute(insert(runs).values(run_id=run_id, project_id=project_id, status=status))


def count(engine: Engine, name: str) -> None:
    """Add one to a counter that all processes of the integration share."""
    with engine.begin() as connection:
        done = connection.execute(update(counters).where(counters.c.name == name).values(value=counters.c.value + 1))
        if done.rowcount == 0:
            connection.execute(insert(counters).values(name=name, value=1))


def counted(engine: Engine, name: str) -> int:
    """Return the value of a counter."""
    with engine.connect() as connection:
        return connection.execute(select(counters.c.value).where(counters.c.name == name)).scalar() or 0
