"""PyYAML's safe loaders with their depth bounded, and quicker: the same nodes and values, in fewer calls of Python."""

from __future__ import annotations

from typing import Any

import yaml

_MAP, _SEQ, _STR = "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq", "tag:yaml.org,2002:str"
_resolve: Any = yaml.CSafeLoader.resolve
_MAX_RECURSION = 100
"""Levels that are built by calls of themselves; Python allows about 1,000 calls, of which others need theirs."""


class DepthExceededError(Exception):
    """A text that nests more deeply than a loader may read: the C parser overflows the stack beyond some 20,000."""


class BoundedLoader(yaml.CSafeLoader):
    """Bounds the levels of nesting, and builds texts, lists and objects without PyYAML's detours.

    It is mixed into a loader that builds these three as PyYAML does, and that has no path resolvers.
    """

    max_depth = 0

    def __init__(self, stream: bytes) -> None:
        super().__init__(stream)
        self._depth = self._deepest = 0
        self._tags: dict[str, str] = {}
        self._built: dict[yaml.Node, Any] = {}

    def descend_resolver(self, current_node: yaml.Node | None, current_index: Any) -> None:  # noqa: ARG002 - PyYAML's
        """Count a level; the parser calls this before it composes a node. Raises `DepthExceededError`."""
        self._depth += 1
        if self._depth > self._deepest:
            self._deepest = self._depth
            if self._depth > self.max_depth + 1:  # the values in the last level are no level
                raise DepthExceededError

    def ascend_resolver(self) -> None:
        """Leave a level."""
        self._depth -= 1

    def resolve(self, kind: type[yaml.Node], value: Any, implicit: Any) -> str:
        """Return the tag of a node that has none; equal plain texts have the same."""
        if kind is not yaml.ScalarNode:
            return _MAP if kind is yaml.MappingNode else _SEQ
        if not implicit[0]:
            return _STR
        tag = self._tags.get(value)
        if tag is None:
            tag = self._tags[value] = _resolve(self, kind, value, implicit)
        return tag

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:  # noqa: FBT001, FBT002 - PyYAML's
        """Build the value of a node; an alias is the very object of its anchor."""
        if self._deepest > _MAX_RECURSION:
            return super().construct_object(node, deep=deep)
        if _is_text(node):
            return node.value
        if node in self._built:
            return self._built[node]
        if type(node) is yaml.MappingNode and node.tag == _MAP:
            return self._mapping(node)
        if type(node) is yaml.SequenceNode and node.tag == _SEQ:
            items = self._built[node] = []
            items += [self.construct_object(item) for item in node.value]
            return items
        return super().construct_object(node, deep=True)

    def _mapping(self, node: yaml.MappingNode) -> dict[Any, Any]:
        mapping: dict[Any, Any] = {}
        self._built[node] = mapping
        for key, value in node.value:
            if not _is_text(key):  # merged, or built by the loader's rules for keys
                break
            mapping[key.value] = value.value if _is_text(value) else self.construct_object(value)
        else:
            if len(mapping) == len(node.value):
                return mapping
        mapping.clear()
        mapping.update(self.construct_mapping(node, deep=True))
        return mapping


def _is_text(node: yaml.Node) -> bool:
    return node.tag == _STR and type(node) is yaml.ScalarNode


def bounded(loader: type[yaml.CSafeLoader], max_depth: int) -> type[yaml.CSafeLoader]:
    """Return the class ``loader`` with at most ``max_depth`` levels; it then raises `DepthExceededError`."""
    return type(loader.__name__, (BoundedLoader, loader), {"max_depth": max_depth})
