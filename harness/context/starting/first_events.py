"""The first fixtures: captured deliveries, a vendor's events, or the examples of the document's webhooks."""

from __future__ import annotations

import re

from harness.context.starting.start_answers import StartAnswers
from harness.errors import SpecError
from harness.openapi.examples import webhook_examples
from harness.openapi.spec_document import Spec
from harness.packs.shelf import events_of, pack_named
from harness.webhooks.schemes import scheme_named

FOLDER = "fixtures/webhooks"


def event_files(answers: StartAnswers, spec: Spec | None) -> dict[str, bytes]:
    """Return fixtures by path: captured deliveries, and what the pack or the document has; empty where none has any."""
    captured = answers.delivery.fixtures if answers.delivery else {}
    return {**{f"{FOLDER}/{name}": content for name, content in captured.items()}, **_described(answers.pack, spec)}


def _described(pack: str, spec: Spec | None) -> dict[str, bytes]:
    if pack:
        return dict(_of_pack(name, path.read_bytes(), path.suffix, pack) for name, path in events_of(pack).items())
    try:
        described = dict(webhook_examples(spec)) if spec else {}
    except SpecError:  # it describes no webhooks, or no example of one can be made
        return {}
    return {f"{FOLDER}/{_file_name(name)}.json": body for name, body in described.items()}


def _of_pack(name: str, body: bytes, suffix: str, pack: str) -> tuple[str, bytes]:
    """Return a fixture; where a header has the event's type, with that header."""
    scheme = scheme_named(pack_named(pack, "--provider").scheme)
    if suffix == ".json" and scheme.type_header:
        head = f"content-type: application/json\n{scheme.type_header}: {name}\n\n"
        return f"{FOLDER}/{_file_name(name)}.http", head.encode() + body
    return f"{FOLDER}/{_file_name(name)}{suffix}", body


def _file_name(event: str) -> str:
    return re.sub(r"[^\w.-]+", "-", event).strip(".-") or "event"
