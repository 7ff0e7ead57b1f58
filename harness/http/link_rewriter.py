"""Links in responses that point to known origins: pointed to another server instead."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import urlsplit

import msgspec

from harness.http.codings import CodingError, decoded
from harness.http.content import coding_of
from harness.http.message import LOOPBACK, Headers, Response, is_loopback, media_type

_WHOLE = frozenset({"location", "content-location", "operation-location", "azure-asyncoperation"})
"""Fields whose value is one link."""
_PARTS = {
    "link": re.compile(r"(?P<before><\s*)(?P<link>[^<>\s]+)"),  # RFC 8288 section 3
    "refresh": re.compile(r"""(?i)(?P<before>\burl\s*=\s*["']?)(?P<link>[^"'\s]+)"""),
}
"""Fields that contain links, with where they are."""
_USER = r"""(?:[^\s/?#@"'<>\\]*@)?"""
_SITE = r"(?P<host>\[[0-9a-f:.]+\]|[a-z0-9_.-]*[a-z0-9_])\.?(?::(?P<port>\d*))?"
_LINK = re.compile(rf"(?i)(?:(?P<scheme>https?):)?//{_USER}{_SITE}(?=[/?#]|$)")
_IN_TEXT = re.compile(
    rf"(?i)(?<![\w:/.\\-])(?:(?P<scheme>https?):)?(?P<slash>\\?/)(?P=slash){_USER}{_SITE}(?![\w:.@%-])"
    r"""(?P<path>(?:\\?/[^\s"'<>\\/?#]*)*)"""
)
"""JSON may escape its slashes (RFC 8259 section 7)."""
_TEXTS = ("json", "xml", "javascript", "x-www-form-urlencoded", "yaml")
_OF_THE_BYTES = frozenset({"content-digest", "repr-digest", "digest", "content-md5"})
"""Fields that would no longer hold of another body (RFC 9530)."""
_PORTS = {"http": 80, "https": 443}


class _Origin(NamedTuple):
    scheme: str
    host: str
    port: int | None
    """None for any."""
    path: str
    """Of the base URL, without a slash at its end."""


class LinkRewriter:
    """Points links to other origins, whatever way they are written in, to one server."""

    def __init__(self, bases: Iterable[str], here: str, *, relative: bool = False, without_ports: bool = False) -> None:
        """``here`` is the URL that stands for each of ``bases``, and for nothing above the path of one.

        A redirect is made ``relative`` where that is asked for, and so holds under every name of the server. With
        ``without_ports``, a base on loopback without a port stands for all ports there.
        """
        self._here, self._relative = here, relative
        self._origins = [_origin(base, without_ports=without_ports) for base in dict.fromkeys(bases)]

    def response(self, response: Response) -> Response:
        """Return a response whose links point here; where its body cannot be decoded, those of its headers alone."""
        response = msgspec.structs.replace(response, headers=self.headers(response.headers))
        try:
            content, pack = decoded(response.body, coding_of(response.headers))
        except CodingError:
            return response
        pointing = self.body(content, response.header("content-type"))
        if pointing == content:
            return response
        kept = tuple(field for field in response.headers if field[0].lower() not in _OF_THE_BYTES)
        return msgspec.structs.replace(response, headers=kept, body=pack(pointing))

    def headers(self, headers: Headers) -> Headers:
        """Return header fields whose links point here."""
        return tuple((name, self._value(name.lower(), value)) for name, value in headers)

    def body(self, content: bytes, content_type: str) -> bytes:
        """Return the decoded body of a text with its absolute links pointing here; any other body as it is.

        What leads above the path of a base stays as it is.
        """
        essence = media_type(content_type)
        if not essence.startswith("text/") and not any(name in essence for name in _TEXTS):
            return content
        return _IN_TEXT.sub(self._in_text, content.decode("latin-1")).encode("latin-1")

    def _in_text(self, found: re.Match[str]) -> str:
        origin, path, slash = self._origin_of(found), found["path"], found["slash"]
        if not (origin and _is_below(path.replace("\\/", "/"), origin.path)):
            return found[0]
        here = self._here if found["scheme"] else self._here.partition(":")[2]
        return here.replace("/", slash) + path[len(origin.path.replace("/", slash)) :]

    def _value(self, name: str, value: str) -> str:
        if name in _WHOLE:
            return self._link(value.strip(), relative=self._relative and name == "location")
        parts = _PARTS.get(name)
        return parts.sub(lambda m: m["before"] + self._link(m["link"]), value) if parts else value

    def _link(self, link: str, *, relative: bool = False) -> str:
        found = _LINK.match(link)
        if not found:
            return self._path(link) if link.startswith("/") else link
        origin = self._origin_of(found)
        rest = link[found.end() :]
        if not (origin and _is_below(rest, origin.path)):
            return link
        rest = rest[len(origin.path) :]
        rest = rest if rest.startswith("/") else f"/{rest}"
        return rest if relative and not rest.startswith("//") else self._here + rest

    def _path(self, link: str) -> str:
        """Return a link without an origin, which the client resolves against ``here``."""
        if link.startswith("//") or not self._origins or not self._origins[0].path:
            return link
        origin = self._origins[0]
        if _is_below(link, origin.path):
            return self._here + link[len(origin.path) :]
        port = "" if origin.port == _PORTS[origin.scheme] else f":{origin.port}"
        return f"{origin.scheme}://{origin.host}{port}{link}"

    def _origin_of(self, found: re.Match[str]) -> _Origin | None:
        scheme, host = (found["scheme"] or "").lower(), found["host"].lower()
        for origin in self._origins:
            port = int(found["port"]) if found["port"] else _PORTS[origin.scheme]
            if host == origin.host and scheme in ("", origin.scheme) and origin.port in (None, port):
                return origin
        return None


def names_of(base: str) -> list[str]:
    """Return a base URL with, on loopback, the others under which its server may call itself."""
    host = urlsplit(base).hostname or ""
    if not is_loopback(host):
        return [base]
    written = f"[{host}]" if ":" in host else host
    return [
        base,
        *(base.replace(written, f"[{name}]" if ":" in name else name, 1) for name in sorted(LOOPBACK - {host})),
    ]


def _is_below(rest: str, path: str) -> bool:
    return rest.startswith(path) and (not path or rest[len(path) : len(path) + 1] in ("", "/", "?", "#"))


def _origin(base: str, *, without_ports: bool) -> _Origin:
    parts = urlsplit(base)
    host, scheme = (parts.hostname or "").rstrip("."), parts.scheme.lower()
    any_port = without_ports and parts.port is None and is_loopback(host)
    port = None if any_port else parts.port or _PORTS.get(scheme)
    return _Origin(scheme, f"[{host}]" if ":" in host else host, port, parts.path.rstrip("/"))
