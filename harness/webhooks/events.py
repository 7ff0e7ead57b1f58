"""Event fixtures: read from disk, and given new ids so that no receiver treats a replay as a duplicate.

A fixture is a JSON body (``NAME.json``) or a captured delivery (``NAME.http``): header lines, an empty line, then the
exact bytes of the body: JSON, a form, or another format that its content type names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from harness.errors import EventError
from harness.http.message import Headers
from harness.model import Event
from harness.openapi.event_bodies import (
    declares_json,
    event_document,
    is_form,
    readable_document,
    text_in_event,
)
from harness.webhooks.id_places import IdPlace, id_places, with_ids
from harness.webhooks.schemes import SCHEMES, Scheme
from harness.webhooks.similar_ids import similar_id

LIMIT_BYTES = 32 * 1024 * 1024
_JSON_HEADERS: Headers = (("content-type", "application/json"),)
_ENDINGS = frozenset({".json", ".http"})


class EventFormat(msgspec.Struct, frozen=True, kw_only=True):
    """Where an event has its id and type: the one place that reads and replaces them."""

    scheme: Scheme
    id_key: str | None = None
    """Key of the body, where the scheme has no header for the id; dots separate nested keys. None: the scheme's."""
    type_key: str | None = None

    @property
    def key_of_type(self) -> str:
        """The key of the body that contains the type."""
        return self.scheme.type_key if self.type_key is None else self.type_key

    def read(self, path: Path) -> Event:
        """Read one fixture; raises `EventError` with the file and what is wrong with it."""
        raw = _bytes(path)
        headers, body = _captured(raw, path) if path.suffix == ".http" else (_JSON_HEADERS, raw)
        document = _document(body, path, headers)
        name = path.stem if path.suffix in _ENDINGS else path.name
        event = self._event(name, headers, body, document)
        if not event.type:
            self._check_type(path, event)
        return msgspec.structs.replace(event, file=f"{path.parent.name}/{path.name}")

    def made(self, name: str, body: bytes) -> Event:
        """Return the event of a JSON body, with the type ``name`` where the scheme has a header for the type."""
        header = self.scheme.type_header
        return self.received((*_JSON_HEADERS, *(((header, name),) if header else ())), body, name=name)

    def received(self, headers: Headers, body: bytes, *, name: str = "") -> Event:
        """Return the event of any delivery; id and type are empty where it has none.

        Names of headers are in lower case.
        """
        return self._event(name, headers, body, readable_document(headers, body))

    def fresh(self, event: Event, new_id: str | None = None) -> Event:
        """Return ``event`` under another id of the same kind; every other byte is unchanged.

        ``new_id`` is taken for text; by default each id becomes another of its own form, as the provider gives them. An
        id that is a number becomes another number, and each event of a list gets an id of its own. An event without an
        id is returned unchanged if the scheme has no header for ids.
        """
        scheme = self.scheme.of_delivery(event.headers)
        places = self._places(scheme, event.headers, event.body)
        if not scheme.id_header:
            ids = [place.of_kind(f"{new_id}_{n}" if n and new_id else new_id) for n, place in enumerate(places)]
            body = with_ids(event.body, places, ids)
            return msgspec.structs.replace(event, id=ids[0] if ids else event.id, body=body)
        new = new_id or similar_id(event.id or scheme.id_example)

        def renamed(old: str) -> str:
            return new if new_id or old == event.id else similar_id(old)

        body = with_ids(event.body, places, [place.of_kind(renamed(place.value)) for place in places])
        further = scheme.further_id_headers
        headers = tuple(
            (k, new if k == scheme.id_header else renamed(v) if k in further else v) for k, v in event.headers
        )
        if not event.id:
            headers = (*(h for h in headers if h[0] != scheme.id_header), (scheme.id_header, new))
        return msgspec.structs.replace(event, id=new, body=body, headers=headers)

    def _event(self, name: str, headers: Headers, body: bytes, document: Any) -> Event:
        scheme, named = self.scheme.of_delivery(headers), dict(headers)
        if scheme.id_header:
            event_id = named.get(scheme.id_header, "")
        else:
            event_id = next((place.value for place in self._places(scheme, headers, body)), "")
        return Event(name=name, type=self._type(named, document), id=event_id, body=body, headers=headers)

    def _type(self, headers: Mapping[str, str], document: Any) -> str:
        return headers.get(self.scheme.type_header, "") or text_in_event(document, self.key_of_type)

    def _places(self, scheme: Scheme, headers: Headers, body: bytes) -> tuple[IdPlace, ...]:
        """Return the places of ids in the body; if a header has the id, only those that harness.toml names."""
        key = "" if scheme.id_header else scheme.id_key
        return id_places(headers, body, key if self.id_key is None else self.id_key)

    def _check_type(self, path: Path, event: Event) -> None:
        """Raise `EventError` where the scheme has types and the fixture names none."""
        scheme, key = self.scheme.of_delivery(event.headers), self.key_of_type
        if scheme.type_header:
            raise EventError(
                f"{path} names no event type, which {scheme.name} sends as a header. Make it an .http file with "
                f"`{scheme.type_header}: TYPE` above an empty line and the body."
            )
        untyped = self.type_key is None and is_form(event.headers, event.body)  # such as a command of Slack
        if key and not untyped:
            raise EventError(
                f"{path} names no event type: it has no key {key!r}. Add it, or name the right key in harness.toml as "
                '[receiver] event_type, "" where events have none.'
            )


def any_type(headers: Headers, body: bytes) -> str:
    """Return the type of a delivery of unknown scheme: from a header or key that senders use for it, else empty.

    Names of headers are in lower case.
    """
    named = dict(headers)
    document = readable_document(headers, body)
    formats = [EventFormat(scheme=s) for s in sorted(SCHEMES, key=lambda s: s.header not in named)]
    formats.append(EventFormat(scheme=SCHEMES[0], type_key="topic"))
    return next(filter(None, (each._type(named, document) for each in formats)), "")  # noqa: SLF001 - its own module


def read_events(paths: Iterable[Path], read: Callable[[Path], Event]) -> Iterator[Event]:
    """Read fixtures from files and from the ``.json`` and ``.http`` files of folders, ordered by name."""
    for path in paths:
        if path.is_dir():
            files = sorted(p for p in path.rglob("*") if p.suffix in _ENDINGS and p.is_file())
            if not files:
                raise EventError(
                    f"{path} contains no event fixture. Put .json bodies or captured .http deliveries there."
                )
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
        raise EventError(
            f"{path} has {size:,} bytes; the limit for an event fixture is {LIMIT_BYTES:,}. Shorten the body."
        )
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


def _document(body: bytes, path: Path, headers: Headers) -> Any:
    """Return what `event_document` returns; raises `EventError` for JSON that cannot be an event."""
    try:
        document = event_document(headers, body)
    except UnicodeDecodeError as exc:
        raise EventError(
            f"{path} is not UTF-8 (byte {exc.start:,} of the body). A fixture's body is JSON text, saved as UTF-8."
        ) from None
    except RecursionError:
        raise EventError(f"{path} is nested too deeply to be read. Shorten the body.") from None
    except ValueError as exc:
        what = "is empty" if not body.strip() else f"is not JSON: {exc}"
        raise EventError(f"{path} {what}. Put the event's body there, as the provider sends it.") from None
    if declares_json(headers) and not isinstance(document, dict | list):
        raise EventError(f"{path} is a JSON {_NAMES[type(document)]}; an event must be a JSON object.")
    return document


_NAMES = {str: "string", int: "number", float: "number", bool: "boolean", type(None): "null"}
