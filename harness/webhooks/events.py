"""Event fixtures: read from disk, and made fresh so that no receiver takes a replay for a duplicate.

A fixture is a JSON body (``NAME.json``), or a delivery as it was captured (``NAME.http``): header lines, an empty
line, then the exact bytes of the body: JSON, the fields of a form, or whatever its content type says.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from harness.errors import EventError
from harness.http.message import Headers
from harness.model import Event
from harness.webhooks.schemes import Scheme

LIMIT_BYTES = 32 * 1024 * 1024
_JSON_HEADERS: Headers = (("content-type", "application/json"),)
_ENDINGS = frozenset({".json", ".http"})
_FORM = "application/x-www-form-urlencoded"


class EventFormat(msgspec.Struct, frozen=True, kw_only=True):
    """Where an event's id and type are found."""

    scheme: Scheme
    id_key: str | None = None
    """Key of the body, where the scheme has no header for the id; dots lead inwards. None: the scheme's."""
    type_key: str | None = None

    @property
    def key_of_id(self) -> str:
        """The key that is looked at for the id."""
        return self.scheme.id_key if self.id_key is None else self.id_key

    @property
    def key_of_type(self) -> str:
        """The key that is looked at for the type."""
        return self.scheme.type_key if self.type_key is None else self.type_key

    def read(self, path: Path) -> Event:
        """Read one fixture; raises `EventError` that names the file and what is wrong with it."""
        raw = _bytes(path)
        headers, body = _captured(raw, path) if path.suffix == ".http" else (_JSON_HEADERS, raw)
        return self._event(path, headers, body)

    def made(self, name: str, body: bytes) -> Event:
        """Return the event that a JSON body makes, of the type ``name`` where the scheme has a header for it."""
        header = self.scheme.type_header
        return self._event(Path(name), (*_JSON_HEADERS, *(((header, name),) if header else ())), body)

    def _event(self, path: Path, headers: Headers, body: bytes) -> Event:
        document, named, scheme = _document(body, path, dict(headers)), dict(headers), self.scheme
        return Event(
            name=path.stem if path.suffix in _ENDINGS else path.name,
            type=self._type(named, document, path),
            id=named.get(scheme.id_header, "") if scheme.id_header else _at(document, self.key_of_id),
            body=body,
            headers=headers,
        )

    def _type(self, named: dict[str, str], document: Any, path: Path) -> str:
        """Return the event's type; raises `EventError` where the scheme has types and the fixture names none."""
        header, key = self.scheme.type_header, self.key_of_type
        found = named.get(header, "") or _at(document, key)
        if found or not (header or key):
            return found
        if header:
            raise EventError(
                f"{path} names no event type, which {self.scheme.name} sends as a header. Make it an .http file with "
                f"`{header}: TYPE` above an empty line and the body."
            )
        raise EventError(
            f"{path} names no event type: it has no key {key!r}. Add it, or name the right key in harness.toml as "
            '[receiver] event_type, "" where events have none.'
        )

    def fresh(self, event: Event, new_id: str) -> Event:
        """Return ``event`` under another id; every other byte of the body stays as it is."""
        if self.scheme.id_header:
            kept = tuple((k, v) for k, v in event.headers if k != self.scheme.id_header)
            headers = (*kept, (self.scheme.id_header, new_id))
            return msgspec.structs.replace(event, id=new_id, headers=headers)
        if not event.id:
            return event
        body = event.body.replace(_quoted(event.id), _quoted(new_id))
        return msgspec.structs.replace(event, id=new_id, body=body)


def read_events(paths: Iterable[Path], read: Callable[[Path], Event]) -> Iterator[Event]:
    """Read fixtures from files and from the ``.json`` and ``.http`` files of folders, in order of name."""
    for path in paths:
        if path.is_dir():
            files = sorted(p for p in path.rglob("*") if p.suffix in _ENDINGS and p.is_file())
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


def _document(body: bytes, path: Path, headers: dict[str, str]) -> Any:
    """Return what the body holds, None where it is said to be neither JSON nor a form; raises `EventError`."""
    media = headers.get("content-type", "json").lower()
    if headers.get("content-encoding", "identity") != "identity" or not ("json" in media or _FORM in media):
        return None
    if _FORM in media:
        return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    try:
        document = json.loads(body)
    except UnicodeDecodeError as exc:
        raise EventError(
            f"{path} is not UTF-8 (byte {exc.start:,} of the body). A fixture's body is JSON text, saved as UTF-8."
        ) from None
    except RecursionError:
        raise EventError(f"{path} nests too deeply to be read. Shorten the body.") from None
    except ValueError as exc:
        what = "is empty" if not body.strip() else f"is not JSON: {exc}"
        raise EventError(f"{path} {what}. Put the event's body there, as the provider sends it.") from None
    if not isinstance(document, dict | list):
        raise EventError(f"{path} holds a JSON {_NAMES[type(document)]}; an event is a JSON object.")
    return document


_NAMES = {str: "string", int: "number", float: "number", bool: "boolean", type(None): "null"}


def _at(document: Any, key: str) -> str:
    """Return the text or number at a key such as ``event.type`` or ``0.id``; empty where there is none."""
    for part in key.split(".") if key else ():
        if isinstance(document, list) and part.isdigit() and int(part) < len(document):
            document = document[int(part)]
        else:
            document = document.get(part) if isinstance(document, dict) else None
    found = isinstance(document, str | int) and not isinstance(document, bool) and key
    return str(document) if found else ""


def _quoted(event_id: str) -> bytes:
    return json.dumps(event_id, ensure_ascii=False).encode()
