"""Asks what the integration knows about an event: through a URL, a command, or SQL."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import msgspec

from harness.core.cutting import cut
from harness.core.extras import MODULES, require
from harness.errors import ConfigurationError, ProbeError
from harness.model.config import Probe

COMMAND_S = 30.0
UNKNOWN = 1
"""Exit status of a command for an unknown event."""

Row = Mapping[str, Any]
Ask = Callable[[str], Row | None]
"""From an event's id to what the integration knows about it, None if it is unknown; raises `ProbeError`."""


def asker(
    config: Probe,
    where: str,
    *,
    client: httpx.Client,
    root: Path,
    env: Mapping[str, str],
    database: str = "",
    counts: bool = False,
) -> Ask:
    """Return the function that asks as configured; ``where`` is its key, for messages.

    ``root`` and ``env`` are the working folder and the environment of a command; ``database`` is an SQLAlchemy URL.
    With ``counts`` a list is the number of its entries, and not the entry of the event.
    Raises `ConfigurationError` where SQL is configured and SQLAlchemy or its driver is not installed.
    """
    if config.url:
        ask = _through_url(config.url, where, client, counts=counts)
    elif config.command:
        ask = _through_command(config.command, where, root, env, counts=counts)
    else:
        ask = _through_sql(str(config.sql), where, database)

    def ask_by_id(event_id: str) -> Row | None:
        if not event_id:  # two events without an id are not one event
            raise ProbeError(f"{where}: the event has no id to ask by. Name its key as [receiver] event_id.")
        if any(0xD800 <= ord(c) < 0xE000 for c in event_id) or "\0" in event_id:
            raise ProbeError(f"{where}: the event's id {event_id!a} is no text that a probe can carry.")
        found = ask(event_id)
        whole = event_id.removesuffix(".0")
        # JSON's 12.0 is 12 to languages that have one kind of number.
        return ask(whole) if found is None and whole != event_id and whole.isdecimal() else found

    return ask_by_id


def filled(words: tuple[str, ...], event_id: str) -> list[str]:
    """Return the words of a command with the event's id filled in."""
    return [w.replace("{event_id}", event_id) for w in words]


def _through_url(template: str, where: str, client: httpx.Client, *, counts: bool) -> Ask:
    def ask(event_id: str) -> Row | None:
        url = template.replace("{event_id}", quote(event_id, safe=""))
        try:
            response = client.get(url)
        except httpx.TransportError as exc:
            raise ProbeError(f"{where}: GET {url} got no answer ({type(exc).__name__}). Is it running?") from exc
        if response.status_code == 404:
            return None
        if not response.is_success:
            raise ProbeError(
                f"{where}: GET {url} answered {response.status_code}. Answer 404 for an unknown event, else JSON."
            )
        answered = f"{where}: GET {url} answered {response.status_code}"
        return _row(response.content, answered, event_id, counts=counts)

    return ask


def _through_command(words: tuple[str, ...], where: str, root: Path, env: Mapping[str, str], *, counts: bool) -> Ask:
    def ask(event_id: str) -> Row | None:
        command = filled(words, event_id)
        try:
            done = subprocess.run(command, cwd=root, env=dict(env), capture_output=True, timeout=COMMAND_S, check=False)
        except OSError as exc:
            raise ProbeError(
                f"{where}: {command[0]!r} cannot be run: {exc.strerror}. Install it, or give its path."
            ) from None
        except subprocess.TimeoutExpired:
            raise ProbeError(f"{where}: {command[0]!r} did not end within {COMMAND_S:g} s. Make it quicker.") from None
        if done.returncode == UNKNOWN:
            return None
        if done.returncode:
            last = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["nothing"]
            raise ProbeError(
                f"{where}: {command[0]!r} exited with status {done.returncode} and printed {cut(last[0], 200)!r}. "
                "Exit with 0 for a known event, 1 for an unknown one."
            )
        printed = cut(done.stdout.decode(errors="replace"), 60)
        return _row(done.stdout, f"{where}: {command[0]!r} printed {printed!r}", event_id, counts=counts)

    return ask


def _through_sql(query: str, where: str, database: str) -> Ask:
    require(f"harness.toml: the SQL of {where}", "sqlalchemy")
    import sqlalchemy
    from sqlalchemy.exc import ArgumentError, SQLAlchemyError

    try:
        # A new connection for each question, so that a restart of the database does not matter.
        engine = sqlalchemy.create_engine(database, hide_parameters=True, poolclass=sqlalchemy.pool.NullPool)
    except ArgumentError:
        raise ConfigurationError(
            f"harness.toml: {where}: `database` is not an SQLAlchemy URL. Write it like postgresql+psycopg://host/name."
        ) from None
    except ImportError as exc:
        if exc.name and exc.name in MODULES:
            require(f"harness.toml: {where}: the driver of `database`", exc.name)
        raise ConfigurationError(
            f"harness.toml: {where}: the driver {exc.name} is not installed. Install it: pip install {exc.name}"
        ) from None

    def ask(event_id: str) -> Row | None:
        try:
            with engine.connect() as connection:
                row = connection.execute(sqlalchemy.text(query), {"event_id": event_id}).mappings().first()
        except SQLAlchemyError as exc:
            reason = str(getattr(exc, "orig", None) or type(exc).__name__).splitlines()[0]
            raise ProbeError(
                f"{where}: the query failed: {cut(reason, 200)}. Run it by hand, with an id as :event_id."
            ) from None
        return None if row is None else dict(row)

    return ask


def _row(raw: bytes, where: str, event_id: str, *, counts: bool) -> Row | None:
    """Return JSON as a row; a bare number becomes a row with that number only, of a list the event's entry counts."""
    try:
        found = msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        raise ProbeError(f"{where}, which is not JSON. Answer with an object, or with a number.") from None
    if isinstance(found, int) and not isinstance(found, bool):
        return {"": found}
    if isinstance(found, list):
        if counts:
            return {"": len(found)}
        return next((each for each in found if isinstance(each, dict) and _names(each, event_id)), None)
    if not isinstance(found, dict):
        raise ProbeError(f"{where}, a JSON {type(found).__name__}. Answer with an object, a list, or a number.")
    return found


def _names(row: Row, event_id: str) -> bool:
    """Whether an entry of a list is about the event: any of its members is the event's id."""
    return any(str(value) == event_id for value in row.values() if isinstance(value, str | int))
