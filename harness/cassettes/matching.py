"""Requests as hash keys: what vcrpy's matchers compare pair by pair, computed once for each request."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Hashable, Iterable
from typing import Any, NamedTuple

from vcr import matchers
from vcr.request import Request
from vcr.util import read_body

Matcher = Callable[[Request, Request], Any]


def _raw(request: Request) -> Any:
    raw = read_body(request)
    return bytes(raw) if isinstance(raw, bytearray) else raw


KEYS: dict[Matcher, Callable[[Request], Hashable]] = {
    matchers.method: lambda r: r.method,
    matchers.uri: matchers._normalized_uri,  # noqa: SLF001 - the pinned vcrpy's own normalisation
    matchers.scheme: lambda r: r.scheme,
    matchers.host: lambda r: r.host,
    matchers.port: lambda r: r.port,
    matchers.path: lambda r: matchers._normalized_path(r.path),  # noqa: SLF001
    matchers.query: lambda r: tuple(r.query),
    matchers.headers: lambda r: frozenset(r.headers.lower_items()),
    matchers.raw_body: _raw,
}
"""vcrpy's matchers that compare one hashable value of each request; bodies are `body_key`'s."""

_BOUNDARY = re.compile(r'boundary="?([^";,]+)"?', re.IGNORECASE)
_MULTIPART = ("multipart",)


def matchers_for(names: Iterable[str], *, provider: Collection[str]) -> list[Matcher]:
    """Return the matchers called ``names``; the hosts ``provider`` are one and the same to ``host``.

    So a scenario that was recorded at one environment is played back for another.
    """
    own: dict[str, Matcher] = {"body": body, "host": Host(provider)}
    return [own.get(name) or getattr(matchers, name) for name in names]


class Host:
    """Compares hosts, with every host of the provider being the same one."""

    __name__ = "host"

    def __init__(self, provider: Collection[str]) -> None:
        self._provider = frozenset(provider)

    def key(self, request: Request) -> str:
        """Return what is the same for the same host."""
        return "" if request.host in self._provider else str(request.host)

    def __call__(self, one: Request, other: Request) -> None:
        """Raise AssertionError for two hosts that differ."""
        if self.key(one) != self.key(other):
            raise AssertionError(f"{one.host} != {other.host}")


def key_of(matcher: Matcher) -> Callable[[Request], Hashable] | None:
    """Return what yields the value that a matcher compares, None for one that compares otherwise."""
    return matcher.key if isinstance(matcher, Host) else KEYS.get(matcher)


def body(one: Request, other: Request) -> None:
    """Compare bodies as vcrpy does, and multipart ones without their boundary, which is random (RFC 2046, 5.1.1)."""
    parts = _parts(one), _parts(other)
    if None in parts:
        matchers.body(one, other)
    elif parts[0] != parts[1]:
        raise AssertionError("the parts differ")


class BodyKey(NamedTuple):
    """A body as its matcher sees it."""

    how: tuple[Any, ...]
    """What reads it (vcrpy's transformers); two bodies read differently are compared raw."""
    value: Hashable
    raw: Any


def body_key(request: Request, matcher: Matcher) -> BodyKey | None:
    """Return the key of a body under vcrpy's matcher `body` or the one above; None for a body that has none.

    A body has none when it cannot be read as its headers say, or equals nothing, not even itself (a bare NaN):
    such are left to the matcher.
    """
    if matcher is body and (parts := _parts(request)) is not None:
        return BodyKey(_MULTIPART, parts, _raw(request))
    raw = _raw(request)
    how = tuple(matchers._get_transformers(request))  # noqa: SLF001
    if not how:
        return BodyKey(how, raw, raw)
    try:
        value = raw
        for transform in how:
            value = transform(value)
        if value != value:  # noqa: PLR0124 - NaN
            return None
        return BodyKey(how, _frozen(value), raw)
    except Exception:  # noqa: BLE001 - whatever a transformer raises, its matcher decides
        return None


def _parts(request: Request) -> bytes | None:
    """Return a multipart body with its boundary replaced, None for any other body."""
    kind = request.headers.get("Content-Type", "")
    kind = kind.decode("latin-1") if isinstance(kind, bytes) else str(kind)
    found = _BOUNDARY.search(kind) if kind.lower().startswith("multipart/") else None
    raw = read_body(request) if found else None
    if found is None or not isinstance(raw, bytes):
        return None
    return raw.replace(found[1].encode(), b"boundary")


def _frozen(value: Any) -> Hashable:
    """Return a hashable that is equal exactly where ``value`` is: 1, 1.0 and true are, as in Python."""
    if isinstance(value, dict):
        return ("dict", frozenset((key, _frozen(item)) for key, item in value.items()))
    if isinstance(value, list | tuple):
        return ("list", tuple(map(_frozen, value)))
    hash(value)
    return value  # type: ignore[no-any-return]
