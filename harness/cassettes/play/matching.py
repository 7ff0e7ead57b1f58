"""Requests as hash keys: what vcrpy's matchers compare pair by pair, computed once for each request."""

from __future__ import annotations

import functools
import types
from collections.abc import Callable, Collection, Hashable, Iterable
from typing import Any

from vcr import matchers
from vcr.request import Request

from harness.cassettes.store.vcr_names import (
    normalized_path,
    normalized_uri,
    read_body,
    stored_headers,
    transformers_for,
)
from harness.http.message import media_parameter

Matcher = Callable[[Request, Request], Any]


def _raw(request: Request) -> Any:
    raw = read_body(request)
    return bytes(raw) if isinstance(raw, bytearray) else raw


KEYS: dict[Matcher, Callable[[Request], Hashable]] = {
    matchers.method: lambda r: r.method,
    matchers.uri: normalized_uri,
    matchers.scheme: lambda r: r.scheme,
    matchers.host: lambda r: r.host,
    matchers.port: lambda r: r.port,
    matchers.path: lambda r: normalized_path(r.path),
    matchers.query: lambda r: tuple(r.query) if r.parsed_uri.query else (),
    matchers.headers: lambda r: frozenset(r.headers.lower_items()),
    matchers.raw_body: _raw,
}
"""vcrpy's matchers that compare one hashable value of each request; bodies have `body_value`."""

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
        host = request.host
        return "" if host in self._provider else str(host)

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


def reading(request: Request, matcher: Matcher) -> tuple[tuple[Any, ...], Any]:
    """Return how vcrpy's matcher `body`, or the one above, reads the body of a request, and the body itself.

    Two bodies that are read differently are compared as they are.
    """
    raw, how = _raw(request), _transformers(request)
    return (_MULTIPART if matcher is body and raw and _boundary(request) else how), raw


def body_value(request: Request, how: tuple[Any, ...], raw: Any) -> Hashable | None:
    """Return a key that is equal exactly for bodies that match, in the given `reading`; None for a body without one.

    A body has none when it cannot be read as its headers declare, or equals nothing, not even itself (a bare NaN): the
    matcher compares these.
    """
    if how is _MULTIPART:
        return _BodyValue(_parts(request))
    try:
        value = raw
        for transform in how:
            value = transform(value)
        return None if value != value else _BodyValue(value)  # noqa: PLR0124 - NaN
    except Exception:  # noqa: BLE001 - if a transformer raises, its matcher decides
        return None


def _transformers(request: Request) -> tuple[Any, ...]:
    stored = stored_headers(request)
    return _transformers_for(*[str(stored[name][1]) if name in stored else "" for name in _READ_BY])


_READ_BY = ("content-type", "transfer-encoding", "user-agent")
"""The headers that decide how vcrpy reads a body."""


@functools.cache
def _transformers_for(*values: str) -> tuple[Any, ...]:
    headers = {name.title(): value for name, value in zip(_READ_BY, values, strict=True)}
    return tuple(transformers_for(types.SimpleNamespace(headers=headers)))


def _parts(request: Request) -> bytes | None:
    """Return a multipart body with its boundary replaced, None for any other body."""
    boundary, raw = _boundary(request), _raw(request)
    return raw.replace(boundary.encode(), b"boundary") if boundary and isinstance(raw, bytes) else None


def _boundary(request: Request) -> str:
    kind = request.headers.get("Content-Type", "")
    kind = kind.decode("latin-1") if isinstance(kind, bytes) else str(kind)
    return media_parameter(kind, "boundary") if kind.lower().startswith("multipart/") else ""


class _BodyValue:
    """A document that was read from a body: hashable, and equal exactly where its values are equal in Python."""

    __slots__ = ("_hash", "_value")

    def __init__(self, value: Any) -> None:
        self._value = value
        self._hash = _hash(value)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _BodyValue) and bool(self._value == other._value)


def _hash(value: Any) -> int:
    """Return a hash that is equal for equal values, as Python has it: 1, 1.0 and true are, and keys have no order."""
    if isinstance(value, dict):
        total = 0
        for key, item in value.items():
            total ^= hash((key, _hash(item)))
        return total
    if isinstance(value, list | tuple):
        return hash(tuple([_hash(item) for item in value]))
    return hash(value)
