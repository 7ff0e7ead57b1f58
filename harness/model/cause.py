"""Kinds of faults that many operations or deliveries, examples and checks share, worst first."""

from __future__ import annotations

import msgspec

from harness.model.finding import Level, stable_id


class CauseKind(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of cause; findings whose causes are the same text are one finding in the report."""

    begins: str
    """How the text of each cause of the kind begins."""
    level: Level = Level.MUST

    def of(self, details: str = "") -> str:
        """Return the text of a cause."""
        return f"{self.begins}{details}"


SERVER_ERROR = CauseKind(begins="Server error ")
NO_ANSWER = CauseKind(begins="No whole answer")
BROKEN_SCHEMA = CauseKind(begins="Response breaks ")
CONTENT_TYPE = CauseKind(begins="Content type ")
MISSING_HEADER = CauseKind(begins="Missing header ")
STATUS = CauseKind(begins="Undocumented status ")
CLIENT_ERROR = CauseKind(begins="Undocumented status 4", level=Level.SHOULD)
REFUSED_VALID = CauseKind(begins="Valid input refused ", level=Level.SHOULD)
WITHOUT_ALLOW = CauseKind(begins="405 without Allow", level=Level.SHOULD)
WRONG_ALLOW = CauseKind(begins="Allow ", level=Level.SHOULD)
SHOWS_CODE = CauseKind(begins="Refusal shows code", level=Level.SHOULD)
SHARED_CACHE = CauseKind(begins="Shared caches may keep", level=Level.SHOULD)
ANOTHER_HOST = CauseKind(begins="Location names a host", level=Level.SHOULD)

UNCHECKED = (
    "Credentials are not checked",
    "Any credential is accepted",
    "Part of a credential is accepted",
    "A malformed credential is accepted",
)
"""Causes of accepted calls without the right credential; each explains those after it at the same operation."""

OF_RECEIVER = CauseKind(begins="The receiver ")
"""Of faults of the integration that many deliveries show."""

_IN = ", in "
"""Before the place in the request."""
_WORST_FIRST = (SERVER_ERROR, NO_ANSWER, BROKEN_SCHEMA)


def of_group(item: str, cause: str) -> str:
    """Return the id of the one finding for all findings of an item that have a cause."""
    return stable_id("", f"{item}/cause", cause)


def crash_of(status: int, operation: str, place: str = "") -> str:
    """Return the cause of a crash that nothing but its operation, and the ``place`` in the request, distinguishes."""
    return SERVER_ERROR.of(f"{status} of {operation}{_IN if place else ''}{place}")


def own_crash(cause: str, operation: str) -> bool:
    """Whether a cause is one of `crash_of` at an operation."""
    of_all = f" of {operation}"
    return cause.startswith(SERVER_ERROR.begins) and (cause.endswith(of_all) or f"{of_all}{_IN}" in cause)


def without_place(cause: str, operation: str) -> str:
    """Return a cause of `crash_of` without the place in the request."""
    return cause.partition(f" of {operation}")[0] + f" of {operation}"


def rank(cause: str) -> int:
    """Return what orders causes: crashes, then broken schemas, then all others."""
    found = (number for number, kind in enumerate(_WORST_FIRST) if cause.startswith(kind.begins))
    return next(found, len(_WORST_FIRST))


def level_of(cause: str) -> Level:
    """Return the level of findings of a cause: what is refused in another way than documented only should be right."""
    refusals = (CLIENT_ERROR, REFUSED_VALID, WITHOUT_ALLOW, WRONG_ALLOW)
    mild = (*refusals, SHOWS_CODE, SHARED_CACHE, ANOTHER_HOST)
    return Level.SHOULD if any(cause.startswith(kind.begins) for kind in mild) else Level.MUST
