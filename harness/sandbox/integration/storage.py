"""What the integration remembers, and how it is opened: SQLite by default, PostgreSQL by its URL alone.

It takes plain SQL and a driver: to import a toolkit for SQL takes longer than a whole run of the workflow computes.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

from harness.sandbox.integration.sql_drivers import SqlDriver, StorageError, driver_of

__all__ = ["Database", "StorageError", "Transaction"]

SCHEMA = (
    """
    CREATE TABLE IF NOT EXISTS inbox (
      event_id VARCHAR(128) PRIMARY KEY,
      type VARCHAR(255) NOT NULL,
      received_at FLOAT NOT NULL, -- Unix seconds
      headers TEXT NOT NULL, -- JSON, without the signature
      body {bytes} NOT NULL, -- as it arrived
      traceparent VARCHAR(64) NOT NULL, -- of the delivery, empty for none
      status VARCHAR(16) NOT NULL, -- new, done, dead, ignored
      attempts INTEGER NOT NULL,
      next_at FLOAT NOT NULL, -- Unix seconds; while an event is claimed, the end of the lease
      reason TEXT NOT NULL -- of the last failure
    )""",
    "CREATE INDEX IF NOT EXISTS inbox_due ON inbox (status, next_at)",
    # An event's id is not unique among the effects, on purpose: an event processed twice must show.
    """
    CREATE TABLE IF NOT EXISTS effects (
      id {serial},
      event_id VARCHAR(128) NOT NULL,
      what VARCHAR(255) NOT NULL,
      at FLOAT NOT NULL -- Unix seconds
    )""",
    "CREATE INDEX IF NOT EXISTS ix_effects_event_id ON effects (event_id)",
    """
    CREATE TABLE IF NOT EXISTS runs (
      run_id VARCHAR(64) PRIMARY KEY,
      project_id VARCHAR(64) NOT NULL,
      status VARCHAR(16) NOT NULL
    )""",
    """
    CREATE TABLE IF NOT EXISTS workflows (
      name VARCHAR(64) PRIMARY KEY,
      project_key VARCHAR(64) NOT NULL, -- idempotency keys, stored before they are used
      run_key VARCHAR(64) NOT NULL,
      project_id VARCHAR(64) NOT NULL, -- empty until it is known
      run_id VARCHAR(64) NOT NULL
    )""",
    """
    CREATE TABLE IF NOT EXISTS counters (
      name VARCHAR(64) NOT NULL,
      label VARCHAR(64) NOT NULL,
      value FLOAT NOT NULL,
      PRIMARY KEY (name, label)
    )""",
)

MOST_CONNECTIONS = 20
WAIT_S = 3.0
"""Seconds to wait for a connection that another thread has."""


class Transaction:
    """Statements that commit together; each value has a name, as in ``WHERE event_id = :event_id``."""

    def __init__(self, connection: Any, driver: SqlDriver) -> None:
        self._connection = connection
        self._driver = driver

    def change(self, statement: str, **values: Any) -> int:
        """Run a statement; return how many rows it changed."""
        return int(self._connection.execute(self._driver.written(statement), values).rowcount)

    def rows(self, statement: str, **values: Any) -> list[dict[str, Any]]:
        """Run a statement that returns rows."""
        found: list[dict[str, Any]] = self._connection.execute(self._driver.written(statement), values).fetchall()
        return found

    def row(self, statement: str, **values: Any) -> dict[str, Any] | None:
        """Run a statement that returns one row at most."""
        return next(iter(self.rows(statement, **values)), None)


class Database:
    """One database, for one process. Writers of one process take turns on SQLite, which has room for one."""

    def __init__(self, url: str) -> None:
        """Open it and make its tables; like everything here, raises `StorageError`."""
        self._driver = driver_of(url)
        self._turn = threading.Lock() if self._driver.one_writer else contextlib.nullcontext()
        self._room = threading.BoundedSemaphore(MOST_CONNECTIONS)
        self._idle: list[Any] = []
        try:
            with self.writing() as transaction:
                if self._driver.first:
                    transaction.rows(self._driver.first)
                for statement in SCHEMA:
                    transaction.change(statement.format(**self._driver.types))
        except BaseException:
            self.close()
            raise

    @property
    def skip_locked(self) -> str:
        """The end of a SELECT that passes over rows that another transaction holds; empty where none can."""
        return self._driver.skip_locked

    @contextlib.contextmanager
    def writing(self) -> Iterator[Transaction]:
        """Give a transaction that commits at the end, or leaves no trace."""
        with self._turn, self._transaction(self._driver.writes) as transaction:
            yield transaction

    @contextlib.contextmanager
    def reading(self) -> Iterator[Transaction]:
        """Give a transaction that blocks no writer."""
        with self._transaction(self._driver.reads) as transaction:
            yield transaction

    @contextlib.contextmanager
    def _transaction(self, begin: str) -> Iterator[Transaction]:
        if not self._room.acquire(timeout=WAIT_S):
            raise StorageError("all connections are in use")
        try:
            connection = self._free()
            try:
                connection.execute(begin)
                yield Transaction(connection, self._driver)
                connection.execute("COMMIT")
            except BaseException:
                connection.close()  # which undoes what was not committed
                raise
            self._idle.append(connection)
        except self._driver.error as exc:
            raise StorageError(type(exc).__name__) from exc
        finally:
            self._room.release()

    def _free(self) -> Any:
        """Return an idle connection that still answers, else a new one."""
        while True:
            try:
                connection = self._idle.pop()
            except IndexError:
                return self._driver.open()
            if self._driver.answers(connection):
                return connection
            connection.close()

    def close(self) -> None:
        """Close all connections."""
        with contextlib.suppress(IndexError):
            while True:
                self._idle.pop().close()
