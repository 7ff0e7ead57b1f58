"""Checklist items and the lines of the integration guide that they prove."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

import msgspec

from harness.model.finding import FixedBy, Level, Mode


class Item(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line of the readiness checklist."""

    IDENTITY: ClassVar[tuple[str, ...]] = ("id",)
    MAY_BE_EMPTY: ClassVar[tuple[str, ...]] = ("why",)

    id: str
    """Id, as tests name it: ``verifies("ID")``."""
    step: str = "6 Your own"
    """The step of the integration guide the item belongs to, such as ``3 Webhooks``."""
    level: Level
    """``must`` or ``should``."""
    text: str
    """What is true when the item passes."""
    why: str = ""
    """Why it matters: what goes wrong in production without it."""
    remediation: str
    """What to do when it fails."""
    needs: tuple[str, ...] = ()
    """Keys of harness.toml without which the item cannot be checked, such as ``receiver.url``."""
    concerns: tuple[str, ...] = ()
    """Parts of an integration, as ``[target.absent]`` names them: where one is declared absent, it does not apply."""
    fixed_by: FixedBy = FixedBy.INTEGRATION
    """``provider``: it does not apply where the provider is a vendor's API, unless a test of your own fails."""
    proved_by: tuple[str, ...] = ()
    """Items whose tests make its findings, where these are not its own."""
    evidence: Mode | None = None
    """The only mode whose findings prove the item; None: any."""


class GuideLine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line of the guide's own production checklist, and the items that prove it."""

    text: str
    items: tuple[str, ...]


class Waiver(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An accepted gap. A waiver that has expired, or whose item passes, is itself a failure.

    With ``finding`` it covers one defect of the item and no other. When that defect no longer occurs, this is only
    reported: whether it shows depends on chance in generated requests, and on the provider's state.
    """

    IDENTITY: ClassVar[tuple[str, ...]] = ("item", "finding")

    item: str
    """Id of the checklist item."""
    finding: str = ""
    """Id of the one finding that is waived, such as ``F-a6ad4d8834``; empty for the item as a whole."""
    reason: str
    """Why the gap is accepted."""
    owner: str
    """Who answers for it."""
    expires: dt.date
    """Last day on which the waiver is valid."""
