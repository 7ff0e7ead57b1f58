"""Mappings and lists of a YAML file, each value with its line; scalars are the text that is written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import yaml

MAX_MERGES = 10
"""Merge keys that one mapping may take from, one within the other."""
_NULL = "tag:yaml.org,2002:null"
_MERGE = "tag:yaml.org,2002:merge"


class YamlFault(NamedTuple):
    """Something wrong in a file."""

    line: int
    """From 1; 0 for the file as a whole."""
    text: str

    def at(self, file: str) -> str:
        """Return it with its place, as ``file:line: text``."""
        return f"{file}:{self.line}: {self.text}" if self.line else f"{file}: {self.text}"


class Located:
    """A node of YAML, read as what is asked for; ``faults`` collects what it is not."""

    def __init__(self, node: yaml.Node, faults: list[YamlFault]) -> None:
        self.node = node
        self.faults = faults
        self._fields: dict[str, Located] | None = None

    @property
    def line(self) -> int:
        """The line on which it starts, from 1."""
        return self.node.start_mark.line + 1 if self.node.start_mark else 1

    @property
    def is_null(self) -> bool:
        """Whether it has no value."""
        return self.node.tag == _NULL

    def fault(self, text: str) -> None:
        """Record what is wrong with it."""
        self.faults.append(YamlFault(self.line, text))

    def fields(self) -> dict[str, Located]:
        """Return the values of a mapping by key, with merge keys resolved; empty for anything else."""
        if self._fields is None:
            self._fields = dict(self._pairs(self.node, MAX_MERGES)) if isinstance(self.node, yaml.MappingNode) else {}
        return self._fields

    def mapping(self, what: str) -> dict[str, Located]:
        """Return the same, and record a fault where it is no mapping."""
        if not isinstance(self.node, yaml.MappingNode) and not self.is_null:
            self.fault(f"{what} is not a mapping")
        return self.fields()

    def items(self, what: str) -> list[Located]:
        """Return the values of a list; records a fault where it is none."""
        if isinstance(self.node, yaml.SequenceNode):
            return [Located(child, self.faults) for child in self.node.value]
        if not self.is_null:
            self.fault(f"{what} is not a list")
        return []

    def text(self, what: str) -> str:
        """Return a scalar as it is written; records a fault for anything else."""
        if isinstance(self.node, yaml.ScalarNode):
            return "" if self.is_null else str(self.node.value)
        self.fault(f"{what} is not a text")
        return ""

    def texts(self, what: str) -> dict[str, str]:
        """Return a mapping of texts."""
        return {key: value.text(f"{what} {key}") for key, value in self.mapping(what).items()}

    def _pairs(self, node: yaml.MappingNode, merges: int) -> Iterator[tuple[str, Located]]:
        seen: set[str] = set()
        for key, value in node.value:
            if key.tag == _MERGE and merges:
                merged = value.value if isinstance(value, yaml.SequenceNode) else [value]
                for each in [m for m in merged if isinstance(m, yaml.MappingNode)][:merges]:
                    yield from self._pairs(each, merges // 2)
        for key, value in node.value:
            name = str(key.value) if isinstance(key, yaml.ScalarNode) else "a key of several parts"
            if name in seen and key.tag != _MERGE:
                self.faults.append(YamlFault(key.start_mark.line + 1, f"the key {name!r} is written twice"))
            seen.add(name)
            if key.tag != _MERGE:
                yield name, Located(value, self.faults)
