from __future__ import annotations

from typing import Any

import pytest

from harness.sandbox.integration import storage
from harness.sandbox.integration.sql_drivers import PostgresqlDriver
from harness.sandbox.integration.storage import Database, StorageError

ADD = "INSERT INTO runs (run_id, project_id, status) VALUES (:run_id, 'p', 'queued')"


def stored(database: Database) -> list[str]:
    with database.reading() as transaction:
        return [row["run_id"] for row in transaction.rows("SELECT run_id FROM runs")]


def test_an_error_leaves_no_trace_and_stops_nothing(database: Database) -> None:
    """What a transaction did before it failed is undone; the next one goes well, and the error quotes no value."""

    def twice(run_id: str) -> None:
        with database.writing() as transaction:
            transaction.change(ADD, run_id=run_id)
            transaction.change(ADD, run_id=run_id)

    with pytest.raises(StorageError, match=r"^IntegrityError$"):
        twice("a")
    with database.writing() as transaction:
        assert transaction.change(ADD, run_id="b") == 1

    assert stored(database) == ["b"]


def test_a_connection_is_waited_for_no_longer_than_a_moment(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where all are in use, the error states that."""
    monkeypatch.setattr(storage, "MOST_CONNECTIONS", 1)
    monkeypatch.setattr(storage, "WAIT_S", 0.01)
    database = Database(settings.database)

    with database.reading(), pytest.raises(StorageError, match="all connections are in use"):
        stored(database)
    assert stored(database) == []
    database.close()


def test_another_database_is_refused() -> None:
    """The message names the two that there are."""
    with pytest.raises(StorageError, match="neither SQLite nor PostgreSQL"):
        Database("mysql://u@h/d")


def test_names_are_written_as_postgresql_takes_them() -> None:
    """Each value has its name, also where it occurs twice."""
    driver = PostgresqlDriver("postgresql://u@h/d")

    assert driver.written("SELECT :now, 'a' WHERE next_at <= :now") == "SELECT %(now)s, 'a' WHERE next_at <= %(now)s"
