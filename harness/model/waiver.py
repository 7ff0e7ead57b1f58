"""Waivers: a known gap, accepted by a named person until a date."""

from __future__ import annotations

import datetime as dt

import msgspec


class Waiver(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An accepted gap; an expired one, or one whose item passes, is itself a failure."""

    item: str
    reason: str
    owner: str
    expires: dt.date
    """Last day on which the waiver counts."""
