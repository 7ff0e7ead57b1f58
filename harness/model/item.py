"""Checklist items, and the lines of the integration guide they prove."""

from __future__ import annotations

import msgspec

from harness.model.finding import Level, Mode


class Item(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line of the readiness checklist."""

    id: str
    step: str = "6 Your own"
    """The step of the integration guide the item belongs to, such as ``3 Webhooks``."""
    level: Level
    text: str
    """What holds when the item passes."""
    why: str = ""
    """Why it matters: what goes wrong in production without it."""
    remediation: str
    """What to do when it does not."""
    needs: tuple[str, ...] = ()
    """Keys of harness.toml without which the item cannot be checked, such as ``receiver.url``."""
    evidence: Mode | None = None
    """The only mode whose findings prove the item; None: any."""


class GuideLine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line of the guide's own production checklist, and the items that prove it."""

    text: str
    items: tuple[str, ...]
