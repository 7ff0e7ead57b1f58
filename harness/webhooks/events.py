"""Event fixtures: read from disk, and given new ids so that no receiver treats a replay as a duplicate.

A fixture is a JSON body (``NAME.json``) or a captured delivery (``NAME.http``): header lines, an empty line, then the
exact bytes of the body (`http_fixture`): JSON, a form, or another format that its content type names.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from harness.errors import EventError
from harness.http.message import Headers, header
from harness.model import Event
from harness.openapi.event_bodies import (
    begins_as_json,
    declares_json,
    event_document,
    is_form,
    is_json_event,
    readable_document,
    text_in_event,
)
from harness.webhooks.event_times import TimePlace, belongs, moment_of, moment_of_event, time_places
from harness.webhooks.header_layout import fixture_headers
from harness.webhooks.http_fixture import bytes_of, http_fixture
from harness.webhooks.id_places import IdPlace, id_places
from harness.webhooks.json_spans import edited
from harness.webhooks.schemes import SCHEMES, Scheme
from harness.webhooks.similar_ids import similar_id

TYPE_KEYS = ("event", "event_type", "eventType", "kind", "topic", "event.type", "data.type")
"""Where senders without a scheme of their own name the type of an event; the first that fits is taken.

Not ``name``: where it is in a body, it is that of the object which the event is about, as in Shopify's.
"""
_ENDINGS = frozenset({".json", ".http"})


class EventFormat(msgspec.Struct, frozen=True, kw_only=True):
    """Where an event has its id and type: the one place that reads and replaces them."""

    scheme: Scheme
    id_key: str | None = None
    """Key of the body that is named in place of the scheme's header or key; dots separate nested keys.

    None: the scheme's.
    """
    type_key: str | None = None

    @property
    def key_of_type(self) -> str:
        """The key of the body that contains the type."""
        return self.scheme.type_key if self.type_key is None else self.type_key

    def read(self, path: Path) -> Event:
        """Read one fixture; raises `EventError` with the file and what is wrong with it."""
        raw = bytes_of(path)
        captured, body = http_fixture(raw, path).message if path.suffix == ".http" else ((), raw)
        headers, layout = fixture_headers(self.scheme, captured, body)
        document = None if captured and _is_other_than_json(headers, body) else _document(body, path, headers)
        within = self.scheme.within
        if within and not within.values(body):
            raise EventError(
                f"{path} has no place for the signature, which {self.scheme.name} has in the body. Put the event there "
                f"as the provider sends it{f', with {within.of_each}' if within.of_each else ': a JSON object'}."
            )
        name = path.stem if path.suffix in _ENDINGS else path.name
        event = self._event(name, headers, body, document)
        if not event.type:
            self._check_type(path, event, document)
        self._check_id(path, event, document)
        return msgspec.structs.replace(event, layout=layout, file=f"{path.parent.name}/{path.name}")

    def made(self, name: str, body: bytes) -> Event:
        """Return the event of a JSON body, with the type ``name`` where the scheme has a header for the type."""
        header = self.scheme.type_header
        headers, layout = fixture_headers(self.scheme, ((header, name),) if header else (), body)
        return msgspec.structs.replace(self.received(headers, body, name=name), layout=layout)

    def received(self, headers: Headers, body: bytes, *, name: str = "") -> Event:
        """Return the event of any delivery; id and type are empty where it has none.

        Names of headers are in lower case.
        """
        return self._event(name, headers, body, readable_document(headers, body))

    def fresh(self, event: Event, new_id: str | None = None, *, at: float | None = None) -> Event:
        """Return ``event`` under another id of the same kind, as if it happened at ``at``, in Unix seconds.

        The scheme's headers get new ids too where `id_key` names another place.

        ``new_id`` is taken for text; by default each id becomes another of its own form, as the provider gives them. An
        id that is a number becomes another number, and each event of a list gets an id of its own. An event without an
        id gets one only in the scheme's header. Without ``at`` its times stay. Every other byte is unchanged.
        """
        scheme = self.scheme.of_delivery(event.headers)
        places = self._places(scheme, event.headers, event.body)
        headers = event.headers
        if scheme.id_header:
            old = header(headers, scheme.id_header)
            ids = _HeaderIds(old, new_id or similar_id(old or scheme.id_example), everywhere=bool(new_id))
            in_body = [place.of_kind(ids.instead_of(place.value)) for place in places]
            new = in_body[0] if in_body else ids.new
            headers = ids.written(headers, scheme)
        else:
            in_body = [place.of_kind(f"{new_id}_{n}" if n and new_id else new_id) for n, place in enumerate(places)]
            new = in_body[0] if in_body else event.id
        edits = [(place.start, place.end, place.write(text)) for place, text in zip(places, in_body, strict=True)]
        if at is not None and (happened := self.happened(event)):
            shift = at - happened
            edits += [(t.start, t.end, t.written(shift)) for t in self._times(event) if belongs(t.moment, happened)]
            headers = tuple((k, _moved(k, v, happened, shift)) for k, v in headers)
        return msgspec.structs.replace(event, id=new, body=edited(event.body, edits), headers=headers)

    def happened(self, event: Event) -> float | None:
        """Return when an event happened by its own times, in Unix seconds; None where it has none."""
        in_headers = filter(None, (moment_of(name, value) for name, value in event.headers))
        return moment_of_event([*(place.moment for place in self._times(event)), *in_headers], now=time.time())

    def _times(self, event: Event) -> tuple[TimePlace, ...]:
        scheme = self.scheme.of_delivery(event.headers)
        return time_places(event.headers, event.body, self.id_key or ("" if scheme.id_header else scheme.id_key))

    def _event(self, name: str, headers: Headers, body: bytes, document: Any) -> Event:
        scheme, named = self.scheme.of_delivery(headers), dict(headers)
        in_header = named.get(scheme.id_header, "") if scheme.id_header else ""
        event_id = next((place.value for place in self._places(scheme, headers, body)), in_header)
        return Event(name=name, type=self._type(named, document), id=event_id, body=body, headers=headers)

    def _type(self, headers: Mapping[str, str], document: Any) -> str:
        return headers.get(self.scheme.type_header, "") or text_in_event(document, self.key_of_type)

    def _places(self, scheme: Scheme, headers: Headers, body: bytes) -> tuple[IdPlace, ...]:
        """Return the places of ids in the body; if the scheme has a header for them, only those that are named."""
        key = "" if scheme.id_header else scheme.id_key
        return id_places(headers, body, key if self.id_key is None else self.id_key)

    def _check_id(self, path: Path, event: Event, document: Any) -> None:
        """Raise `EventError` where a key is named in place of the scheme's header, and a fixture does not have it."""
        scheme = self.scheme.of_delivery(event.headers)
        if (
            self.id_key
            and scheme.id_header
            and document is not None
            and not self._places(scheme, event.headers, event.body)
        ):
            raise EventError(
                f"{path} has no id at the key {self.id_key!r}, which [receiver] event_id names in place of the header "
                f"{scheme.id_header}. Correct the key, or remove it where that header has the id."
            )

    def _check_type(self, path: Path, event: Event, document: Any) -> None:
        """Raise `EventError` where the scheme has types and a fixture that could name one does not."""
        scheme, key = self.scheme.of_delivery(event.headers), self.key_of_type
        if scheme.type_header:
            raise EventError(
                f"{path} names no event type, which {scheme.name} sends as a header. Make it an .http file with "
                f"`{scheme.type_header}: TYPE` above an empty line and the body."
            )
        # Forms of one provider differ: an interaction of Slack names its type, a command has none.
        if key and document is not None and not is_form(event.headers, event.body):
            raise EventError(
                f"{path} names no event type: it has no key {key!r}. Add it, or name the right key in harness.toml as "
                '[receiver] event_type, "" where events have none.'
            )


