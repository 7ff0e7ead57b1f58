"""The report as JSON: the form other tools read."""

from __future__ import annotations

import msgspec

from harness.core.shown_text import visible_in_json
from harness.model import Report


def render(report: Report) -> str:
    """Return the report as indented JSON."""
    return visible_in_json(msgspec.json.format(msgspec.json.encode(report), indent=2).decode()) + "\n"


def read(text: str | bytes) -> Report:
    """Read what `render` wrote; raises `msgspec.ValidationError` for anything else."""
    return msgspec.json.decode(text, type=Report)
