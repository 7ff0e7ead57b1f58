"""`harness deliver --override KEY=VALUE`: another value in the body of an event; every other byte stays."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote_plus, unquote_plus

import msgspec

from harness.core.encodable import readable_json
from harness.core.pointers import leaves
from harness.errors import ConfigurationError, nearest
from harness.model import Event
from harness.openapi.event_bodies import form_fields, is_form, json_text, readable_document
from harness.webhooks.id_places import reached
from harness.webhooks.json_spans import Edit, JsonSpans, edited


class Override(NamedTuple):
    """One value to put into a body."""

    key: str
    """Dotted key, or the name of a form's field."""
    text: str

    @classmethod
    def parse(cls, option: str) -> Override:
        """Read ``KEY=VALUE``; raises `ConfigurationError`."""
        key, mark, text = option.partition("=")
        if not (key and mark):
            raise ConfigurationError(f"--override {option}: write KEY=VALUE, such as data.object.amount=1099.")
        return cls(key, text)

    def value(self, instead_of: Any) -> Any:
        """Return the new value: text in place of text, else JSON where it is some."""
        if isinstance(instead_of, str):
            return self.text
        try:
            return json.loads(self.text)
        except (ValueError, RecursionError):
            return self.text


def overridden(event: Event, overrides: Sequence[Override]) -> Event:
    """Return the event with other values; raises `ConfigurationError` for a key that its body does not have."""
    if not overrides:
        return event
    change = _in_form if is_form(event.headers, event.body) else _in_json
    for override in overrides:
        event = msgspec.structs.replace(event, body=change(event, override))
    return event


def _in_json(event: Event, override: Override) -> bytes:
    document = readable_document(event.headers, event.body)
    found = list(reached(document, override.key.split(".")))
    if not found:
        raise _no_key(event, override, (".".join(steps) for steps, _ in leaves(document)))
    spans = JsonSpans(*json_text(event.headers, event.body))
    return edited(event.body, _edits(spans, found, override))


def _edits(spans: JsonSpans, found: Sequence[tuple[tuple[str, ...], Any]], override: Override) -> Iterator[Edit]:
    for steps, old in found:
        text = readable_json(override.value(old), separators=(",", ":")).decode()
        yield (*spans.in_bytes(*spans.span(steps)), text.encode(spans.encoding))


def _in_form(event: Event, override: Override) -> bytes:
    pairs = [pair.partition(b"=") for pair in event.body.split(b"&")]
    named = [unquote_plus(name.decode("latin-1")) for name, _, _ in pairs]
    if override.key not in named:
        raise _no_key(event, override, form_fields(event.body))
    new = quote_plus(override.text).encode()
    return b"&".join(
        b"=".join((name, new if key == override.key else value))
        for key, (name, _, value) in zip(named, pairs, strict=True)
    )


def _no_key(event: Event, override: Override, known: Iterator[str] | dict[str, str]) -> ConfigurationError:
    return ConfigurationError(
        f"--override {override.key}: the body of {event.name} has no such key. {nearest(override.key, known)}"
    )
