"""Event fixtures against the document's ``webhooks``."""

from __future__ import annotations

import re
from typing import Any

from harness.core.cutting import cut
from harness.core.pointers import pointer_of
from harness.model import Event
from harness.openapi.event_bodies import PAYLOADS, declares_json, form_fields, is_form, readable_document
from harness.openapi.spec_document import Spec

ACTION = "action"
"""Key of the body that, with the type, makes the name of a webhook where one type has several (GitHub)."""


class EventSchemas:
    """The document's webhook schemas, ready to validate events."""

    def __init__(self, spec: Spec) -> None:
        """A schema is compiled when the first event of its webhook is validated."""
        self._schemas = spec.of_either
        self._places = {webhook.path: webhook.body_place for webhook in spec.webhooks if webhook.body_place}
        self._by_plain = {_plain(name): name for name in self._places}

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the webhooks the document describes."""
        return tuple(sorted(self._places))

    def violations(self, event: Event) -> list[str]:
        """Return how ``event`` breaks the schema of its type; a type missing from the document is one violation."""
        document = readable_document(event.headers, event.body)
        if document is None:
            return ["the body is not JSON"]
        name = self.named(event.type, document)
        if name is None:
            return [
                f"the spec's webhooks describe no {event.type!r} (they describe: {', '.join(self.names) or 'none'})"
            ]
        validator = self._schemas.at(self._places[name])
        if validator is None:
            return [f"the schema of the spec's webhook {name!r} cannot be read"]
        return [
            f"{pointer_of(*e.instance_path) or '/'}: {cut(e.message, 300)}" for e in validator.iter_errors(document)
        ]

    def unjudged(self, event: Event) -> str:
        """Return why an event cannot be held against a schema, empty where it can.

        JSON schemas describe JSON: the fields of a form have no types, and other bodies have no fields.
        """
        document = readable_document(event.headers, event.body)
        if document is None and not declares_json(event.headers):
            return "the body is neither JSON nor a form, and the schemas of the spec describe JSON"
        if is_form(event.headers, event.body) and not form_fields(event.body).keys() & PAYLOADS:
            return "the body is a form, whose fields are all text, and the schemas of the spec describe JSON"
        if not event.type and self.named("", document) is None:
            return "the event names no type, by which the spec's schema could be found"
        return ""

    def fits(self, name: str, document: Any) -> bool:
        """Whether a document conforms to the schema of the webhook ``name``; False where that has none."""
        validator = self._schemas.at(self._places[name]) if name in self._places else None
        return validator is not None and bool(validator.is_valid(document))

    def named(self, event_type: str, document: Any) -> str | None:
        """Return the webhook of an event: called like its type, or like its type and action; None for no such."""
        action = document.get(ACTION) if isinstance(document, dict) else None
        both = [f"{event_type} {action}"] if isinstance(action, str) else []
        if event_type in self._places:
            return event_type
        return next((self._by_plain[p] for p in map(_plain, [*both, event_type]) if p in self._by_plain), None)

    def kind(self, event: Event) -> str:
        """Return the webhook that an event is of, empty where the document describes no such."""
        return self.named(event.type, readable_document(event.headers, event.body)) or ""


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower())
