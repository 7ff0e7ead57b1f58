"""The header lines of a delivery: which ones the provider sends, in which order, and with which names.

A receiver sees more of a delivery than its signature. So what a fixture was captured with is sent again as it was, and
what it does not have is taken from the scheme's row; only what every delivery has its own value of is written again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from harness.http.message import Headers
from harness.openapi.event_bodies import begins_as_json
from harness.webhooks.schemes import SCHEMES, Scheme

JSON_TYPE = ("content-type", "application/json")
_TRANSPORT = frozenset({"host", "content-length"})
_SIGNING = re.compile(r".*signature.*|.*hmac.*")
_OF_SCHEMES = frozenset(
    name
    for scheme in SCHEMES
    for name in (scheme.header, scheme.timestamp_header, *(name for name, value in scheme.beside if "{" in value))
    if name
)


def is_written_again(name: str) -> bool:
    """Whether every delivery has its own value of a header, whose name is in lower case."""
    return name in _TRANSPORT or name in _OF_SCHEMES or _SIGNING.fullmatch(name) is not None


def fixture_headers(scheme: Scheme, captured: Headers, body: bytes) -> tuple[Headers, tuple[str, ...]]:
    """Return the headers that every delivery of a fixture shares, and the names of all its headers in their order.

    The names of the former are in lower case. ``captured`` are the header lines of the fixture; one without
    ``user-agent`` was written by hand, and gets what the provider sends besides.
    """
    lower = tuple((name.lower(), value) for name, value in captured)
    written = _OF_SCHEMES | _TRANSPORT | {scheme.header, scheme.timestamp_header}
    shared = tuple(
        (name, value) for name, value in lower if name not in written and (value or not is_written_again(name))
    )
    if "user-agent" not in dict(shared):
        shared = (*shared, *_added(scheme, {name for name, _ in shared}, body))
    return shared, _merged([name for name, _ in captured], [name for name, _ in scheme.sent], dict(shared))


def as_sent(headers: Headers, layout: Sequence[str]) -> Headers:
    """Return ``headers`` in the order and with the spelling of ``layout``, followed by those that it does not name.

    Host and Content-Length have no value: they mark the places of these.
    """
    if not layout:
        return headers
    left: dict[str, list[str]] = {}
    for name, value in headers:
        left.setdefault(name.lower(), []).append(value)
    placed: list[tuple[str, str]] = []
    for name in layout:
        key = name.lower()
        placed += [(name, "")] if key in _TRANSPORT else [(name, value) for value in left.pop(key, ())]
    return (*placed, *((name, value) for name, value in headers if name.lower() in left))


def _added(scheme: Scheme, known: set[str], body: bytes) -> Headers:
    """Return what the provider sends beside the headers of a fixture that was written by hand."""
    sent = tuple((name.lower(), value) for name, value in scheme.sent if value)
    if "content-type" not in dict(sent):
        sent = (JSON_TYPE, *sent)
    is_typed = begins_as_json(body)
    return tuple(h for h in sent if h[0] not in known and (is_typed or h[0] != "content-type"))


def _merged(captured: Sequence[str], sent: Sequence[str], shared: Iterable[str]) -> tuple[str, ...]:
    """Return the names of a fixture's headers; those that it does not have are placed as the provider does."""
    spelling = {name.lower(): name for name in sent}
    names = list(captured)
    if all(name.islower() for name in captured):  # as `harness capture` once wrote them
        names = [spelling.get(name, name) for name in captured]
    lower = [name.lower() for name in names]
    at = 0
    for name in (*sent, *(name for name in shared if name not in spelling)):
        key = name.lower()
        if key in lower:
            at = lower.index(key) + 1
            continue
        names.insert(at, name)
        lower.insert(at, key)
        at += 1
    return tuple(dict.fromkeys(names))
