"""The modes in which a scenario runs."""

from __future__ import annotations

MODES = ("replay", "record", "rewrite", "live", "verify")
