"""Signatures in the body itself: where they are, and how they are written there.

Such a scheme signs a few values and not the bytes, so what surrounds them can be written in any way.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote_plus, unquote_plus

import msgspec

from harness.core.encodable import readable_json
from harness.core.pointers import at_key
from harness.openapi.event_bodies import begins_as_json, form_fields, json_text
from harness.webhooks.id_places import reached
from harness.webhooks.json_spans import Edit, JsonSpans, edited

NONCE_BYTES = 25
"""Of chance in a new nonce, which is written in hexadecimal: as long as Mailgun's."""


class BodySignature(msgspec.Struct, frozen=True, kw_only=True):
    """Where a body has its own signature; dots separate nested keys."""

    of_each: str = ""
    """Key of the objects that are signed one by one, through all lists on the way; empty: the whole body."""
    holder: str
    """Member of such an object that has the members below; a form has them itself."""
    signature: str
    timestamp: str = ""
    """Empty where no timestamp is signed."""
    nonce: str = ""
    """A value that is new in every delivery; empty where there is none."""
    fields: Mapping[str, str] = {}
    """The values that `Scheme.signed` names, each with its key in the signed object."""
    in_forms: bool = False
    """Whether the provider also sends forms, with the members as fields."""

    def values(self, body: bytes) -> list[dict[str, str]]:
        """Return the signed values of each signed object by name; nothing where the body has no place for them."""
        if self._is_form(body):
            fields = form_fields(body)
            return [{name: fields.get(key, "") for name, key in zip(self.fields, self.keys(body), strict=True)}]
        return [{n: _text(at_key(each, key)) for n, key in self.fields.items()} for _, each in self._objects(body)]

    def keys(self, body: bytes) -> tuple[str, ...]:
        """Return the keys of the signed values, from the body as a whole."""
        if self._is_form(body):
            return tuple(key.rpartition(".")[2] for key in self.fields.values())
        return tuple(f"{self.of_each}.{key}".strip(".") for key in self.fields.values())

    def found(self, body: bytes) -> list[str]:
        """Return the signature of each signed object, empty for one without."""
        return self.members(body, self.signature)

    def members(self, body: bytes, name: str) -> list[str]:
        """Return the member of that name of each signed object, empty for one without."""
        if self._is_form(body):
            return [form_fields(body).get(name, "")]
        return [_text(at_key(each, f"{self.holder}.{name}")) for _, each in self._objects(body)]

    def renewed(self, body: bytes) -> bytes:
        """Return the body with a place for signatures, a new nonce, and no signature."""
        names = (self.signature, self.timestamp)
        changes = dict.fromkeys(filter(None, names), "")
        nonces = {self.nonce: os.urandom(NONCE_BYTES).hex()} if self.nonce else {}
        return self._changed(body, [{**nonces, **changes}])

    def written(self, body: bytes, signatures: Sequence[str | None], stamp: str) -> bytes:
        """Return the body with these signatures, the last also in all further objects; without its member for None.

        A body without a place for signatures stays as it is.
        """
        stamped = {self.timestamp: stamp} if self.timestamp else {}
        return self._changed(body, [{self.signature: each, **stamped} for each in signatures])

    def without(self, body: bytes, name: str) -> bytes:
        """Return the body without a member of that name."""
        return self._changed(body, [{name: None}])

    def _is_form(self, body: bytes) -> bool:
        return self.in_forms and b"=" in body and not begins_as_json(body)

    def _objects(self, body: bytes) -> list[tuple[tuple[str, ...], dict[str, Any]]]:
        """Return the keys and indexes that lead to each signed object, with the object."""
        try:
            document = json.loads(json_text((), body)[0].removeprefix("\ufeff"))
        except (ValueError, RecursionError):
            return []
        found = reached(document, self.of_each.split(".") if self.of_each else [])
        return [(steps, each) for steps, each in found if isinstance(each, dict)]

    def _changed(self, body: bytes, changes: Sequence[Mapping[str, str | None]]) -> bytes:
        """Return the body with other members, None for one that is removed; every other byte stays."""
        if self._is_form(body):
            return _form_with(body, changes[0])
        objects = self._objects(body)
        if not objects:
            return body
        spans = JsonSpans(*json_text((), body))
        numbered = [(changes[min(n, len(changes) - 1)], *found) for n, found in enumerate(objects)]
        return edited(body, [self._edit(spans, steps, each, change) for change, steps, each in numbered])

    def _edit(
        self, spans: JsonSpans, steps: tuple[str, ...], each: dict[str, Any], change: Mapping[str, str | None]
    ) -> Edit:
        held = each.get(self.holder)
        merged = {**(held if isinstance(held, dict) else {}), **change}
        members = {name: value for name, value in merged.items() if value is not None}
        if self.holder in each:
            first, last = spans.span((*steps, self.holder))
            spaced = '": ' in spans.text[first:last]
            text = readable_json(members, separators=(", ", ": ") if spaced else (",", ":"))
        else:
            first = last = spans.span(steps)[0] + 1
            text = readable_json({self.holder: members}, separators=(",", ":"))[1:-1] + b"," * bool(each)
        return (*spans.in_bytes(first, last), text.decode().encode(spans.encoding))


def _form_with(body: bytes, change: Mapping[str, str | None]) -> bytes:
    kept = [pair for pair in body.split(b"&") if unquote_plus(pair.partition(b"=")[0].decode("latin-1")) not in change]
    new = [f"{name}={quote_plus(value)}".encode() for name, value in change.items() if value is not None]
    return b"&".join((*kept, *new))


def _text(value: Any) -> str:
    """Return a value as the vendors' libraries join it: text as it is, nothing for null."""
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value)
