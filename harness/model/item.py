"""Checklist items, the lines of the integration guide they prove, and waivers of them."""

from __future__ import annotations

import datetime as dt

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


class Waiver(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An accepted gap; an expired one, or one whose item passes, is itself a failure.

    With ``finding`` it excuses one defect of the item and no other; that the defect no longer occurs is only
    reported, as chance decides what generated requests meet, and the provider's state what other checks do.
    """

    item: str
    finding: str = ""
    """Id of the one finding that is excused, such as ``F-a6ad4d8834``; empty for the item as a whole."""
    reason: str
    owner: str
    expires: dt.date
    """Last day on which the waiver counts."""
