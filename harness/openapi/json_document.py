"""A JSON document as plain data: pointers and references are followed, broken parts are skipped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from harness.core.pointers import at_pointer, child, pointer_of, steps_of

MAX_HOPS = 32
"""References that are followed one after another, before they are taken for a circle."""


class JsonDocument:
    """Look-ups in one document that contains everything it refers to."""

    def __init__(self, raw: dict[str, Any]) -> None:
        self.raw = raw

    def shown(self, text: str) -> str:
        """Return ``text`` with the references in it as they were written."""
        return text

    def judged(self, _operation: Any, _response: Any, failures: Sequence[Any]) -> Sequence[Any]:
        """Return the failures of a response that remain after its body was judged in its direction; here all."""
        return failures

    def locate(self, pointer: str) -> tuple[str, Any]:
        """Return the real place of the value at ``pointer``, behind every ``$ref`` on the way, and the value.

        Raises `LookupError` if there is no such value, or if references are circular.
        """
        return self._locate(pointer, MAX_HOPS)

    def _locate(self, pointer: str, hops: int) -> tuple[str, Any]:
        place, node = self._behind("", self.raw, hops)
        for step in steps_of(pointer):
            place, node = self._behind(place + pointer_of(step), child(node, step), hops)
        return place, node

    def _behind(self, place: str, node: Any, hops: int) -> tuple[str, Any]:
        if not (isinstance(node, dict) and isinstance(node.get("$ref"), str)):
            return place, node
        if hops == 0:
            raise LookupError(place)
        return self._locate(node["$ref"], hops - 1)

    def placed(self, pointer: str) -> tuple[str, dict[str, Any]]:
        """Return the real place of the object at ``pointer``, and the object; an empty one if there is none."""
        try:
            place, node = self.locate(pointer)
        except LookupError:
            return pointer, {}
        return place, node if isinstance(node, dict) else {}

    def at(self, pointer: str) -> Any:
        """Return the value at a pointer, behind every ``$ref`` on the way; None if there is none."""
        try:
            return self.locate(pointer)[1]
        except LookupError:
            return None

    def is_circular(self, pointer: str) -> bool:
        """Whether there is only a reference at ``pointer``, which leads back to itself."""
        seen: set[str] = set()
        while pointer not in seen:
            seen.add(pointer)
            node = at_pointer(self.raw, pointer)
            if not (isinstance(node, dict) and isinstance(node.get("$ref"), str)):
                return False
            pointer = node["$ref"]
        return True

    def resolved(self, node: Any) -> dict[str, Any]:
        """Follow ``$ref`` from an object to an object; an empty one where it leads nowhere, or round in a circle."""
        if isinstance(node, dict) and isinstance(node.get("$ref"), str):
            node = self.at(node["$ref"])
        return node if isinstance(node, dict) else {}


def items(node: Any) -> Iterator[tuple[str, Any]]:
    """Yield the keys and values of an object; nothing for any other value."""
    if isinstance(node, dict):
        yield from ((str(key), value) for key, value in node.items())


def described(node: Any) -> Iterator[tuple[str, Any]]:
    """Yield the keys and values of an object that may be extended: without ``x-`` keys (Specification Extensions)."""
    yield from ((key, value) for key, value in items(node) if not key.startswith("x-"))
