"""The integration's processes: ``integration``, ``worker``, ``workflow``, ``projects`` and ``dead-letters``."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import signal
import sys
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NoReturn

import click

from harness.sandbox.defects import Planted, UnknownDefectError

if TYPE_CHECKING:
    from harness.sandbox.integration.settings import Settings
    from harness.sandbox.integration.storage import Database

_defect = click.option("--defect", "defects", multiple=True, metavar="NAME", help="Defect to plant; repeatable.")
_database = click.option(
    "--database",
    required=True,
    metavar="PATH|URL",
    envvar="INTEGRATION_DATABASE",
    help="SQLite file or postgresql:// URL. Set INTEGRATION_DATABASE instead to hide a password.",
)
_lease = click.option(
    "--lease", default=3.0, show_default=True, help="Seconds after which the event of a dead worker is retried."
)


@click.command()
@click.option("--port", required=True, type=click.IntRange(1, 65535), help="Port on 127.0.0.1.")
@_database
@click.option("--workers", default=4, show_default=True, help="Worker threads; 0 for separate worker processes.")
@_lease
@_defect
def integration(port: int, database: str, workers: int, lease: float, defects: tuple[str, ...]) -> None:
    """Serve the webhook receiver with its worker and metrics."""
    planted, settings = _prepared("integration", database, defects)
    from harness.sandbox.http_server import serve
    from harness.sandbox.integration import tracing
    from harness.sandbox.integration.app import create_app
    from harness.sandbox.integration.worker import WorkPolicy

    policy = WorkPolicy(threads=workers, lease=lease)
    flush = tracing.configure("integration")
    own_url = f"http://127.0.0.1:{port}"
    serve(create_app(settings, own_url=own_url, planted=planted, policy=policy, flush=flush), port)


@click.command()
@_database
@click.option("--threads", default=4, show_default=True, help="Worker threads.")
@_lease
@_defect
def worker(database: str, threads: int, lease: float, defects: tuple[str, ...]) -> None:
    """Process the events of a receiver's inbox until SIGTERM.

    Any number of workers may share an inbox.
    """
    planted, settings = _prepared("worker", database, defects)
    from harness.sandbox.integration import tracing
    from harness.sandbox.integration.lookup import LookUp
    from harness.sandbox.integration.storage import Database
    from harness.sandbox.integration.worker import Worker, WorkPolicy

    flush = tracing.configure("worker")
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    store = Database(settings.database)
    look_up = LookUp(settings, store, planted=planted)
    policy = WorkPolicy(threads=threads, lease=lease)
    working = Worker(store, look_up=look_up, simulate=settings.simulate, policy=policy, planted=planted)
    working.start()
    ended.wait()
    working.stop()
    look_up.close()
    store.close()
    flush()


@click.command()
@_database
@click.option("--name", default=None, help="Name of a run to resume, or to start only once; random by default.")
@click.option("--silence", default=4.0, show_default=True, help="Seconds without a byte that end an attempt of a call.")
@click.option("--within", default=8.0, show_default=True, help="Seconds that an attempt of a call may take.")
@click.option("--attempts", default=5, show_default=True, help="Attempts of a call at most.")
@_defect
def workflow(
    database: str, name: str | None, silence: float, within: float, attempts: int, defects: tuple[str, ...]
) -> None:
    """Run the core workflow once.

    Exits 0 when the run succeeded.
    """
    planted, settings = _prepared("workflow", database, defects)
    from harness.sandbox.integration import tracing
    from harness.sandbox.integration.retrying import RetryPolicy
    from harness.sandbox.integration.workflow import run_workflow

    flush = tracing.configure("workflow")
    policy = RetryPolicy(read=silence, attempt=within, max_attempts=attempts)
    status = run_workflow(settings, name=name or uuid.uuid4().hex, planted=planted, policy=policy)
    flush()
    sys.exit(status)


@click.command()
@click.option("--at-once", default=20, show_default=True, help="Projects to create at once, each by its own call.")
@_defect
def projects(at_once: int, defects: tuple[str, ...]) -> None:
    """Create several projects side by side.

    Exits 0 when each was created.
    """
    planted, settings = _prepared("projects", ":memory:", defects)
    from harness.sandbox.integration.client import ProductClient

    client = ProductClient(settings, planted=planted)
    wanted = {"name": "Onboarding automation", "ownerEmail": "owner@example.com"}
    with contextlib.closing(client), ThreadPoolExecutor(at_once) as pool:
        calls = [pool.submit(client.write, "/projects", wanted, key=client.new_key()) for _ in range(at_once)]
        failed = [error for call in calls if (error := call.exception())]
    for error in failed[:1]:
        _stop(f"{len(failed)} of {at_once} projects were not created: {error}", status=1)


@click.group("dead-letters")
def dead_letters() -> None:
    """Manage the events that could not be processed."""


@dead_letters.command("list")
@_database
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
def list_(database: str, as_json: bool) -> None:  # noqa: FBT001 - click hands it over so
    """Print the id, type, attempts and reason of each dead letter."""
    from harness.sandbox.integration import inbox

    with _opened(database) as store:
        rows = inbox.dead_letters(store)
    for row in rows:
        line = f"{row['event_id']}  {row['type']}  attempts={row['attempts']}  {row['reason']}"
        click.echo(json.dumps(_shown(row)) if as_json else line)
    if not rows and not as_json:
        click.echo("There are no dead letters.")


@dead_letters.command()
@click.argument("event_id")
@_database
def show(event_id: str, database: str) -> None:
    """Print one dead letter as JSON, with its raw body in base64."""
    from harness.sandbox.integration import inbox

    with _opened(database) as store:
        rows = inbox.dead_letters(store, event_id)
    if not rows:
        _stop(f"There is no dead letter {event_id!r}. List them with: dead-letters list", status=1)
    click.echo(json.dumps(_shown(rows[0]), indent=2))


@dead_letters.command()
@click.argument("event_ids", nargs=-1)
@click.option("--all", "all_", is_flag=True, help="Redrive all dead letters.")
@_database
def redrive(event_ids: tuple[str, ...], all_: bool, database: str) -> None:  # noqa: FBT001
    """Queue dead letters again; a worker then processes them as new."""
    from harness.sandbox.integration import inbox

    if bool(event_ids) == all_:
        _stop("Name the dead letters to redrive, or pass --all.", status=2)
    with _opened(database) as store:
        number = inbox.drive_again(store, event_ids)
    click.echo(f"{number} redriven.")
    if number < len(event_ids):
        _stop(
            f"{len(event_ids) - number} of {len(event_ids)} are not dead letters. List them with: dead-letters list",
            status=1,
        )


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "headers": json.loads(row["headers"]), "body": base64.b64encode(row["body"]).decode()}


@contextlib.contextmanager
def _opened(database: str) -> Iterator[Database]:
    from sqlalchemy.exc import SQLAlchemyError

    from harness.sandbox.integration.settings import database_url
    from harness.sandbox.integration.storage import Database

    try:
        store = Database(database_url(database))
    except SQLAlchemyError as exc:
        _stop(f"The database cannot be opened ({type(exc).__name__}). Check --database.", status=2)
    with contextlib.closing(store):
        yield store


def _prepared(service: str, database: str, defects: tuple[str, ...]) -> tuple[Planted, Settings]:
    """Read the environment; exits with status 2 and one sentence if something is missing."""
    from harness.sandbox import logs
    from harness.sandbox.integration.credentials import CredentialError
    from harness.sandbox.integration.settings import Settings

    asked = (*defects, *os.environ.get("SANDBOX_DEFECTS", "").split(","))
    try:
        planted = Planted(frozenset(n.strip() for n in asked if n.strip()))
        settings = Settings.from_environment(database, os.environ, planted=planted)
    except (UnknownDefectError, CredentialError) as exc:
        _stop(str(exc), status=2)
    logs.configure(service, secrets=settings.secrets)
    return planted, settings


def _stop(message: str, *, status: int) -> NoReturn:
    sys.stderr.write(f"{message}\n")
    sys.exit(status)
