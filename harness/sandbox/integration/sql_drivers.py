"""The databases that the integration can use, by their drivers: what differs between SQLite and PostgreSQL."""

from __future__ import annotations

import re
import sqlite3
import time
from functools import cache
from typing import Any, Protocol

SQLITE = "sqlite:///"
POSTGRESQL = "postgresql://"

_CONNECT_S = 3
_SCHEMA_LOCK = 0x5AD8  # any number, the same in every process
_NAMED = re.compile(r":([a-z_]+)")


class StorageError(Exception):
    """The database did not do what it was to do; names the driver's error, whose text may quote an event."""


class SqlDriver(Protocol):
    """One kind of database."""

    error: type[Exception]
    one_writer: bool
    """Whether it has room for one at a time."""
    types: dict[str, str]
    """How it calls the types that the two call differently."""
    reads: str
    """The statement that begins a transaction without changes."""
    writes: str
    """The statement that begins one with changes."""
    first: str
    """A statement to run before tables are made; empty for none."""
    skip_locked: str
    """The end of a SELECT that passes over rows that another transaction holds; empty where it cannot."""

    def open(self) -> Any:
        """Return a new connection, whose rows are dictionaries."""

    def answers(self, connection: Any) -> bool:
        """Whether a connection that was idle is still good."""

    def written(self, statement: str) -> str:
        """Return a statement with its names, as in ``:event_id``, as this driver has them."""


def driver_of(url: str) -> SqlDriver:
    """Return the driver of a database; raises `StorageError` where there is none."""
    if url.startswith(SQLITE):
        return SqliteDriver(url.removeprefix(SQLITE))
    if url.startswith(POSTGRESQL):
        return PostgresqlDriver(url)
    raise StorageError("neither SQLite nor PostgreSQL")


class SqliteDriver:
    """A file, set so that a commit survives a crash of the machine."""

    error: type[Exception] = sqlite3.Error
    one_writer = True
    types = {"serial": "INTEGER PRIMARY KEY", "bytes": "BLOB"}  # noqa: RUF012 - never changed
    reads = "BEGIN"
    # A writer that begins as a reader cannot become one once another has written (SQLITE_BUSY_SNAPSHOT).
    writes = "BEGIN IMMEDIATE"
    first = ""
    skip_locked = ""

    def __init__(self, path: str) -> None:
        self._path = path

    def open(self) -> Any:
        """Return a connection that any one thread at a time may use."""
        connection = sqlite3.connect(self._path, timeout=_CONNECT_S, isolation_level=None, check_same_thread=False)
        try:
            connection.row_factory = _as_dictionary
            _make_durable(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def answers(self, connection: Any) -> bool:  # noqa: ARG002 - as the protocol has it
        """Return True: a file does not go away."""
        return True

    def written(self, statement: str) -> str:
        """Return it as it is."""
        return statement


class PostgresqlDriver:
    """A server."""

    one_writer = False
    types = {"serial": "SERIAL PRIMARY KEY", "bytes": "BYTEA"}  # noqa: RUF012 - never changed
    reads = writes = "BEGIN"
    first = f"SELECT pg_advisory_xact_lock({_SCHEMA_LOCK})"
    skip_locked = "FOR UPDATE SKIP LOCKED"

    def __init__(self, url: str) -> None:
        import psycopg  # takes longer to import than a whole run of the workflow computes

        self._url = url
        self.error: type[Exception] = psycopg.Error

    def open(self) -> Any:
        """Return a connection; transactions begin where we begin them."""
        import psycopg
        from psycopg.rows import dict_row

        return psycopg.connect(self._url, autocommit=True, row_factory=dict_row, connect_timeout=_CONNECT_S)

    def answers(self, connection: Any) -> bool:
        """Ask the server, which may have been restarted meanwhile."""
        try:
            connection.execute("SELECT 1")
        except self.error:
            return False
        return True

    def written(self, statement: str) -> str:
        """Return it with ``%(event_id)s`` in place of ``:event_id``."""
        return _of_psycopg(statement)


@cache
def _of_psycopg(statement: str) -> str:
    return _NAMED.sub(r"%(\1)s", statement)


def _as_dictionary(cursor: sqlite3.Cursor, row: tuple[Any, ...]) -> dict[str, Any]:
    return {column[0]: value for column, value in zip(cursor.description, row, strict=True)}


def _make_durable(connection: sqlite3.Connection) -> None:
    for attempt in range(50):
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            break
        except sqlite3.OperationalError:  # another process is changing it too, which heeds no time-out
            if attempt == 49:
                raise
            time.sleep(0.02)
    connection.execute("PRAGMA synchronous=FULL")
