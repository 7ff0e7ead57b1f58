"""JSON whose texts know their line, so that a finding names the line of a query in its file."""

from __future__ import annotations

import json
import re
from bisect import bisect
from json import scanner
from json.decoder import scanstring  # type: ignore[attr-defined] # it is missing in typeshed
from typing import Any

from harness.errors import one_line

MAX_BYTES = 4_000_000
"""Largest dashboard that is read; those of Grafana Labs' own products stay below 1 MB."""


class UnreadableJsonError(ValueError):
    """A text that is not JSON, or is refused for its size or depth; ``line`` is where (from 1)."""

    def __init__(self, problem: str, line: int = 1) -> None:
        super().__init__(problem)
        self.line = line


class LocatedText(str):
    """A text of a JSON document, with the line on which it begins (from 1)."""

    __slots__ = ("line",)
    line: int


def check_size(size: int) -> None:
    """Raise `UnreadableJsonError` where a file has more than `MAX_BYTES` bytes, before it is read into memory."""
    if size > MAX_BYTES:
        raise UnreadableJsonError(f"it has {size:,} bytes; at most {MAX_BYTES:,} are read")


def read_located_json(data: bytes) -> Any:
    """Read JSON in UTF-8, UTF-16 or UTF-32, with or without a byte order mark; each text is a `LocatedText`.

    Raises `UnreadableJsonError` where it is not JSON, nests too deeply, or has more than `MAX_BYTES`.
    """
    check_size(len(data))
    try:
        text = data.decode(json.detect_encoding(data))
        return _LocatingDecoder(text).decode(text)
    except json.JSONDecodeError as exc:
        raise UnreadableJsonError(f"it is not JSON: {exc.msg} (column {exc.colno})", exc.lineno) from exc
    except RecursionError as exc:
        raise UnreadableJsonError("it nests too deeply") from exc
    except ValueError as exc:
        raise UnreadableJsonError(f"it is not JSON: {one_line(exc)}") from exc


def line_of(value: object) -> int:
    """Return the line of a text that was read; 1 for anything else."""
    return value.line if isinstance(value, LocatedText) else 1


class _LocatingDecoder(json.JSONDecoder):
    """The decoder of the standard library, in its form without C, whose reader of texts can be replaced."""

    def __init__(self, text: str) -> None:
        super().__init__(strict=False)
        breaks = [found.start() for found in re.finditer("\n", text)]

        def located(text: str, begin: int, strict: bool) -> tuple[str, int]:  # noqa: FBT001 - the form of its caller
            value, end = scanstring(text, begin, strict)
            found = LocatedText(value.encode("utf-8", "replace").decode())  # half of a pair is no character
            found.line = bisect(breaks, begin) + 1
            return found, end

        self.parse_string = located
        self.scan_once = scanner.py_make_scanner(self)  # type: ignore[attr-defined] # it is missing in typeshed
