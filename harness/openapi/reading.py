"""The text of an OpenAPI document, JSON or YAML, read without trusting it."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from itertools import accumulate
from typing import Any

import yaml

from harness.errors import SpecError

MAX_DEPTH = 500
"""Levels of nesting in a YAML document."""
MAX_VALUES = 5_000_000
"""Values of a YAML document whose anchors are written out. GitHub's description of 13 MB has 260,000."""
_ENDLESS = MAX_VALUES + 1


class _TooMuch(Exception):  # noqa: N818 - what it says of the document
    """It is YAML, but of a kind that would never be done with."""


def read_document(text: bytes, reference: str) -> dict[str, Any]:
    """Return the document that ``text`` holds; raises `SpecError` naming ``reference``, from where it came."""
    try:
        document = _parsed(text)
    except _TooMuch as exc:
        raise SpecError(f"harness.toml: [provider] spec: {reference} is not read: {exc}.") from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as exc:
        where = " ".join(str(exc).split())
        raise SpecError(f"harness.toml: [provider] spec: {reference} is neither JSON nor YAML: {where}") from None
    if not isinstance(document, dict) or not ({"openapi", "swagger"} & document.keys()):
        raise SpecError(
            f"harness.toml: [provider] spec: {reference} is not an OpenAPI document: it has no `openapi` key "
            "at the top. Point spec at the API description itself."
        )
    if not isinstance(document.get("paths", {}), dict) or not (document.get("paths") or document.get("webhooks")):
        raise SpecError(f"harness.toml: [provider] spec: {reference} describes no operation: `paths` is empty.")
    document.setdefault("paths", {})
    return document


def _parsed(text: bytes) -> Any:
    """Read JSON, which is a hundred times faster for the large documents that are written in it, else YAML."""
    if text.lstrip()[:1] == b"{":
        with suppress(ValueError):
            return json.loads(text)
    if _depth(text) > MAX_DEPTH or re.search(rb"(?:- ){%d}" % MAX_DEPTH, text):
        raise _TooMuch(f"it nests deeper than {MAX_DEPTH} levels")  # on which the C parser would crash
    document = yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader, see below
    if b"*" in text and _expanded(document, {}) > MAX_VALUES:
        raise _TooMuch(f"its aliases lead back to their own anchors, or stand for more than {MAX_VALUES:,} values")
    return document


def _depth(text: bytes) -> int:
    """Return how deep brackets and braces nest; those in strings are counted too."""
    steps = (1 if match[0] in b"[{" else -1 for match in re.finditer(rb"[\[\]{}]", text))
    return max(accumulate(steps), default=0)


def _expanded(node: Any, known: dict[int, int]) -> int:
    """Return how many values a node has where every alias is written out."""
    if not isinstance(node, (dict, list)):
        return 1
    if id(node) not in known:
        known[id(node)] = _ENDLESS  # what it is as long as it is within itself
        children = node.values() if isinstance(node, dict) else node
        known[id(node)] = 1 + sum(_expanded(child, known) for child in children)
    return known[id(node)]


class _Loader(yaml.CSafeLoader):
    """A safe loader that leaves dates and keys (`200:`, `on:`) as the strings they are in JSON."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - PyYAML's
        for key, _ in node.value:
            if key.tag in _KEY_TAGS:
                key.tag = "tag:yaml.org,2002:str"
        mapping: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        return mapping


_KEY_TAGS = frozenset(f"tag:yaml.org,2002:{kind}" for kind in ("int", "float", "bool", "null"))


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}
