"""The integration's processes: ``integration``, ``worker``, ``workflow`` and ``dead-letters``."""

from __future__ import annotations

import base64
import json
import os
import signal
import sys
import threading
import uuid
from typing import TYPE_CHECKING, Any

import click

from harness.sandbox.defects import Planted, UnknownDefectError

if TYPE_CHECKING:
    from harness.sandbox.integration.settings import Settings
    from harness.sandbox.integration.storage import Database

_defect = click.option("--defect", "defects", multiple=True, metavar="NAME", help="Plant a defect; may be repeated.")
_database = click.option(
    "--database",
    required=True,
    metavar="PATH|URL",
    envvar="INTEGRATION_DATABASE",
    help="SQLite file, or postgresql://…; from INTEGRATION_DATABASE when not given, so that no password is in sight.",
)
_lease = click.option(
    "--lease", default=3.0, show_default=True, help="Seconds after which a dead worker's event is due."
)


@click.command()
@click.option("--port", required=True, type=click.IntRange(1, 65535))
@_database
@click.option("--workers", default=4, show_default=True, help="Threads that process; 0 leaves it to worker processes.")
@_lease
@_defect
def integration(port: int, database: str, workers: int, lease: float, defects: tuple[str, ...]) -> None:
    """Serve the webhook receiver, with its worker and metrics."""
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
@click.option("--threads", default=4, show_default=True)
@_lease
@_defect
def worker(database: str, threads: int, lease: float, defects: tuple[str, ...]) -> None:
    """Process events of a receiver's inbox until SIGTERM; any number of these may run."""
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
@click.option("--name", default=None, help="Of a workflow to go on with, or to run once at most; new when not given.")
@_defect
def workflow(database: str, name: str | None, defects: tuple[str, ...]) -> None:
    """Run the core workflow once; exit status 0 when the run succeeded."""
    planted, settings = _prepared("workflow", database, defects)
    from harness.sandbox.integration import tracing
    from harness.sandbox.integration.workflow import run_workflow

    flush = tracing.configure("workflow")
    status = run_workflow(settings, name=name or uuid.uuid4().hex, planted=planted)
    flush()
    sys.exit(status)


@click.group("dead-letters")
def dead_letters() -> None:
    """Look at events that were given up, and drive them again."""


@dead_letters.command("list")
@_database
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def list_(database: str, as_json: bool) -> None:  # noqa: FBT001 - click hands it over so
    """Print id, type, attempts and reason of every dead letter."""
    from harness.sandbox.integration import inbox

    rows = inbox.dead_letters(_opened(database))
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

    rows = inbox.dead_letters(_opened(database), event_id)
    if not rows:
        _stop(f"There is no dead letter {event_id!r}. See them all with: dead-letters list", status=1)
    click.echo(json.dumps(_shown(rows[0]), indent=2))


@dead_letters.command()
@click.argument("event_ids", nargs=-1)
@click.option("--all", "all_", is_flag=True, help="All dead letters.")
@_database
def redrive(event_ids: tuple[str, ...], all_: bool, database: str) -> None:  # noqa: FBT001
    """Make dead letters new again; a worker processes them as if for the first time."""
    from harness.sandbox.integration import inbox

    if bool(event_ids) == all_:
        _stop("Name the dead letters to drive again, or say --all.", status=2)
    number = inbox.drive_again(_opened(database), event_ids)
    click.echo(f"{number} driven again.")
    if number < len(event_ids):
        _stop(f"{len(event_ids) - number} of {len(event_ids)} are no dead letters.", status=1)


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "headers": json.loads(row["headers"]), "body": base64.b64encode(row["body"]).decode()}


def _opened(database: str) -> Database:
    from sqlalchemy.exc import SQLAlchemyError

    from harness.sandbox.integration.settings import database_url
    from harness.sandbox.integration.storage import Database

    try:
        return Database(database_url(database))
    except SQLAlchemyError as exc:
        _stop(f"The database cannot be opened ({type(exc).__name__}). Check --database.", status=2)
    raise AssertionError


def _prepared(service: str, database: str, defects: tuple[str, ...]) -> tuple[Planted, Settings]:
    """Read the environment; ends with status 2 and one sentence when something is missing."""
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


def _stop(message: str, *, status: int) -> None:
    sys.stderr.write(f"{message}\n")
    sys.exit(status)
