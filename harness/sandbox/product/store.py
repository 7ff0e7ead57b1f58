"""Everything the product remembers, in memory: it begins empty in every process."""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import asdict, dataclass, field, replace
from typing import Any

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
class Run:
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

    def moved(self, status: str) -> Run:
        """Return the run in another status, finished where that is final."""
        after = replace(self, status=status)
        return replace(after, finishedAt=now()) if after.ended else after


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """A URL that receives events."""

    url: str
    id: str = field(default_factory=lambda: new_id("whe"))
    createdAt: str = field(default_factory=now)  # noqa: N815


class Store:
    """Projects, runs and webhook endpoints by id, oldest first."""

    def __init__(self) -> None:
        """Begin empty."""
        self.projects: dict[str, Project] = {}
        self.runs: dict[str, Run] = {}
        self.endpoints: dict[str, Endpoint] = {}

    def keep(self, thing: Project | Run | Endpoint) -> None:
        """Add or replace; the oldest goes when there are too many."""
        tables: dict[type, dict[str, Any]] = {Project: self.projects, Run: self.runs, Endpoint: self.endpoints}
        table = tables[type(thing)]
        table[thing.id] = thing
        if len(table) > MAX_KEPT:
            del table[next(iter(table))]


def as_json(thing: Project | Run | Endpoint) -> dict[str, Any]:
    """Return what the API shows of ``thing``."""
    return asdict(thing)


def page(entries: list[Any], *, limit: int, cursor: str | None) -> dict[str, Any]:
    """Return one page; the cursor is the number of entries before it."""
    start = int(cursor[1:]) if cursor else 0
    shown = entries[start : start + limit]
    more = start + limit < len(entries)
    return {"items": [as_json(e) for e in shown], "nextCursor": f"c{start + limit}" if more else None}
