"""The known-value scan: every known secret, in every form, through layers of encoding."""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import unquote_to_bytes

import msgspec

from harness.core.yaml import scalars
from harness.secrets.forms import MIN_CHARS, forms

DEPTH = 3
INFLATED_LIMIT = 8 * 1024 * 1024
CHUNK = 4 * 1024 * 1024
OVERLAP = 64 * 1024
_BASE64_RUN = re.compile(rb"[A-Za-z0-9+/_-]{16,}={0,2}")


class Leak(msgspec.Struct, frozen=True, kw_only=True):
    """A known secret in a place that must not contain any; never the value, nor a part of it."""

    secret: str
    """The reference that names it."""
    form: str
    """How it was encoded."""
    place: str
    """File or output."""
    line: int
    """Line within the place, from 1."""


class Scanner:
    """Searches bytes for a set of known values."""

    def __init__(self, values: Mapping[str, str]) -> None:
        """``values`` maps the name of each secret to its value."""
        self.unsearchable = tuple(sorted(name for name, value in values.items() if len(value) < MIN_CHARS))
        self._needles = [
            (text.encode(), name, form) for name, value in values.items() for form, text in forms(value).items()
        ]

    def __repr__(self) -> str:
        return f"<scanner for {len({name for _, name, _ in self._needles})} secrets>"

    def scan_bytes(self, data: bytes, place: str, *, first_line: int = 1) -> list[Leak]:
        """Return every known secret in ``data``, each secret and form once, at its first line."""
        found: dict[tuple[str, str], Leak] = {}
        for offset, layer in _layers(data):
            for needle, name, form in self._needles:
                at = layer.find(needle)
                if at < 0 or (name, form) in found:
                    continue
                line = first_line + data.count(b"\n", 0, at if layer is data else offset)
                found[name, form] = Leak(secret=name, form=form, place=place, line=line)
        return list(found.values())

    def scan_file(self, path: Path, place: str) -> list[Leak]:
        """Return every known secret in a file, reading it in overlapping pieces; YAML is also read as YAML."""
        found: dict[tuple[str, str], Leak] = {}
        line = 1
        with path.open("rb") as file:
            piece = b""
            while fresh := file.read(CHUNK):
                piece = piece[-OVERLAP:] + fresh
                for leak in self.scan_bytes(piece, place, first_line=line):
                    found.setdefault((leak.secret, leak.form), leak)
                line += piece[:-OVERLAP].count(b"\n")
        if path.suffix in {".yaml", ".yml"} and path.stat().st_size <= CHUNK * 8:
            for scalar in scalars(path.read_bytes()):  # folding splits a long string over lines
                for leak in self.scan_bytes(scalar, place):
                    found.setdefault((leak.secret, leak.form), leak)
        return list(found.values())


def _layers(data: bytes, depth: int = DEPTH) -> Iterator[tuple[int, bytes]]:
    """Yield ``data`` and what it decodes to, each with the offset in ``data`` at which it begins."""
    yield 0, data
    if depth == 0:
        return
    for offset, inner in _decoded(data):
        for _, layer in _layers(inner, depth - 1):
            yield offset, layer


def _decoded(data: bytes) -> Iterator[tuple[int, bytes]]:
    unquoted = unquote_to_bytes(data) if b"%" in data else b""
    unescaped = re.sub(rb"\\(.)", rb"\1", data) if b"\\" in data else b""
    for inner in (_inflated(data), unquoted, unescaped):
        if inner and inner != data:
            yield 0, inner
    for match in _BASE64_RUN.finditer(data):
        run = match[0].translate(bytes.maketrans(b"-_", b"+/")).rstrip(b"=")
        try:
            inner = base64.b64decode(run + b"=" * (-len(run) % 4))
        except binascii.Error:
            continue
        # The needles find what is encoded directly; only packed or readable bytes are worth another look.
        if inner[:2] == b"\x1f\x8b" or inner[:1] == b"\x78" or sum(32 <= c < 127 for c in inner) > 0.9 * len(inner):
            yield match.start(), inner


def _inflated(data: bytes) -> bytes:
    if data[:2] != b"\x1f\x8b" and data[:1] != b"\x78":
        return b""
    try:
        return zlib.decompressobj(47).decompress(data, INFLATED_LIMIT)
    except zlib.error:
        return b""
