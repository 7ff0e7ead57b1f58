"""What the integration remembers, and how it is opened: SQLite by default, PostgreSQL by its URL alone."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections.abc import Iterator
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    event,
    text,
)
from sqlalchemy.dialects import sqlite

metadata = MetaData()

inbox = Table(
    "inbox",
    metadata,
    Column("event_id", String(128), primary_key=True),
    Column("type", String(255), nullable=False),
    Column("received_at", Float, nullable=False),  # Unix seconds
    Column("headers", Text, nullable=False),  # JSON, without the signature
    Column("body", LargeBinary, nullable=False),  # as it arrived
    Column("traceparent", String(64), nullable=False),  # of the delivery, empty for none
    Column("status", String(16), nullable=False),  # new, done, dead, ignored
    Column("attempts", Integer, nullable=False),
    Column("next_at", Float, nullable=False),  # Unix seconds; while an event is claimed, the end of the lease
    Column("reason", Text, nullable=False),  # of the last failure
)
Index("inbox_due", inbox.c.status, inbox.c.next_at)

effects = Table(
    "effects",
    metadata,
    Column("id", Integer, primary_key=True),
    # Not unique, on purpose: an event processed twice must show.
    Column("event_id", String(128), nullable=False, index=True),
    Column("what", String(255), nullable=False),
    Column("at", Float, nullable=False),  # Unix seconds
)
runs = Table(
    "runs",
    metadata,
    Column("run_id", String(64), primary_key=True),
    Column("project_id", String(64), nullable=False),
    Column("status", String(16), nullable=False),
)
workflows = Table(
    "workflows",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("project_key", String(64), nullable=False),  # idempotency keys, kept before they are used
    Column("run_key", String(64), nullable=False),
    Column("project_id", String(64), nullable=False),  # empty until it is known
    Column("run_id", String(64), nullable=False),
)
counters = Table(
    "counters",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("label", String(64), primary_key=True),
    Column("value", Float, nullable=False),
)

_SCHEMA_LOCK = 0x5AD8  # any number, the same in every process


class Database:
    """One database, for one process. Writers of one process take turns on SQLite, which has room for one."""

    def __init__(self, url: str) -> None:
        """Open it and make its tables; SQLite is set so that a commit survives a crash of the machine."""
        lite = url.startswith("sqlite")
        pool: dict[str, Any] = {"pool_size": 10, "max_overflow": 10, "pool_timeout": 3}
        if not lite:
            pool |= {"pool_pre_ping": True, "connect_args": {"connect_timeout": 3}}
        self._engine = create_engine(url, hide_parameters=True, **pool)  # errors must not quote what an event said
        self._turn = threading.Lock() if lite else contextlib.nullcontext()
        self._insert = sqlite.insert if lite else _insert_of_postgresql()
        if lite:
            event.listen(self._engine, "connect", _durable)
            event.listen(self._engine, "begin", _begin)
        self._reader = self._engine.execution_options(reads_only=True)
        try:
            with self.writing() as connection:
                if not lite:
                    connection.execute(text(f"SELECT pg_advisory_xact_lock({_SCHEMA_LOCK})"))
                metadata.create_all(connection)
        except BaseException:
            self.close()
            raise

    @property
    def skips_locked(self) -> bool:
        """Whether rows that another transaction holds can be passed over."""
        return self._engine.dialect.name == "postgresql"

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a transaction that commits at the end, or leaves no trace."""
        with self._turn, self._engine.begin() as connection:
            yield connection

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """Yield a connection that blocks no writer."""
        with self._reader.connect() as connection:
            yield connection

    def insert(self, table: Table) -> Any:
        """Return an INSERT that knows ON CONFLICT."""
        return self._insert(table)

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()


def _insert_of_postgresql() -> Any:
    from sqlalchemy.dialects import postgresql  # takes longer to import than a whole run of the workflow computes

    return postgresql.insert


def _durable(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # transactions begin below, not where the driver guesses
    connection.execute("PRAGMA busy_timeout=3000")
    for attempt in range(50):
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            break
        except sqlite3.OperationalError:  # another process is changing it too, which heeds no busy_timeout
            if attempt == 49:
                raise
            time.sleep(0.02)
    connection.execute("PRAGMA synchronous=FULL")


def _begin(connection: Connection) -> None:
    # A writer that begins as a reader cannot become one once another has written (SQLITE_BUSY_SNAPSHOT).
    reads_only = connection.get_execution_options().get("reads_only")
    connection.exec_driver_sql("BEGIN" if reads_only else "BEGIN IMMEDIATE")
