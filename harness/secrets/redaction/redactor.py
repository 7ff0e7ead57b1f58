"""Redaction of recordings: secrets are replaced before anything is stored, and the same way before it is matched.

Two kinds are known: the *values* that harness.toml refers to, and the *fields* whose names mean secrets, in headers,
URLs, forms, JSON and XML. Both are looked for inside compressed bodies, base64 text and JSON within JSON.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from harness.errors import CassetteError
from harness.http.codings import DECODABLE, MAX_DECODED, CodingError, Pack, decoded
from harness.http.credential_places import without_parameters
from harness.secrets.detection.secret_names import URI_HINT, names_secret
from harness.secrets.redaction.bodies import Bodies
from harness.secrets.redaction.placeholders import Placeholders

MAX_CACHED = 10_000
MAX_SEARCHED = 8 << 20
"""Bytes of what a stranger sends, as sent and as unpacked: to search them takes a multiple of them."""

_BROKEN = re.compile(r"[\t\r\n]")
_COOKIES = {"cookie", "set-cookie"}
_LINKS = {"location", "content-location", "referer"}
_CREDENTIALS = {"authorization", "proxy-authorization"}


class Redactor:
    """Replaces the secrets in the messages of one cassette by `Placeholders`."""

    def __init__(
        self, known: Callable[[str], str] = str, *, blank: bool = False, key_names: Collection[str] = ()
    ) -> None:
        """``known`` replaces every known value by its name, as `harness.secrets.Vault.redact_whole` does.

        With ``blank``, all other secrets get one placeholder, also those that another tool has replaced.
        Parameters of a query with one of ``key_names`` are left out: they authenticate, and identify no request.
        """
        self._known = known
        self._key_names = frozenset(key_names)
        self._secrets = Placeholders(known, blank=blank)
        self._sent = Bodies(self._secrets, received=False)
        self._received = Bodies(self._secrets, received=True)
        self._uris: dict[tuple[str, bool, int], str] = {}

    def blank(self) -> Redactor:
        """Return one that knows the same values, with which two messages that differ in secrets alone are equal."""
        return Redactor(self._known, blank=True, key_names=self._key_names)

    def text(self, text: str, *, received: bool = False) -> str:
        """Return free text, such as an error's, without secrets."""
        return self._known(self._secrets.text(text, received=received))

    def uri(self, uri: str, *, received: bool = False) -> str:
        """Return a URL, or the part of one that a request line holds, without secrets."""
        key = (uri, received, self._secrets.learned.count)
        if key not in self._uris:
            if len(self._uris) >= MAX_CACHED:
                self._uris.clear()
            self._uris[key] = self._clean_uri(uri, received=received)
        return self._uris[key]

    def _clean_uri(self, uri: str, *, received: bool) -> str:
        uri = self._without_keys(uri) if self._key_names else uri
        plain = unquote(uri)
        if not (self._secrets.learned.count or URI_HINT.search(plain)) and self._known(uri) == uri:
            return uri if self._known(plain) == plain else self.text(plain, received=received)
        if _BROKEN.search(uri):  # `urlsplit` would join it
            return self.text(uri, received=received)
        try:
            parts = urlsplit(uri)
            netloc = parts.netloc
        except ValueError:
            return self.text(uri, received=received)
        if "@" in netloc:
            netloc = "REDACTED@" + netloc.rpartition("@")[2]
        bodies = self._received if received else self._sent
        path = self._known("/".join(self._segment(segment, received=received) for segment in parts.path.split("/")))
        query = bodies.form(parts.query, query=True)
        fragment = bodies.form(parts.fragment, query=True)
        clean = parts._replace(netloc=netloc, path=path, query=query, fragment=fragment).geturl()
        return self._known(clean)  # a value with the signs that part a URL is in none of its parts

    def _without_keys(self, uri: str) -> str:
        address, mark, query = uri.partition("?")
        query, hash_mark, fragment = query.partition("#")
        query = without_parameters(query, self._key_names)
        return address + mark * bool(query) + query + hash_mark + fragment

    def headers(self, headers: Mapping[str, Any], *, received: bool = False) -> dict[str, Any]:
        """Return headers without secrets; each value is a text or a list of texts."""
        return {
            name: [self._header(name, v, received=received) for v in value]
            if isinstance(value, list | tuple)
            else self._header(name, value, received=received)
            for name, value in headers.items()
        }

    def body(
        self, body: bytes, *, media_type: str = "", coding: str = "", received: bool = False, limit: int = MAX_DECODED
    ) -> bytes:
        """Return a body without secrets, encoded again as ``coding`` (its Content-Encoding).

        Raises `CassetteError` for a coding that cannot be opened, or content of more than ``limit`` bytes.
        """
        if not body:
            return body
        _, clean, pack = self._searched(body, media_type, coding, received=received, limit=limit)
        return pack(clean)

    def finds(self, body: bytes, *, media_type: str = "", coding: str = "", received: bool = False) -> bool:
        """Return whether a body contains something to redact; raises `CassetteError` for an unknown coding."""
        content, clean, _ = self._searched(body, media_type, coding, received=received)
        return clean != content

    def _searched(
        self, body: bytes, media_type: str, coding: str, *, received: bool, limit: int = MAX_DECODED
    ) -> tuple[bytes, bytes, Pack]:
        """Return what a body holds, the same without secrets, and how it is packed again."""
        bodies = self._received if received else self._sent
        try:
            content, pack = decoded(body, coding, limit=limit)
            return content, bodies.content(content, media_type.lower()), pack
        except CodingError as exc:
            raise unsearchable(exc) from None

    def _segment(self, segment: str, *, received: bool) -> str:
        plain = unquote(segment)
        clean = self._known(self._secrets.text(plain, received=received))
        return segment if clean == plain else quote(clean, safe="")

    def _header(self, name: str, value: Any, *, received: bool) -> Any:
        if not isinstance(value, str):
            text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
            return self._header(name, text, received=received)
        if not value.isascii():  # the bytes of a value stand in the text as ISO-8859-1, and most are UTF-8
            with suppress(UnicodeError):
                plain = value.encode("latin-1").decode()
                clean = self._text_header(name, plain, received=received)
                return value if clean == plain else clean.encode().decode("latin-1")
        return self._text_header(name, value, received=received)

    def _text_header(self, name: str, value: str, *, received: bool) -> str:
        lower = name.lower()
        if lower in _CREDENTIALS:
            return self._credential(lower, value, received=received)
        if lower in _COOKIES:
            return self._cookies(lower, value, received=received)
        if lower in _LINKS:
            return self.uri(value, received=received)
        if names_secret(name, query=True):
            return self._secrets.of(lower, value, received=received)
        return self.text(value, received=received)

    def _credential(self, name: str, value: str, *, received: bool) -> str:
        """Leave the scheme of a credential, such as ``Bearer``, which is not secret."""
        scheme, space, secret = value.partition(" ")
        if not space:
            return self._secrets.of(name, value, received=received)
        if scheme.lower() == "basic":
            self._learn_basic(secret, received=received)
        return f"{scheme} {self._secrets.of(name, secret, received=received)}"

    def _learn_basic(self, encoded: str, *, received: bool) -> None:
        """Remember the password of HTTP basic authentication (RFC 7617), which may appear elsewhere in plain text."""
        try:
            _, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, ValueError):
            return
        if password:
            self._secrets.of("password", password, received=received)

    def _cookies(self, name: str, value: str, *, received: bool) -> str:
        """Replace the values of cookies, and leave their names and attributes (RFC 6265)."""
        pairs = value.split(";") if name == "cookie" else value.split(";", 1)[:1]
        rest = "" if name == "cookie" else value[len(pairs[0]) :]
        clean = []
        for pair in pairs:
            key, equals, secret = pair.partition("=")
            hidden = self._secrets.of(f"cookie {key.strip()}", secret.strip(), received=received)
            clean.append(key + equals + hidden if equals else key)
        return ";".join(clean) + rest


def unsearchable(exc: CodingError) -> CassetteError:
    """Return the error for a body that cannot be decoded: what cannot be searched must not be stored."""
    return CassetteError(
        f"{str(exc).rstrip('.')}, so it cannot be searched for secrets and was not recorded. "
        f"Send the request with Accept-Encoding: {DECODABLE}."
    )
