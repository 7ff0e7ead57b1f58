"""Base classes and types for the sections of harness.toml."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar, TypeVar

import msgspec

from harness.core.dates import duration_s

CALLABLE = re.compile(r"https?://[^/?#\s]", re.IGNORECASE)
"""How a URL begins to which a request can be sent; its port may still be a placeholder."""


class Duration(float):
    """A length of time in seconds, written ``250ms``, ``3s``, ``5m``, ``2h`` or ``90d``."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Duration:
        """Read a length of time; raises ValueError that shows the valid forms."""
        return cls(duration_s(text))


Kind = TypeVar("Kind", bound="Section")


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of the sections: an unknown key is an error."""

    CALLED: ClassVar[tuple[str, ...]] = ()
    """Names of the keys with URLs at which the harness calls the target; it sends nothing to other hosts."""

    MAY_BE_EMPTY: ClassVar[tuple[str, ...]] = ()
    """Names of the keys whose text may be empty, or whose list may have empty entries after its first."""
    IDENTITY: ClassVar[tuple[str, ...]] = ()
    """Names of the keys by which a table of a list is the same one in an overlay; empty: a list is replaced whole."""

    EXACTLY_ONE: ClassVar[tuple[str, ...]] = ()
    """Names of the keys of which exactly one is given."""
    TOGETHER: ClassVar[tuple[tuple[str, str], ...]] = ()
    """Pairs of keys that are given both, or neither."""
    BELONGS_TO: ClassVar[dict[str, str]] = {}
    """Keys that mean something only beside another one, with its name."""
    RANGES: ClassVar[dict[str, tuple[int, int | None]]] = {}
    """Lowest and highest number by key; None for no limit."""
    FORMS: ClassVar[dict[str, re.Pattern[str]]] = {}
    """By key, what its text, or each text of its list, matches as a whole."""

    def given_alone(self) -> tuple[str, str] | None:
        """Return the first key that is given without the one of `TOGETHER` or `BELONGS_TO` beside it, and that one."""
        pairs = [*self.TOGETHER, *((two, one) for one, two in self.TOGETHER), *self.BELONGS_TO.items()]
        return next(((one, two) for one, two in pairs if getattr(self, one) and not getattr(self, two)), None)

    def out_of_range(self) -> str:
        """Return the first key whose number is out of `RANGES`; empty where there is none."""
        for key, (low, high) in self.RANGES.items():
            value = getattr(self, key)
            if value is not None and (value < low or (high is not None and value > high)):
                return key
        return ""

    def called(self) -> Iterator[tuple[str, str]]:
        """Yield each of `called_urls` with its key, such as ``provider.base_url``."""
        yield from ((".".join(steps), url) for steps, url in _called(self, ()) if "://" in url)

    def called_urls(self) -> Iterator[str]:
        """Yield the URLs of this section and of those inside it at which the harness calls the target."""
        yield from (url for _, url in self.called())

    def inner(self, kind: type[Kind]) -> Iterator[tuple[tuple[str, ...], Kind]]:
        """Yield each section of a kind inside this one, with the keys that lead to it."""
        yield from ((steps, section) for steps, section in _sections(self, ()) if isinstance(section, kind))

    def malformed_url(self) -> tuple[str, ...] | None:
        """Return the first key whose value should be a URL that can be called, and is not one; else None."""
        called = _called(self, ())
        return next((steps for steps, url in called if steps[-1] != "spec" and not CALLABLE.match(url)), None)


def _called(value: Section, steps: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the keys and values of what `Section.CALLED` names, in ``value`` and the sections inside it."""
    for at, section in _sections(value, steps):
        given = {name: getattr(section, name) for name in section.CALLED}
        yield from (((*at, name), url) for name, url in given.items() if url and isinstance(url, str))


def _sections(value: object, steps: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Section]]:
    """Yield ``value``, if it is a section, and the sections inside it, with the keys that lead to them."""
    if isinstance(value, Section):
        yield steps, value
        for name in value.__struct_fields__:
            yield from _sections(getattr(value, name), (*steps, name))
    elif isinstance(value, dict):
        for name, each in value.items():
            yield from _sections(each, (*steps, name))
