"""What the sections of harness.toml are made of."""

from __future__ import annotations

import msgspec

from harness.core.dates import duration_s


class Duration(float):
    """A length of time in seconds, written ``250ms``, ``3s``, ``5m``, ``2h`` or ``90d``."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Duration:
        """Read a length of time; raises ValueError that says how one is written."""
        return cls(duration_s(text))


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of the sections: an unknown key is an error."""
