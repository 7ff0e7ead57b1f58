"""Bodies without secrets: JSON, forms, multipart, lines of events, XML and plain text, and what is encoded in them."""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import Any
from urllib.parse import quote_plus, unquote_plus

from harness.core.foreign_json import has_too_many_values
from harness.http.codings import recognised
from harness.http.message import media_parameter
from harness.secrets.detection.secret_names import may_hold_secret, names_secret, names_secret_number
from harness.secrets.redaction.placeholders import Placeholders

DEPTH = 3
"""Layers of encoding that are opened: base64 in JSON in a JSON string, for one."""
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")

_READABLE = bytes([*range(32, 127), *b"\r\n\t"])
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*', re.DOTALL)


class _Object(list[tuple[str, Any]]):
    """A JSON object with all its members in order, one that is repeated too."""


def _dumped(new: str | int, written: str) -> str:
    """Return ``new`` as JSON, escaped as much as the text ``written`` around it."""
    return json.dumps(new, ensure_ascii=written.isascii() or any("\ud800" <= c <= "\udfff" for c in str(new)))


class Bodies:
    """Takes the secrets out of the bodies of requests, or of responses."""

    def __init__(self, secrets: Placeholders, *, received: bool) -> None:
        """``received`` is true for responses, false for requests."""
        self._secrets = secrets
        self._received = received

    def content(self, content: bytes, media_type: str, *, depth: int = DEPTH) -> bytes:
        """Return the content of a body without secrets; ``depth`` is how many layers of encoding are opened."""
        if depth and (unpacked := recognised(content)):
            inner, pack = unpacked
            clean = self.content(inner, "", depth=depth - 1)
            return content if clean == inner else pack(clean)
        if media_type.startswith("multipart/"):
            return self._multipart(content, media_type, depth=depth)
        try:
            text = content.decode()
        except UnicodeDecodeError:
            # Byte by byte: every ASCII part is searched, everything else comes back as it was.
            return self._text_body(content.decode("latin-1"), "", depth=0).encode("latin-1", "replace")
        return self._text_body(text, media_type, depth=depth).encode()

    def _text_body(self, text: str, media_type: str, *, depth: int) -> str:
        if may_hold_secret(text):
            text = self.form(text) if "x-www-form-urlencoded" in media_type else self._layers(text, depth=depth)
            text = self._plain(text)
        return self._secrets.known(text)

    def _layers(self, text: str, *, depth: int) -> str:
        """Open what ``text`` as a whole may be: JSON, a line of JSON after another, or base64."""
        stripped = text.lstrip()
        if stripped[:1] in {"{", "[", '"'}:
            clean = self._json(text, depth=depth)
            if clean is not None:
                return clean
            if "\n" in text.strip():
                return "".join(self._json_line(line, depth=depth) for line in text.splitlines(keepends=True))
        elif stripped.startswith(("data:", "event:", "id:")):
            return "".join(self._json_line(line, depth=depth) for line in text.splitlines(keepends=True))
        elif depth and _BASE64.fullmatch(stripped.rstrip()):
            return self._base64(text, depth=depth)
        return text

    def _json_line(self, line: str, *, depth: int) -> str:
        head, mark, tail = line.partition("data:") if line.startswith("data:") else ("", "", line)
        body = tail.strip()
        clean = self._json(body, depth=depth) if body[:1] in {"{", "["} else None
        return line if clean is None else head + mark + tail.replace(body, clean)

    def _json(self, text: str, *, depth: int) -> str | None:
        """Return JSON without secrets, where all else stays as it was written; None for what is not JSON."""
        if has_too_many_values(text):  # it is searched as text
            return None
        try:
            # Every number is a token of its own, however large; NaN and Infinity are not.
            document = json.loads(text, object_pairs_hook=_Object, parse_float=lambda _: 0.5, parse_constant=bool)
            changes: list[str | int | None] = []
            self._walk(document, "", changes, depth=depth)
        except (ValueError, RecursionError):
            return None
        if not any(change is not None for change in changes):
            return text
        supply = iter(changes)
        return _TOKEN.sub(lambda m: m[0] if (new := next(supply)) is None else _dumped(new, text), text)

    def _walk(self, node: Any, name: str, changes: list[str | int | None], *, depth: int) -> None:
        """Add to ``changes`` for every text and number below ``node``, in order, what to put in its place, or None.

        ``name`` is the key of ``node``.
        """
        if isinstance(node, _Object):
            named = self._named(node) or (name if names_secret(name) else "")
            for key, value in node:
                changes.append(None)
                self._walk(value, named if named and key.lower() == "value" else key, changes, depth=depth)
        elif isinstance(node, list):
            for value in node:
                self._walk(value, name, changes, depth=depth)
        elif isinstance(node, str):
            clean = self._hide(name, node) if names_secret(name) else self._leaf(node, depth=depth)
            changes.append(None if clean == node else clean)
        elif isinstance(node, int | float) and not isinstance(node, bool):
            changes.append(0 if names_secret_number(name) and node else None)

    @staticmethod
    def _named(node: _Object) -> str:
        """Return the secret's name that ``{"name": "API_KEY", "value": "…"}`` holds."""
        for key, value in node:
            if key.lower() in {"name", "key"} and isinstance(value, str) and names_secret(value):
                return value
        return ""

    def _leaf(self, text: str, *, depth: int) -> str:
        if depth and len(text) >= 8 and text.lstrip()[:1] in {"{", "["}:
            clean = self._json(text, depth=depth - 1)
            if clean is not None:
                return clean
        if depth and _BASE64.fullmatch(text):
            return self._base64(text, depth=depth)
        return text

    def _base64(self, text: str, *, depth: int) -> str:
        """Open base64 text that holds readable or compressed bytes, and close it again when something was inside."""
        bare = text.strip()
        url_safe = "-" in bare or "_" in bare
        plain = bare.translate(str.maketrans("-_", "+/")).rstrip("=")
        try:
            inner = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
        except (binascii.Error, ValueError):
            return text
        if not recognised(inner) and 10 * len(inner.translate(None, _READABLE)) > len(inner):
            return text
        clean = self.content(inner, "", depth=depth - 1)
        if clean == inner:
            return text
        packed = (base64.urlsafe_b64encode if url_safe else base64.b64encode)(clean).decode()
        return text.replace(bare, packed if bare.endswith("=") or len(bare) % 4 == 0 else packed.rstrip("="))

    def form(self, text: str, *, query: bool = False) -> str:
        """Return a form, or a query, with placeholders for its secret fields; the rest does not change."""
        if not text:
            return text
        granting = not query and "grant_type=" in text  # RFC 6749 section 4.1.3: the code is a credential there
        fields = []
        for field in text.split("&"):
            name, equals, value = field.partition("=")
            plain_name, plain = unquote_plus(name), unquote_plus(value)
            if names_secret(plain_name, query=query) or (granting and plain_name in {"code", "assertion"}):
                clean = self._hide(plain_name, plain)
            else:
                clean = self._secrets.known(self._plain(plain))
            fields.append(field if clean == plain else name + equals + quote_plus(clean))
        return "&".join(fields)

    def _multipart(self, content: bytes, media_type: str, *, depth: int) -> bytes:
        boundary = media_parameter(media_type, "boundary")
        delimiter = b"--" + boundary.encode()
        if not boundary or content.lower().count(delimiter) < 2:
            return self.content(content, "", depth=depth)
        cuts = [match.start() for match in re.finditer(re.escape(delimiter), content, re.IGNORECASE)]
        pieces = [content[: cuts[0]], *(content[a:b] for a, b in zip(cuts, [*cuts[1:], len(content)], strict=True))]
        return b"".join(self._part(piece, depth=depth) for piece in pieces)

    def _part(self, piece: bytes, *, depth: int) -> bytes:
        head, gap, value = piece.partition(b"\r\n\r\n")
        if not gap:
            return piece
        value, end = (value[:-2], value[-2:]) if value.endswith(b"\r\n") else (value, b"")
        named = re.search(rb';\s*name="([^"]*)"', head)
        name = named[1].decode(errors="replace") if named else ""
        if names_secret(name):
            clean = self._hide(name, value.decode(errors="replace")).encode()
        else:
            clean = self.content(value, "", depth=depth)
        return head + gap + clean + end

    def _hide(self, name: str, value: str) -> str:
        return self._secrets.of(name, value, received=self._received)

    def _plain(self, text: str) -> str:
        return self._secrets.text(text, received=self._received)
