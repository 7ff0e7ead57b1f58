"""A JSON document as plain data: pointers and references are followed, whatever is broken in it is passed over."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.core.pointers import child, pointer_of, steps_of

MAX_HOPS = 32
"""References that are followed one after another, before they are taken for a circle."""


class JsonDocument:
    """Look-ups in one document that holds everything it refers to."""

    def __init__(self, raw: dict[str, Any]) -> None:
        self.raw = raw

    def shown(self, text: str) -> str:
        """Return ``text`` with the references in it as they were written."""
        return text

    def locate(self, pointer: str) -> tuple[str, Any]:
        """Return where the value at ``pointer`` really stands, behind every ``$ref`` on the way, and the value.

        Raises `LookupError` where nothing stands, or where references lead round in a circle.
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
        """Return where the object at ``pointer`` really stands, and the object; an empty one where nothing does."""
        try:
            place, node = self.locate(pointer)
        except LookupError:
            return pointer, {}
        return place, node if isinstance(node, dict) else {}

    def at(self, pointer: str) -> Any:
        """Return what stands at a pointer, behind every ``$ref`` on the way; None for nothing."""
        try:
            return self.locate(pointer)[1]
        except LookupError:
            return None

    def resolved(self, node: Any) -> dict[str, Any]:
        """Follow ``$ref`` from an object to an object; an empty one where it leads nowhere, or round in a circle."""
        if isinstance(node, dict) and isinstance(node.get("$ref"), str):
            node = self.at(node["$ref"])
        return node if isinstance(node, dict) else {}


def items(node: Any) -> Iterator[tuple[str, Any]]:
    """Yield the keys and values of an object; nothing where it is none."""
    if isinstance(node, dict):
        yield from ((str(key), value) for key, value in node.items())
