"""The checklist: shipped items from `checklist.toml`, and the user's own from harness.toml."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from importlib import resources

import msgspec

from harness.errors import ConfigurationError, nearest
from harness.model import GuideLine, Item


class Checklist(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The guide's five lines and the items that prove them, in the order of the guide."""

    guide: tuple[GuideLine, ...]
    item: tuple[Item, ...]

    def __iter__(self) -> Iterator[Item]:
        return iter(self.item)

    @property
    def ids(self) -> frozenset[str]:
        """All item ids."""
        return frozenset(i.id for i in self.item)

    def proofs(self, only: Iterable[str]) -> frozenset[str]:
        """Return the items whose tests make the findings of the items ``only``."""
        wanted = frozenset(only)
        return frozenset(proof for item in self.item if item.id in wanted for proof in item.proved_by or (item.id,))

    def extended(self, own: Iterable[Item]) -> Checklist:
        """Return this checklist with the target's own items after the shipped ones.

        Raises `ConfigurationError` for an id that is taken.
        """
        items = list(self.item)
        for item in own:
            if item.id in {i.id for i in items}:
                raise ConfigurationError(
                    f"harness.toml: [[item]] id {item.id!r} is taken by the checklist. Choose an id of your own, "
                    f"such as {'own.' + item.id!r}."
                )
            items.append(item)
        return Checklist(guide=self.guide, item=tuple(items))

    def require(self, item_id: str, where: str) -> None:
        """Raise `ConfigurationError`, naming ``where`` and the nearest id, unless ``item_id`` is known."""
        if item_id not in self.ids:
            raise ConfigurationError(
                f"{where}: no checklist item is called {item_id!r}. {nearest(item_id, self.ids)} "
                "Items of your own are declared as [[item]] in harness.toml."
            )


@cache
def shipped() -> Checklist:
    """Return the checklist as shipped."""
    text = resources.files("harness.readiness").joinpath("checklist.toml").read_text(encoding="utf-8")
    return msgspec.toml.decode(text, type=Checklist)
