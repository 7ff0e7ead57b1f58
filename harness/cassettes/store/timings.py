"""When each interaction was recorded and how long its answer took, beside the interactions, where vcrpy lets it be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

KEY = "timings"


class Timing(msgspec.Struct, frozen=True, kw_only=True):
    """One interaction's."""

    recorded_at: str
    """RFC 3339, UTC."""
    latency_s: float
    """Seconds from the request's first byte sent to the answer's last received."""

    def written(self) -> dict[str, Any]:
        """Return what stands in the file."""
        return msgspec.structs.asdict(self)


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
