"""The URLs that the sender of a request may have used: a tunnel or a proxy between changes all parts of one."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from itertools import product
from urllib.parse import quote, unquote, urlsplit

from harness.http.address import DEFAULT_PORTS
from harness.http.message import Request

_FORWARDED = re.compile(r'(?:^|[;,\s])(proto|host)=(?:"((?:[^"\\]|\\.)*)"|([^;,\s"]*))', re.IGNORECASE)
_HOSTS = ("x-forwarded-host", "x-original-host", "x-forwarded-server")
_SCHEMES = ("x-forwarded-proto", "x-forwarded-protocol", "x-forwarded-scheme", "x-scheme", "x-url-scheme")
_SECURE = ("x-forwarded-ssl", "front-end-https")
_TARGETS = ("x-original-uri", "x-original-url", "x-forwarded-uri", "x-rewrite-url", "x-envoy-original-path")
_PREFIXES = ("x-forwarded-prefix", "x-script-name", "x-forwarded-path")
_HUBSPOT_DECODES = re.compile("%(?:3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)", re.IGNORECASE)
"""developers.hubspot.com, Validating requests: the characters that are decoded before v3 signs."""


def sender_urls(request: Request, *, given: str = "") -> Iterator[str]:
    """Yield each URL that the sender may have signed, the likeliest first, at least one.

    ``given`` is the URL that the provider has, where the user names it: then only it, with the path and query of the
    request, counts. Else what proxies report of the original request counts, and both schemes: only a right signature
    makes a URL the right one. Some have the credentials of the request (as Twilio signs them): never show a URL.
    """
    seen = set()
    for origin, target in product(dict.fromkeys(_origins(request, given)), dict.fromkeys(_targets(request, given))):
        url = origin + target
        if url not in seen:
            seen.add(url)
            yield url


def _origins(request: Request, given: str) -> Iterator[str]:
    if given:
        parts = urlsplit(given)
        users = (f"{parts.netloc.rpartition('@')[0]}@",) if "@" in parts.netloc else tuple(_users(request))
        schemes: tuple[str, ...] = (parts.scheme,)
        hosts: tuple[str, ...] = (parts.netloc.rpartition("@")[2],)
    else:
        users, schemes, hosts = tuple(_users(request)), tuple(_schemes(request)), tuple(_hosts(request))
    ports = () if given else _values(request, "x-forwarded-port")
    for scheme, host, user in product(schemes, hosts, users):
        for each in _with_and_without_port(scheme, host, ports):
            yield f"{scheme}://{user}{each}"


def _with_and_without_port(scheme: str, host: str, ports: tuple[str, ...]) -> Iterator[str]:
    """Yield the host as it came, with the port that the proxy was reached at, and with and without a default one."""
    bare, port = re.sub(r":\d+$", "", host), str(DEFAULT_PORTS.get(scheme, ""))
    yield host
    if host == f"{bare}:{port}":
        yield bare
    for other in (*ports, port):
        if other and (bare == host or other != port):
            yield f"{bare}:{other}"
    if ports:
        yield bare


def _schemes(request: Request) -> Iterator[str]:
    named = (*_forwarded(request, "proto"), *(value for name in _SCHEMES for value in _values(request, name)))
    yield from (value.lower() for value in named if value.lower() in DEFAULT_PORTS)
    if any(request.header(name).lower() in {"on", "1"} for name in _SECURE) or '"https"' in request.header(
        "cf-visitor"
    ):
        yield "https"
    yield from ("http", "https")


def _hosts(request: Request) -> Iterator[str]:
    yield from _forwarded(request, "host")
    for name in _HOSTS:
        yield from _values(request, name)
    yield request.header("host")


def _users(request: Request) -> Iterator[str]:
    """Yield nothing, and the credentials of the request as a URL may have them."""
    yield ""
    kind, _, encoded = request.header("authorization").partition(" ")
    if kind.lower() != "basic":
        return
    try:
        name, colon, password = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except ValueError:
        return
    yield f"{name}{colon}{password}@"
    yield f"{quote(name, safe='')}{colon}{quote(password, safe='')}@"
    if not password:
        yield f"{quote(name, safe='')}@"


def _targets(request: Request, given: str) -> Iterator[str]:
    raw = [request.target]
    if given:
        parts = urlsplit(given)
        path, query = parts.path, request.target.partition("?")[2]
        raw = [path + (f"?{parts.query}" if parts.query else ""), path + (f"?{query}" if query else ""), request.target]
    originals = [] if given else [value for name in _TARGETS if (value := request.header(name)).startswith("/")]
    prefixes = [] if given else [value for name in _PREFIXES for value in _values(request, name)]
    raw = [*originals, *(f"/{p.strip('/')}{t}" for p in prefixes for t in raw if p.strip("/")), *raw]
    for target in raw:
        path, mark, query = target.partition("?")
        for each in (
            (path,) if given and path not in {"", "/"} else (path, path[:-1] if path.endswith("/") else f"{path}/")
        ):
            yield each + mark + query
            yield _HUBSPOT_DECODES.sub(lambda found: unquote(found[0]), each + mark + query)


def _values(request: Request, name: str) -> tuple[str, ...]:
    """Return the values of a field that each proxy appends to: the first is of the one next to the sender."""
    return tuple(text for value in request.header(name).split(",") if (text := value.strip()))


def _forwarded(request: Request, name: str) -> Iterator[str]:
    """Yield the values of a parameter of Forwarded (RFC 7239 section 4)."""
    for key, quoted, token in _FORWARDED.findall(request.header("forwarded")):
        if key.lower() == name and (value := re.sub(r"\\(.)", r"\1", quoted) or token):
            yield value
