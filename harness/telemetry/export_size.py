"""How many parts an export has: an empty one takes two bytes as sent, and hundreds in memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

MAX_PARTS = 100_000
"""Spans, attributes, values and the like of one export; 512 spans, as exporters send at once, have some 30,000."""
SMALL = 256 * 1024
"""Bytes of an export that cannot have too many to read."""
_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5


def has_too_many_objects(text: bytes) -> bool:
    """Whether an export in JSON has more than `MAX_PARTS` objects and lists; those within texts count too."""
    return text.count(b"{") + text.count(b"[") > MAX_PARTS


def has_too_many_messages(body: bytes, kind: Any) -> bool:
    """Whether an export in protobuf has more than `MAX_PARTS` messages; ``kind`` is the descriptor of its type.

    What cannot be read ends the count: the parser refuses it.
    """
    if len(body) <= SMALL:
        return False
    try:
        return any(number > MAX_PARTS for number, _ in enumerate(_messages(memoryview(body), kind)))
    except (IndexError, RecursionError):
        return False


def _messages(body: memoryview, kind: Any) -> Iterator[None]:
    """Yield for each message within another, as deep as the types go."""
    at = 0
    while at < len(body):
        tag, at = _varint(body, at)
        if tag & 7 == _LENGTH:
            size, at = _varint(body, at)
            field = kind.fields_by_number.get(tag >> 3)
            if field is not None and field.message_type is not None:
                yield
                yield from _messages(body[at : at + size], field.message_type)
            at += size
        elif tag & 7 == _VARINT:
            at = _varint(body, at)[1]
        elif tag & 7 in (_FIXED64, _FIXED32):
            at += 8 if tag & 7 == _FIXED64 else 4
        else:
            return


def _varint(body: memoryview, at: int) -> tuple[int, int]:
    """Return a number, and where the next thing begins; raises IndexError where it is cut."""
    value = shift = 0
    while shift < 64:
        byte = body[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
    raise IndexError
