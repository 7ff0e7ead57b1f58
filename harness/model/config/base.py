"""Base classes and types for the sections of harness.toml."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import msgspec

from harness.core.dates import duration_s


class Duration(float):
    """A length of time in seconds, written ``250ms``, ``3s``, ``5m``, ``2h`` or ``90d``."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Duration:
        """Read a length of time; raises ValueError that shows the valid forms."""
        return cls(duration_s(text))


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of the sections: an unknown key is an error."""

    CALLED: ClassVar[tuple[str, ...]] = ()
    """Names of the keys with URLs at which the harness calls the target; it sends nothing to other hosts."""

    def called_urls(self) -> Iterator[str]:
        """Yield the URLs of this section and of those inside it at which the harness calls the target."""
        values = [getattr(self, name) for name in self.CALLED]
        yield from (value for value in values if value and "://" in value)
        for name in self.__struct_fields__:
            yield from _called_urls(getattr(self, name))


def _called_urls(value: object) -> Iterator[str]:
    if isinstance(value, Section):
        yield from value.called_urls()
    elif isinstance(value, dict):
        for each in value.values():
            yield from _called_urls(each)
