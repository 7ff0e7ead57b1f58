"""Which operations are called: those that ``include`` names, without those that ``exclude`` names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    if selector.lower() in METHODS:
        return method == selector.upper()
    if selector.startswith("/"):
        return fnmatchcase(path, selector)
    if selector.startswith("tag:"):
        return selector.removeprefix("tag:") in map(str, definition.get("tags", ()))
    return selector in (label, definition.get("operationId")) or fnmatchcase(label, selector)
