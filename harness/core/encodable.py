"""Texts that UTF-8 can carry: half of a surrogate pair, as undecoded bytes and JSON leave it, is written out."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

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
