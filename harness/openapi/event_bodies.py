"""What the body of a webhook holds: JSON, or the fields of a form, with the JSON that some senders put into one."""

from __future__ import annotations

import codecs
import json
from typing import Any
from urllib.parse import parse_qsl

from harness.core.foreign_json import read_json
from harness.core.pointers import text_at_key
from harness.http.message import Headers, header, media_parameter, media_type

PAYLOADS = ("payload", "mandrill_events")
"""Fields of a form that hold the whole event as JSON (GitHub's form deliveries, Slack's interactions, Mandrill's)."""
_FORM = "application/x-www-form-urlencoded"
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # begins with that of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_BEFORE_JSON = codecs.BOM_UTF8 + codecs.BOM_UTF16 + b"\0 \t\r\n"


def begins_as_json(body: bytes) -> bool:
    """Whether a body begins as JSON that can be an event does: with an object or a list, perhaps after a BOM."""
    return body.lstrip(_BEFORE_JSON)[:1] in (b"{", b"[")


def declares_json(headers: Headers) -> bool:
    """Whether a body is declared to be JSON, in no coding; one without a media type counts as JSON."""
    return not _is_coded(headers) and "json" in (media_type(header(headers, "content-type")) or "json")


def is_form(headers: Headers, body: bytes) -> bool:
    """Whether a body is a form's: declared as one, and not JSON under a wrong name, as libraries send by default."""
    return media_type(header(headers, "content-type")) == _FORM and not begins_as_json(body)


def event_document(headers: Headers, body: bytes) -> Any:
    """Return the JSON document or the fields of a form, None for a body that is neither.

    Raises `ValueError` and `RecursionError` for what is declared to be JSON and cannot be read.
    """
    if declares_json(headers):
        return _json(headers, body)
    if _is_coded(headers):
        return None
    if begins_as_json(body):  # as text/plain, for example: what senders declare is often wrong
        return _json_or_none(headers, body)
    if not is_form(headers, body):
        return None
    fields = form_fields(body)
    inner = next((fields[name] for name in PAYLOADS if name in fields), "")
    return read_json(inner) if begins_as_json(inner.encode("utf-8", "replace")) else fields


def _is_coded(headers: Headers) -> bool:
    return header(headers, "content-encoding").lower() not in ("", "identity")


def json_text(headers: Headers, body: bytes) -> tuple[str, str]:
    """Return JSON as text, after its byte order mark if it has one, and the encoding: UTF-8, UTF-16 or UTF-32.

    Where it is in none of these, the charset that the sender declares counts. Raises `UnicodeDecodeError`.
    """
    encoding = next((name for mark, name in _BOMS if body.startswith(mark)), "") or json.detect_encoding(body)
    try:
        return body.decode(encoding, "surrogatepass"), encoding
    except UnicodeDecodeError:
        charset = media_parameter(header(headers, "content-type"), "charset")
        try:
            return body.decode(charset), charset
        except (LookupError, ValueError):
            pass
        raise


def _json(headers: Headers, body: bytes) -> Any:
    return read_json(json_text(headers, body)[0].removeprefix("\ufeff"))


def _json_or_none(headers: Headers, body: bytes) -> Any:
    try:
        return _json(headers, body)
    except (ValueError, RecursionError):
        return None


def readable_document(headers: Headers, body: bytes) -> Any:
    """Return what `event_document` does, None also for JSON that cannot be read."""
    try:
        return event_document(headers, body)
    except (ValueError, RecursionError):
        return None


def is_json_event(headers: Headers, body: bytes) -> bool:
    """Whether a body is JSON that can be an event: an object or a list, in no form."""
    return not is_form(headers, body) and isinstance(readable_document(headers, body), dict | list)


def form_fields(body: bytes) -> dict[str, str]:
    """Return the fields of a form; of several with one name the last."""
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


def text_in_event(document: Any, key: str) -> str:
    """Return the text or whole number at a dotted key as text, empty for none; without an index, of the first event."""
    if key and isinstance(document, list) and not key.partition(".")[0].isdigit():
        key = f"0.{key}"
    return text_at_key(document, key)
