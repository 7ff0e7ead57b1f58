"""The lines of harness.toml that leave out operations which the server does not have, to be copied."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator

from harness.model import Exclusion

IN_A_TERMINAL = 12
"""Selectors that are listed there."""
IN_MARKDOWN = 200
"""Selectors that are listed in Markdown: job summaries have a limit."""
INTRODUCTION = "To leave them out until the server has them, in harness.toml:"
_COLUMNS = 90


def toml_lines(exclusion: Exclusion, *, most: int | None = None) -> Iterator[str]:
    """Yield the section and its key; of more than ``most`` selectors the first, and a comment with how many more."""
    shown = exclusion.selectors[:most]
    listed = ", ".join(json.dumps(selector, ensure_ascii=False) for selector in shown)
    more = len(exclusion.selectors) - len(shown)
    yield f"[{exclusion.section}]"
    if len(listed) <= _COLUMNS and not more:
        yield f"exclude = [{listed}]"
        return
    yield "exclude = ["
    # The spaces within a selector must not become ends of lines.
    for line in textwrap.wrap(listed.replace(" ", "\0").replace(",\0", ", "), _COLUMNS, break_long_words=False):
        yield f"  {line.replace(chr(0), ' ')}"
    if more:
        yield f"  # and {more} more, in the report"
    yield "]"


def as_toml(exclusion: Exclusion) -> str:
    """Return the whole of it."""
    return "\n".join(toml_lines(exclusion))
