"""Waivers: a known gap, accepted by a named person until a date."""

from __future__ import annotations

import datetime as dt

import msgspec


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
