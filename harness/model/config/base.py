"""What the sections of harness.toml are made of."""

from __future__ import annotations

import re

import msgspec

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")


class Duration(float):
    """A length of time in seconds, written ``250ms``, ``3s``, ``5m``, ``2h`` or ``90d``."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Duration:
        """Read a length of time; raises ValueError that says how one is written."""
        match = _DURATION.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is not a length of time; write 250ms, 3s, 5m, 2h or 90d")
        return cls(float(match[1]) * _UNITS[match[2]])


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of the sections: an unknown key is an error."""
