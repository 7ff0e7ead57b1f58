"""Metadata of a cassette: when it was recorded, by which scenario, against which spec."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import msgspec

from harness.core.dates import as_rfc3339, iso_moment


class Metadata(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the harness writes into vcrpy's ``metadata``; other keys there are left alone."""

    recorded_at: str = ""
    """RFC 3339, UTC, of the oldest interaction; empty where it is not known."""
    scenario: str = ""
    """Node id of the test that recorded it."""
    spec_digest: str = ""
    """SHA-256 of the provider's OpenAPI document at that time, hexadecimal."""
    base_url: str = ""
    """Where the provider was, without the port of a loopback address."""

    @classmethod
    def of(cls, written: Mapping[str, Any]) -> Metadata:
        """Read the metadata of a cassette; a value of an unexpected type counts as absent."""
        known = {name: written[name] for name in cls.__struct_fields__ if isinstance(written.get(name), str)}
        return cls(**known)

    def over(self, written: Mapping[str, Any], *, keep_age: bool) -> dict[str, Any]:
        """Return these laid over what was written; with ``keep_age`` the old date stays, also one not known."""
        mine = {name: value for name, value in msgspec.structs.asdict(self).items() if value}
        if keep_age:
            mine.pop("recorded_at", None)
        return {**written, **mine}

    def age(self, now: dt.datetime) -> dt.timedelta | None:
        """Return how long ago it was recorded, None where that is not known."""
        at = iso_moment(self.recorded_at)
        if at is None:
            return None
        return now - (at if at.tzinfo else at.replace(tzinfo=dt.UTC))


def now() -> str:
    """Return the current time as `Metadata.recorded_at` has it."""
    return as_rfc3339(dt.datetime.now(tz=dt.UTC), "seconds")
