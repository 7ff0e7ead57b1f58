"""Which operations are called: those that ``include`` names, without those that ``exclude`` names."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from harness.errors import ConfigurationError, nearest
from harness.model.config import Fuzz, Provider
from harness.openapi.operation import METHODS


def select(definitions: Mapping[str, Mapping[str, Any]], chosen: Provider | Fuzz, section: str) -> tuple[str, ...]:
    """Return the labels of the operations that a section of harness.toml chooses, in the order of the document.

    A selector is a method (``GET``), a path or glob of one (``/runs/*``), both (``GET /runs``), ``tag:NAME``, or an
    operationId. Raises `ConfigurationError`, which names the ``section``, for one that chooses nothing.
    """
    included = _chosen(definitions, chosen.include, f"{section} include") if chosen.include else set(definitions)
    left = included - _chosen(definitions, chosen.exclude, f"{section} exclude")
    if definitions and not left:
        raise ConfigurationError(
            f"harness.toml: {section}: include and exclude leave no operation. Choose at least one."
        )
    return tuple(label for label in definitions if label in left)


def _chosen(definitions: Mapping[str, Mapping[str, Any]], selectors: Sequence[str], key: str) -> set[str]:
    found: set[str] = set()
    for selector in selectors:
        matching = {label for label, definition in definitions.items() if _matches(selector, label, definition)}
        if not matching:
            names = {str(d["operationId"]) for d in definitions.values() if "operationId" in d}
            tags = {f"tag:{t}" for d in definitions.values() for t in d.get("tags", ())}
            paths = {label.partition(" ")[2] for label in definitions}
            near = nearest(selector, {*names, *tags, *paths, *definitions})
            raise ConfigurationError(f"harness.toml: {key}: {selector!r} chooses no operation. {near}")
        found |= matching
    return found


def _matches(selector: str, label: str, definition: Mapping[str, Any]) -> bool:
    method, _, path = label.partition(" ")
    if selector.lower() in METHODS or selector == method:
        return method == selector.upper()
    if selector.startswith("/"):
        return fnmatchcase(path, selector)
    if selector.startswith("tag:"):
        return selector.removeprefix("tag:") in map(str, definition.get("tags", ()))
    return selector in (label, definition.get("operationId")) or fnmatchcase(label, selector)


def shortest(definitions: Mapping[str, Mapping[str, Any]], labels: Collection[str]) -> tuple[str, ...]:
    """Return few selectors that together choose ``labels`` and no other operation, the widest first."""
    wanted = frozenset(labels)
    chosen: dict[str, set[str]] = defaultdict(set)
    for label, definition in definitions.items():
        for selector in _selectors(label, definition):
            chosen[selector].add(label)
    exact = {selector: found for selector, found in chosen.items() if found <= wanted}
    left, shortened = set(wanted), []
    for selector in sorted(exact, key=lambda s: (-len(exact[s]), len(s), s)):
        if exact[selector] & left:
            shortened.append(selector)
            left -= exact[selector]
    return tuple(shortened)


def _selectors(label: str, definition: Mapping[str, Any]) -> Iterator[str]:
    """Yield every selector that `shortest` considers for an operation, each of which `_matches` it.

    A method alone is none: it would leave out what other parts of the API get later.
    """
    method, _, path = label.partition(" ")
    yield label
    yield from (f"tag:{tag}" for tag in definition.get("tags", ()))
    if _PATTERN.search(path):
        return
    yield path
    segments = path.split("/")
    for number in range(2, len(segments)):
        above = "/".join(segments[:number]) + "/*"
        yield from (above, f"{method} {above}")


_PATTERN = re.compile(r"[*?\[]")
"""What a glob reads as a pattern."""
