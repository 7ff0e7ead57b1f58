"""A recording of any format: an exchange, when it was made and how long its answer took.

A cassette has the times beside its interactions, where vcrpy lets them be.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from harness.http.message import Exchange, Response

KEY = "timings"


class Timing(msgspec.Struct, frozen=True, kw_only=True):
    """One interaction's."""

    recorded_at: str
    """RFC 3339, UTC."""
    latency_s: float
    """Seconds from the request's first byte sent to the answer's last received."""


class Recording(Exchange, frozen=True, kw_only=True):
    """One exchange that was answered."""

    response: Response
    recorded_at: str = ""
    """RFC 3339; empty where it is not known."""
    latency_s: float | None = None
    """How long the answer took, in seconds; None where that is not known."""
    place: str = ""
    """The file that it is played from; empty for one that is converted."""

    @property
    def timing(self) -> Timing | None:
        """The times that a cassette stores; None where the latency is unknown."""
        return None if self.latency_s is None else Timing(recorded_at=self.recorded_at, latency_s=self.latency_s)


def stamped(metadata: Mapping[str, Any], count: int) -> list[Timing | None]:
    """Return the timing of each of ``count`` interactions, None where it is not known.

    Timings that are not one for each interaction are not theirs: the cassette was changed by something else.
    """
    written = metadata.get(KEY)
    if not isinstance(written, list) or len(written) != count:
        return [None] * count
    try:
        return msgspec.convert(written, list[Timing | None])
    except msgspec.ValidationError:
        return [None] * count
