"""Responses that need not end: which they are, and what one that was broken off holds."""

from __future__ import annotations

from harness.http.message import media_type

EVENTS = "text/event-stream"
_LINES = frozenset(
    {
        "application/x-ndjson",
        "application/ndjson",
        "application/jsonl",
        "application/stream+json",
        "application/json-seq",
    }
)
_PARTS = "multipart/x-mixed-replace"


def is_stream(content_type: str) -> bool:
    """Whether a media type is that of messages one after another, which need not end (HTML, server-sent events)."""
    return media_type(content_type) in {EVENTS, _PARTS, *_LINES}


def whole_messages(content: bytes, content_type: str) -> bytes:
    """Return a stream without the message that it broke off in; all of it where it has no whole message."""
    ends = (b"\n\n", b"\r\n\r\n", b"\r\r") if media_type(content_type) == EVENTS else (b"\n",)
    end = max(content.rfind(mark) + len(mark) if mark in content else 0 for mark in ends)
    return content[:end] if end else content
