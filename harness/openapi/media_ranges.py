"""Media types as documents describe them: exact ones, and ranges such as ``image/*`` as they are written."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from harness.http.message import media_type

_PARAMETER = re.compile(r';\s*([\w!#$%&\'*+.^`|~-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^";\s]+))')


def most_specific(described: Iterable[str], sent: str) -> str | None:
    """Return the key of ``content`` that describes the Content-Type ``sent``, None where none does.

    Only the most specific key is applicable (OpenAPI 3, Request Body Object): a type before a range of suffixes
    (``application/*+json``), that before a range of subtypes, and ``*/*`` last; of several keys for one type that
    with most of the parameters that were sent. Types are compared without case (RFC 9110 section 8.3.1).
    """
    best, found = (0, 0), None
    for key in described:
        closeness = _closeness(media_type(key), media_type(sent))
        rank = (closeness, _agreement(key, sent) if closeness else 0)
        if closeness and (found is None or rank > best):
            best, found = rank, key
    return found


def specificity(key: str) -> int:
    """Return how specific a key is, the larger the more specific."""
    main, _, sub = media_type(key).partition("/")
    return 1 if main == "*" else 2 if sub == "*" else 3 if sub.startswith("*+") else 4


def narrowest_first(contents: Iterable[Any]) -> None:
    """Put the most specific keys first, in place: of several ranges, Schemathesis takes the first that fits."""
    for content in contents:
        if isinstance(content, dict) and any("*" in str(kind) for kind in content):
            ordered = sorted(content.items(), key=lambda kind: -specificity(str(kind[0])))
            content.clear()
            content.update(ordered)


def _closeness(key: str, sent: str) -> int:
    """Return the specificity of a key that describes a type, 0 where it does not."""
    main, _, sub = key.partition("/")
    sent_main, _, sent_sub = sent.partition("/")
    fits = main in ("*", sent_main) and (
        sub in ("*", sent_sub) or (sub.startswith("*+") and sent_sub.endswith(sub[1:]) and sent_sub != sub[2:])
    )
    return specificity(key) if fits and sent_sub else 0


def _agreement(key: str, sent: str) -> int:
    """Return how many parameters of a key were sent, less those that were sent with another value or not at all."""
    wanted, given = _parameters(key), _parameters(sent)
    return sum(1 if given.get(name) == value else -1 for name, value in wanted.items())


def _parameters(content_type: str) -> dict[str, str]:
    found = _PARAMETER.findall(content_type)
    return {name.lower(): (quoted or bare).lower() for name, quoted, bare in found}
