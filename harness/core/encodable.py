"""Texts that UTF-8 can carry: half of a surrogate pair, as undecoded bytes and JSON leave it, is written out."""

from __future__ import annotations

import json
import re
from typing import Any, TypeVar

import msgspec

_HALF = re.compile("[\\ud800-\\udfff]")

StructT = TypeVar("StructT", bound=msgspec.Struct)


def encodable(text: str) -> str:
    """Return a text with its code in hexadecimal in place of half of a surrogate pair, which no file or pipe takes."""
    return text.encode(errors="backslashreplace").decode()


def json_bytes(value: Any) -> bytes:
    """Return a struct or other value as JSON, with all its texts `encodable`."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return msgspec.json.encode(_written_out(msgspec.to_builtins(value)))


def readable_json(document: Any, *, indent: int | None = None, separators: tuple[str, str] | None = None) -> bytes:
    """Return a JSON document in UTF-8 with letters as they are; half of a pair is an escape (RFC 8259 section 8.2)."""
    text = json.dumps(document, indent=indent, separators=separators, ensure_ascii=False)
    return _HALF.sub(lambda half: f"\\u{ord(half[0]):04x}", text).encode()


def encodable_struct(struct: StructT) -> StructT:
    """Return the same struct with all its texts `encodable`."""
    try:
        msgspec.json.encode(struct)
    except UnicodeEncodeError:
        return msgspec.json.decode(json_bytes(struct), type=type(struct))
    return struct


def _written_out(node: Any) -> Any:
    if isinstance(node, dict):
        return {_written_out(key): _written_out(value) for key, value in node.items()}
    if isinstance(node, str):
        return encodable(node)
    return [_written_out(value) for value in node] if isinstance(node, list | tuple | set | frozenset) else node
