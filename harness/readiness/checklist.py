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

    def named(self, name: str, where: str) -> frozenset[str]:
        """Return the item called ``name``, or all items of the room ``name``, such as ``webhooks``.

        Raises `ConfigurationError` that names ``where`` and the nearest id, where there is none.
        """
        if room := frozenset(item_id for item_id in self.ids if item_id.startswith(f"{name}.")):
            return room
        self.require(name, where, rooms=frozenset(item_id.partition(".")[0] for item_id in self.ids))
        return frozenset({name})

    def tested(self, only: Iterable[str], skip: Iterable[str]) -> tuple[str, ...]:
        """Return the items whose tests a gate runs with ``--only`` and ``--skip``: names of items and rooms.

        Raises `ConfigurationError` for an unknown name, and where nothing is left.
        """
        wanted = frozenset[str]().union(*(self.named(name, "--only") for name in only)) or self.ids
        left_out = frozenset[str]().union(*(self.named(name, "--skip") for name in skip))
        tested = self.proofs(wanted - left_out) - left_out
        if not tested:
            raise ConfigurationError("--skip leaves out all checks that --only asks for. Name others, or fewer.")
        return tuple(sorted(tested))

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

    def require(self, item_id: str, where: str, *, rooms: frozenset[str] = frozenset()) -> None:
        """Raise `ConfigurationError`, naming ``where`` and the nearest id or room, unless ``item_id`` is known."""
        if item_id not in self.ids:
            raise ConfigurationError(
                f"{where}: no checklist item is called {item_id!r}. {nearest(item_id, self.ids | rooms)} "
                "Items of your own are declared as [[item]] in harness.toml."
            )


@cache
def shipped() -> Checklist:
    """Return the checklist as shipped."""
    text = resources.files("harness.readiness").joinpath("checklist.toml").read_text(encoding="utf-8")
    return msgspec.toml.decode(text, type=Checklist)
