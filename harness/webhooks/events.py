"""Event fixtures: read from disk, and made fresh so that no receiver takes a replay for a duplicate.

A fixture is a JSON body (``NAME.json``), or a delivery as it was captured (``NAME.http``): header lines, an empty
line, then the exact bytes of the body.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import msgspec

from harness.errors import EventError
from harness.model import Event
from harness.webhooks.schemes import Headers, Scheme

LIMIT_BYTES = 32 * 1024 * 1024
_JSON_HEADERS: Headers = (("content-type", "application/json"),)


class EventFormat(msgspec.Struct, frozen=True, kw_only=True):
    """Where an event's id and type are found."""

    scheme: Scheme
    id_key: str = "id"
    """Key of the JSON body, where the scheme has no header for the id."""
    type_key: str = "type"

    def read(self, path: Path) -> Event:
        """Read one fixture; raises `EventError` that names the file and what is wrong with it."""
        raw = _bytes(path)
        headers, body = _captured(raw, path) if path.suffix == ".http" else (_JSON_HEADERS, raw)
        document = _object(body, path)
        named = dict(headers)
        return Event(
            name=path.stem,
            type=named.get(self.scheme.type_header, "") or str(document.get(self.type_key, "")),
            id=named.get(self.scheme.id_header, "") or str(document.get(self.id_key, "")),
            body=body,
            headers=headers,
        )

    def fresh(self, event: Event, new_id: str) -> Event:
        """Return ``event`` under another id; every other byte of the body stays as it is."""
        if self.scheme.id_header:
            kept = tuple((k, v) for k, v in event.headers if k != self.scheme.id_header)
            headers = (*kept, (self.scheme.id_header, new_id))
            return msgspec.structs.replace(event, id=new_id, headers=headers)
        if not event.id:
            return event
        body = event.body.replace(json.dumps(event.id).encode(), json.dumps(new_id).encode())
        return msgspec.structs.replace(event, id=new_id, body=body)


def read_events(paths: Iterable[Path], read: Callable[[Path], Event]) -> Iterator[Event]:
    """Read fixtures from files and from the ``.json`` and ``.http`` files of folders, in order of name."""
    for path in paths:
        if path.is_dir():
            files = sorted(p for p in path.rglob("*") if p.suffix in {".json", ".http"} and p.is_file())
            if not files:
                raise EventError(f"{path} holds no event fixture. Put .json bodies or captured .http deliveries there.")
            yield from map(read, files)
        else:
            yield read(path)


def _bytes(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        raw = path.read_bytes() if size <= LIMIT_BYTES else b""
    except OSError as exc:
        raise EventError(f"{path} cannot be read: {exc.strerror}. Check the path and its permissions.") from None
    if size > LIMIT_BYTES:
        raise EventError(f"{path} has {size:,} bytes; an event fixture may have {LIMIT_BYTES:,}. Shorten the body.")
    return raw


def _captured(raw: bytes, path: Path) -> tuple[Headers, bytes]:
    breaks = (b"\r\n\r\n", b"\n\n")
    at, separator = min(((i, b) for b in breaks if (i := raw.find(b)) >= 0), default=(-1, b""))
    if at < 0:
        raise EventError(
            f"{path} has no empty line between headers and body. Write: header lines, an empty line, the body."
        )
    head, body = raw[:at], raw[at + len(separator) :]
    headers = []
    for number, line in enumerate(head.decode("latin-1").splitlines(), start=1):
        name, colon, value = line.partition(":")
        if not colon:
            raise EventError(f"{path}:{number}: {name[:40]!r} is not a header line. Write `name: value`.")
        headers.append((name.strip().lower(), value.strip()))
    return tuple(headers), body


def _object(body: bytes, path: Path) -> dict[str, object]:
    try:
        document = json.loads(body)
    except UnicodeDecodeError:
        raise EventError(
            f"{path} is not UTF-8. A fixture's body is JSON text; record binary bodies as .http."
        ) from None
    except ValueError as exc:
        what = "is empty" if not body.strip() else f"is not JSON: {exc}"
        raise EventError(f"{path} {what}. Put the event's body there, as the provider sends it.") from None
    if not isinstance(document, dict):
        raise EventError(f"{path} holds a JSON {type(document).__name__}; an event is a JSON object.")
    return document
