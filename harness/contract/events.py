"""Event fixtures against the document's ``webhooks``."""

from __future__ import annotations

import json
from typing import Any

import jsonschema_rs

from harness.contract.spec import Spec
from harness.model import Event

ITEM = "webhooks.fixtures"


class EventSchemas:
    """The document's webhook schemas, ready to validate events."""

    def __init__(self, spec: Spec) -> None:
        """Compile each webhook's schema within the document, so that ``$ref`` finds its components."""
        self._validators = {name: _validator(schema, spec.document) for name, schema in spec.webhooks()}

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the webhooks the document describes."""
        return tuple(sorted(self._validators))

    def violations(self, event: Event) -> list[str]:
        """Return how ``event`` breaks the schema of its type; a type the document lacks is one violation."""
        validator = self._validators.get(event.type)
        if validator is None:
            return [
                f"the spec's webhooks describe no {event.type!r} (they describe: {', '.join(self.names) or 'none'})"
            ]
        document = json.loads(event.body)
        return [f"{_pointer(e.instance_path)}: {e.message[:300]}" for e in validator.iter_errors(document)]

    def violations_of(self, event_type: str, body: bytes, type_key: str) -> list[str]:
        """Return how a body breaks the schema of its type, which it names under ``type_key`` unless it is given."""
        try:
            document = json.loads(body)
        except ValueError:
            return ["the body is not JSON"]
        named = event_type or (str(document.get(type_key, "")) if isinstance(document, dict) else "")
        return self.violations(Event(name=named, type=named, id="", body=body))


def _validator(schema: dict[str, Any], document: dict[str, Any]) -> Any:
    # `components` beside the schema lets "#/components/schemas/…" resolve within it.
    whole = {**schema, "components": document.get("components", {})}
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=True)


def _pointer(path: list[str | int]) -> str:
    return "/" + "/".join(map(str, path))
