"""How much of the provider's document was covered, and by what."""

from __future__ import annotations

from typing import Annotated

import msgspec

Status = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{3}$")]
Count = Annotated[int, msgspec.Meta(ge=0, lt=2**31)]
"""Maximum of one count, so that sums of many stay within the 64 bits of the report."""

CLIENT_RUNS = "client"
"""Name of the source that is the runs of the integration's client."""


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """What one kind of check covered of one operation."""

    name: str
    """``scenarios``, ``cassettes``, ``client``, ``fuzzing`` or ``checks``."""
    valid: Count = 0
    """Calls whose input the document allows."""
    invalid: Count = 0
    """Calls whose input it does not allow."""
    statuses: dict[Status, Count] = {}
    """Answers by HTTP status."""
    seconds: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    """How long the provider took to answer, together."""
    impatient: dict[Status, Count] = {}
    """Number of responses with 429 or 503 that had no ``Retry-After``."""
    parameters: tuple[str, ...] = ()
    """Parameters that calls carried, as ``query limit``."""
    met: tuple[str, ...] = ()
    """Schema keywords that some input satisfied, as JSON pointers into the document."""
    broken: tuple[str, ...] = ()
    """Schema keywords that some input violated."""


class SeenOperation(msgspec.Struct, frozen=True, kw_only=True):
    """What one source saw of one operation in one process; travels as JSON."""

    operation: str
    """``METHOD /path/template``."""
    seen: Source


class OperationCoverage(msgspec.Struct, frozen=True, kw_only=True):
    """One operation: what the document declares, and what was covered."""

    operation: str
    """``METHOD /path/template``."""
    responses: tuple[str, ...] = ()
    """Documented ones: ``200``, ``4XX``, ``default``."""
    parameters: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    """Schema keywords of its input."""
    sources: tuple[Source, ...] = ()

    @property
    def valid(self) -> int:
        """Calls with valid input, of all sources."""
        return sum(s.valid for s in self.sources)

    @property
    def invalid(self) -> int:
        """Calls with invalid input, of all sources."""
        return sum(s.invalid for s in self.sources)

    @property
    def called(self) -> bool:
        """Whether it was called at all, even without a credential."""
        return any(s.statuses for s in self.sources)

    @property
    def produced(self) -> tuple[str, ...]:
        """Documented responses that were seen; an exact status precedes its range, a range precedes ``default``."""
        statuses = {s for source in self.sources for s in source.statuses}
        found = {next((k for k in (s, f"{s[0]}XX", "default") if k in self.responses), "") for s in statuses}
        return tuple(r for r in self.responses if r in found)

    @property
    def undocumented(self) -> tuple[str, ...]:
        """Statuses of answers that the document does not describe."""
        statuses = sorted({s for source in self.sources for s in source.statuses})
        return tuple(s for s in statuses if {s, f"{s[0]}XX", "default"}.isdisjoint(self.responses))

    @property
    def missing(self) -> tuple[str, ...]:
        """Documented responses that were never seen."""
        return tuple(r for r in self.responses if r not in self.produced)

    @property
    def given(self) -> tuple[str, ...]:
        """Parameters that some call carried."""
        seen = {p for s in self.sources for p in s.parameters}
        return tuple(p for p in self.parameters if p in seen)

    @property
    def met(self) -> tuple[str, ...]:
        """Keywords that some input satisfied."""
        seen = {k for s in self.sources for k in s.met}
        return tuple(k for k in self.keywords if k in seen)

    @property
    def broken(self) -> tuple[str, ...]:
        """Keywords that some input violated."""
        seen = {k for s in self.sources for k in s.broken}
        return tuple(k for k in self.keywords if k in seen)


class Coverage(msgspec.Struct, frozen=True, kw_only=True):
    """All operations of the document."""

    operations: tuple[OperationCoverage, ...] = ()

    @property
    def called(self) -> int:
        """How many operations were called with valid input."""
        return sum(o.valid > 0 for o in self.operations)

    @property
    def responses(self) -> int:
        """How many responses are documented."""
        return sum(len(o.responses) for o in self.operations)

    @property
    def produced(self) -> int:
        """How many of them were seen."""
        return sum(len(o.produced) for o in self.operations)

    @property
    def uncalled(self) -> list[str]:
        """Operations that were not called at all."""
        return [o.operation for o in self.operations if not o.called]

    @property
    def missing(self) -> list[str]:
        """Documented responses that were never seen, as ``GET /runs 503``."""
        return [f"{o.operation} {status}" for o in self.operations for status in o.missing]


def percent(part: int, whole: int) -> int:
    """Return a share in whole per cent, rounded down, so that 100 means all; 100 if ``whole`` is 0."""
    return 100 * part // whole if whole else 100
