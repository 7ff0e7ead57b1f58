"""Everything the product remembers, in memory: it begins empty in every process."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from typing import Any, Generic, Protocol, TypeVar

MAX_ENDPOINTS = 32
MAX_KEPT = 20_000


def now() -> str:
    """Return the time as RFC 3339, UTC."""
    return dt.datetime.now(tz=dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def new_id(prefix: str) -> str:
    """Return a fresh id such as ``prj_0123456789abcdef``."""
    return f"{prefix}_{secrets.token_hex(8)}"


@dataclass(frozen=True, kw_only=True)
class Project:
    """A project; field names are those of the API."""

    name: str
    ownerEmail: str  # noqa: N815 - as in the API
    id: str = field(default_factory=lambda: new_id("prj"))
    createdAt: str = field(default_factory=now)  # noqa: N815


@dataclass(frozen=True, kw_only=True)
class StoredRun:
    """A run of a project."""

    projectId: str  # noqa: N815
    trigger: str
    status: str = "queued"
    id: str = field(default_factory=lambda: new_id("run"))
    createdAt: str = field(default_factory=now)  # noqa: N815
    finishedAt: str | None = None  # noqa: N815

    @property
    def ended(self) -> bool:
        """Whether the status is final."""
        return self.status in {"succeeded", "failed", "cancelled"}

    def moved(self, status: str) -> StoredRun:
        """Return the run in another status, finished where that is final."""
        after = replace(self, status=status)
        return replace(after, finishedAt=now()) if after.ended else after


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """A URL that receives events."""

    url: str
    id: str = field(default_factory=lambda: new_id("whe"))
    createdAt: str = field(default_factory=now)  # noqa: N815


class Identified(Protocol):
    """What a table holds."""

    @property
    def id(self) -> str:
        """Name of the thing, never given twice."""


T = TypeVar("T", bound=Identified)


class Table(Generic[T]):
    """Things by id, oldest first.

    Each has a fixed number, so that a page begins right after the one before, whatever was added, deleted or changed
    in between.
    """

    def __init__(self) -> None:
        """Start empty."""
        self._rows: dict[str, tuple[int, T]] = {}
        self._last = 0

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[T]:
        return (thing for _, thing in list(self._rows.values()))

    def __contains__(self, key: str) -> bool:
        return key in self._rows

    def get(self, key: str) -> T | None:
        """Return the thing with that id; None if there is none."""
        return self._rows[key][1] if key in self._rows else None

    def keep(self, thing: T) -> None:
        """Add or replace; the oldest goes when there are too many."""
        if thing.id in self._rows:
            self._rows[thing.id] = (self._rows[thing.id][0], thing)
            return
        self._last += 1
        self._rows[thing.id] = (self._last, thing)
        if len(self._rows) > MAX_KEPT:
            del self._rows[next(iter(self._rows))]

    def remove(self, key: str) -> None:
        """Forget the thing of that id."""
        self._rows.pop(key, None)

    def page(self, *, limit: int, cursor: str | None, wanted: Callable[[T], bool] = lambda _: True) -> dict[str, Any]:
        """Return the first ``limit`` things after ``cursor``; there is a next page only when it holds something."""
        after = int(cursor[1:]) if cursor else 0
        later = ((n, thing) for n, thing in self._rows.values() if n > after and wanted(thing))
        found = list(islice(later, limit + 1))
        more = len(found) > limit
        return {
            "items": [as_json(thing) for _, thing in found[:limit]],
            "nextCursor": f"c{found[limit - 1][0]}" if more else None,
        }


class Store:
    """Projects, runs and webhook endpoints."""

    def __init__(self) -> None:
        """Start empty."""
        self.projects: Table[Project] = Table()
        self.runs: Table[StoredRun] = Table()
        self.endpoints: Table[Endpoint] = Table()


def as_json(thing: Any) -> dict[str, Any]:
    """Return what the API shows of ``thing``."""
    return asdict(thing)