def _moved(name: str, value: str, happened: float, shift: float) -> str:
    moment = moment_of(name, value)
    return moment.write(shift) if moment and belongs(moment, happened) else value


class _HeaderIds(NamedTuple):
    """The ids of an event whose scheme has a header for them."""

    old: str
    new: str
    everywhere: bool
    """Whether the other ids of the event are to become the same."""

    def instead_of(self, value: str) -> str:
        """Return what takes the place of one of the ids of the event."""
        return self.new if self.everywhere or value == self.old else similar_id(value)

    def written(self, headers: Headers, scheme: Scheme) -> Headers:
        """Return the headers with new ids."""
        names = (scheme.id_header, *scheme.further_id_headers)
        if not self.old:
            headers = (*(h for h in headers if h[0] != scheme.id_header), (scheme.id_header, ""))
        sent, named = {name.lower() for name, _ in scheme.sent}, dict(headers)
        always = (name for name in scheme.further_id_headers if name in sent and name not in named)
        headers = (*headers, *((name, scheme.id_example) for name in always))
        return tuple(
            (k, (self.new if k == scheme.id_header else self.instead_of(v)) if k in names else v) for k, v in headers
        )


def any_type(headers: Headers, body: bytes) -> str:
    """Return the type of a delivery of unknown scheme: from a header or key that senders use for it, else empty.

    Names of headers are in lower case.
    """
    named = dict(headers)
    document = readable_document(headers, body)
    formats = [EventFormat(scheme=s) for s in sorted(SCHEMES, key=lambda s: s.header not in named)]
    formats += [EventFormat(scheme=SCHEMES[0], type_key=key) for key in TYPE_KEYS]
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


def _is_other_than_json(headers: Headers, body: bytes) -> bool:
    """Whether a captured body is none that JSON was expected in: an empty one, or text without a content type."""
    return not body.strip() or not (header(headers, "content-type") or begins_as_json(body))


def representative(events: Iterable[Event]) -> Event:
    """Return the event of which most can be judged: the first with an id and in JSON, as far as there is one."""
    return min(events, key=lambda event: (not event.id, not is_json_event(event.headers, event.body)))


_NAMES = {str: "string", int: "number", float: "number", bool: "boolean", type(None): "null"}
