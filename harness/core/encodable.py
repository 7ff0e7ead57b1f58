"""Texts that UTF-8 can carry: half of a surrogate pair, as undecoded bytes and JSON leave it, is written out."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from harness.core.shown_text import json_escape

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
    return _HALF.sub(lambda half: json_escape(half[0]), text).encode()


def encodable_struct(struct: StructT) -> StructT:
    """Return the same struct with all its texts `encodable`."""
    try:
        msgspec.json.encode(struct)
    except UnicodeEncodeError:
        return msgspec.json.decode(json_bytes(struct), type=type(struct))
    return struct


def with_texts(value: StructT, change: Callable[[str], str]) -> StructT:
    """Return the same struct, at any depth, with each of its texts changed; members of enumerations are none."""
    changed: StructT = _with_texts(value, change)
    return changed


def _with_texts(value: Any, change: Callable[[str], str]) -> Any:
    if type(value) is str:
        return change(value)
    if isinstance(value, msgspec.Struct):
        fields = {name: _with_texts(getattr(value, name), change) for name in value.__struct_fields__}
        return msgspec.structs.replace(value, **fields)
    if isinstance(value, dict):
        return {_with_texts(key, change): _with_texts(each, change) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return type(value)(_with_texts(each, change) for each in value)
    return value


def _written_out(node: Any) -> Any:
    if isinstance(node, dict):
        return {_written_out(key): _written_out(value) for key, value in node.items()}
    if isinstance(node, str):
        return encodable(node)
    return [_written_out(value) for value in node] if isinstance(node, list | tuple | set | frozenset) else node
