"""TOML of others, with bounds: `tomllib` takes time with the square of a key's length, and integers of any size."""

from __future__ import annotations

import re
import tomllib
from typing import Any

MAX_PARTS = 60
"""Of a dotted key."""
_LONG_KEY = re.compile(rf"""(?<![\w"'-])(?:[\w"'-]++[ \t]*+\.[ \t]*+){{{MAX_PARTS}}}""")
_LONG_INTEGER = re.compile(r"=\s*+[-+]?(?:0[xob][0-9a-fA-F_]{80}|[0-9_]{80})")
"""TOML 1.0: an integer that has no place in 64 bits is an error."""


class UnreadableTomlError(ValueError):
    """A text that is not TOML, or that is refused for safety."""


def read_toml(text: str) -> dict[str, Any]:
    """Return what a text holds; raises `UnreadableTomlError`."""
    if long := _LONG_KEY.search(text) or _LONG_INTEGER.search(text):
        what = f"a key of more than {MAX_PARTS} parts" if "=" not in long[0] else "an integer of more than 64 bits"
        raise UnreadableTomlError(f"{what} (at line {text.count(chr(10), 0, long.end()) + 1})")
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise UnreadableTomlError("it nests too deeply") from None
    except ValueError as exc:  # of an integer in a list, too
        known = isinstance(exc, tomllib.TOMLDecodeError)
        raise UnreadableTomlError(str(exc) if known else "an integer of more than 64 bits") from None
