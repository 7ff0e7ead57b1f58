from __future__ import annotations

import base64
import gc
import json
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner, Result
from sqlalchemy.exc import DatabaseError

from harness.sandbox.__main__ import main
from harness.sandbox.integration.inbox import InboxEvent
from harness.sandbox.integration.intake import Intake
from harness.sandbox.integration.storage import Database
from harness.sandbox.integration.worker import Worker, WorkPolicy

BODY = b'{"id": "evt_1",  "type": "run.failed", "data": {}}\xff'


@pytest.fixture
def dead(tmp_path: Path) -> Path:
    """A database with one dead letter."""
    path = tmp_path / "integration.db"
    database = Database(f"sqlite:///{path}")
    known = {"headers": '{"host": "x"}', "body": BODY, "traceparent": "", "known": True}
    Intake(database).add(InboxEvent(event_id="evt_1", type="run.failed", **known))  # type: ignore[arg-type]
    worker = Worker(database, policy=WorkPolicy(threads=0, first_delay=0))
    while worker.work_once():
        pass
    database.close()
    return path


def run(*args: str | Path) -> Result:
    return CliRunner().invoke(main, [str(arg) for arg in args])


def test_dead_letters_are_listed(dead: Path) -> None:
    """A line tells id, type, attempts and reason; as JSON everything, with the raw body."""
    told = run("dead-letters", "list", "--database", dead)
    as_json = json.loads(run("dead-letters", "list", "--json", "--database", dead).stdout)

    assert told.stdout.startswith("evt_1  run.failed  attempts=3  UnicodeDecodeError: ")
    assert base64.b64decode(as_json["body"]) == BODY
    assert (as_json["event_id"], as_json["attempts"], as_json["headers"]) == ("evt_1", 3, {"host": "x"})


def test_one_dead_letter_is_shown(dead: Path) -> None:
    """All of it, as JSON; for an id that is none, a message that says where to look."""
    shown = json.loads(run("dead-letters", "show", "evt_1", "--database", dead).stdout)
    unknown = run("dead-letters", "show", "evt_2", "--database", dead)

    assert base64.b64decode(shown["body"]) == BODY
    assert (unknown.exit_code, unknown.stderr) == (
        1,
        "There is no dead letter 'evt_2'. List them with: dead-letters list\n",
    )


def test_dead_letters_are_driven_again(dead: Path) -> None:
    """By id or all of them; none named and no --all is an error, as is an id that is no dead letter."""
    assert run("dead-letters", "redrive", "--database", dead).exit_code == 2
    assert run("dead-letters", "redrive", "evt_1", "--database", dead).stdout == "1 redriven.\n"
    again = run("dead-letters", "redrive", "evt_1", "--database", dead)
    assert (again.exit_code, again.stderr) == (1, "1 of 1 are not dead letters. List them with: dead-letters list\n")
    assert run("dead-letters", "list", "--database", dead).stdout == "There are no dead letters.\n"
    assert run("dead-letters", "redrive", "--all", "--database", dead).stdout == "0 redriven.\n"


@pytest.mark.parametrize(
    "command", ["list", "show evt_1", "show evt_2", "redrive evt_1", "redrive --all"], ids=lambda c: c.replace(" ", "-")
)
def test_no_command_leaves_the_database_open(command: str, dead: Path) -> None:
    """A command closes its connections when it ends, whatever its result, and not when Python collects garbage."""
    gc.disable()
    try:
        run("dead-letters", *command.split(), "--database", dead)
        assert still_open(dead) == []
    finally:
        gc.enable()


def test_what_is_no_database_is_closed_again(tmp_path: Path) -> None:
    """The connection is closed even while the caller holds the error."""
    path = tmp_path / "integration.db"
    path.write_bytes(b"no database" * 100)

    with pytest.raises(DatabaseError, match="file is not a database") as refused:
        Database(f"sqlite:///{path}")

    assert still_open(path) == []
    assert refused.value


def still_open(database: Path) -> list[str]:
    return [file.path for file in psutil.Process().open_files() if file.path.startswith(str(database))]


def test_a_database_that_cannot_be_opened_is_named_without_its_password() -> None:
    """The message says which option to look at."""
    told = run("dead-letters", "list", "--database", "postgresql://u:pass-value@127.0.0.1:9/d")

    assert told.exit_code == 2
    assert told.stderr == "The database cannot be opened (OperationalError). Check --database.\n"


@pytest.mark.parametrize("command", ["integration --port 1", "worker", "workflow"])
def test_a_missing_credential_stops_the_start(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing starts without its secrets, for it would accept whatever comes."""
    monkeypatch.setenv("PRODUCT_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("PRODUCT_API_KEY", "x")
    monkeypatch.delenv("PRODUCT_WEBHOOK_SECRET", raising=False)
    told = run(*command.split(), "--database", "x.db")

    assert told.exit_code == 2
    assert told.stderr.startswith("PRODUCT_WEBHOOK_SECRET is not set.")
