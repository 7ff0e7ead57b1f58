"""What the body of a webhook holds: JSON, or the fields of a form, with the JSON that some senders put into one."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl

from harness.core.pointers import text_at_key
from harness.http.message import Headers, header, media_type

PAYLOAD = "payload"
"""Field of a form that holds the whole event as JSON (GitHub's form deliveries, Slack's interactions)."""
_FORM = "application/x-www-form-urlencoded"


def is_form(headers: Headers) -> bool:
    """Whether a body is declared to be a form's."""
    return media_type(header(headers, "content-type")) == _FORM


def is_readable(headers: Headers) -> bool:
    """Whether a body is declared to be JSON or a form, in no coding; one without a media type counts as JSON."""
    media = media_type(header(headers, "content-type")) or "json"
    return header(headers, "content-encoding").lower() in ("", "identity") and ("json" in media or media == _FORM)


def event_document(headers: Headers, body: bytes) -> Any:
    """Return the JSON document or the fields of a form, None for a body that is declared to be neither.

    Raises `ValueError` and `RecursionError` for JSON that cannot be read.
    """
    if not is_readable(headers):
        return None
    if not is_form(headers):
        return json.loads(body)
    fields = form_fields(body)
    inner = fields.get(PAYLOAD, "")
    return json.loads(inner) if inner.lstrip()[:1] in ("{", "[") else fields


def readable_document(headers: Headers, body: bytes) -> Any:
    """Return what `event_document` does, None also for JSON that cannot be read."""
    try:
        return event_document(headers, body)
    except (ValueError, RecursionError):
        return None


def form_fields(body: bytes) -> dict[str, str]:
    """Return the fields of a form; of several with one name the last."""
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


def text_in_event(document: Any, key: str) -> str:
    """Return the text or whole number at a dotted key as text, empty for none; without an index, of the first event."""
    if key and isinstance(document, list) and not key.partition(".")[0].isdigit():
        key = f"0.{key}"
    return text_at_key(document, key)
