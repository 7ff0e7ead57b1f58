"""Defects in Hypothesis' example database: the next run tries them first, and anyone can replay them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from functools import reduce
from pathlib import Path
from typing import TypeVar

import msgspec
from hypothesis.database import DirectoryBasedExampleDatabase, ExampleDatabase

from harness.core.encodable import json_bytes
from harness.core.extras import require
from harness.errors import ConfigurationError
from harness.fuzzing.defects import Defect, smaller
from harness.model.config.fuzz import EXAMPLES_VARIABLE

T = TypeVar("T")
FOLDER = ".hypothesis/harness"


class DefectStore:
    """The found defects of one target."""

    def __init__(self, database: ExampleDatabase, target: str) -> None:
        """``target`` separates the entries of several targets in one database."""
        self._database = database
        self._target = target
        self._lost = ""

    @property
    def trouble(self) -> str:
        """Why stored defects could not be read or written; empty while they could."""
        return str(getattr(self._database, "trouble", "")) or self._lost

    def all(self) -> list[Defect]:
        """Return every stored defect, by operation and id; entries of an older version may be unreadable."""
        names = (name.decode() for name in self._database.fetch(self._key("ids")))
        return sorted(filter(None, map(self.get, names)), key=lambda d: (d.operation, d.id))

    def of(self, labels: Iterable[str]) -> list[Defect]:
        """Return the stored defects of some operations."""
        wanted = set(labels)
        return [defect for defect in self.all() if defect.operation in wanted]

    def get(self, defect_id: str) -> Defect | None:
        """Return the smallest example of one defect; None if it is not stored."""
        return min(self._examples(defect_id), key=lambda d: d.size, default=None)

    def named(self, defect_id: str) -> Defect | None:
        """Return the smallest example of a defect by its id, or by that of all crashes that it is one of."""
        found = self.get(defect_id)
        return found or min((d for d in self.all() if d.of_all == defect_id), key=lambda d: d.size, default=None)

    def keep(self, defect: Defect) -> None:
        """Store a defect; of several examples only the smallest remains."""
        stored = list(self._database.fetch(self._key(defect.id)))
        small = json_bytes(reduce(smaller, self._examples(defect.id), defect))
        if small in stored and len(stored) == 1:
            return
        self._save(defect.id, small)
        self._save("ids", defect.id.encode())
        if self._lost:
            return
        for other in stored:
            if other != small:
                self._database.delete(self._key(defect.id), other)

    def drop(self, defect: Defect) -> None:
        """Forget a defect that no longer occurs."""
        for raw in list(self._database.fetch(self._key(defect.id))):
            self._database.delete(self._key(defect.id), raw)
        self._database.delete(self._key("ids"), defect.id.encode())

    def _save(self, name: str, value: bytes) -> None:
        """Store a value, and look whether it is there: a folder that takes none is silent about it."""
        self._database.save(self._key(name), value)
        if value not in self._database.fetch(self._key(name)):
            place = getattr(self._database, "path", "the database")
            self._lost = f"A defect could not be stored in {place}. Check its space and permissions, and run again."

    def _examples(self, defect_id: str) -> Iterator[Defect]:
        for raw in self._database.fetch(self._key(defect_id)):
            try:
                defect = msgspec.json.decode(raw, type=Defect)
            except (msgspec.MsgspecError, UnicodeDecodeError):
                continue
            if defect.id == defect_id:
                yield defect

    def _key(self, name: str) -> bytes:
        return f"harness/{self._target}/{name}".encode()


def open_found(root: Path, target: str) -> DefectStore:
    """Open the database below ``root``, or that of the variable HARNESS_EXAMPLES: a folder, or a ``redis://`` URL.

    Raises `ConfigurationError` for a server that cannot be reached.
    """
    place = os.environ.get(EXAMPLES_VARIABLE, "") or FOLDER
    if place.startswith(("redis://", "rediss://", "unix://")):
        return DefectStore(_redis(place), target)
    if "://" in place:
        raise ConfigurationError(
            f"{EXAMPLES_VARIABLE} is a URL, but not of a Redis server. Set it to a folder, or to redis://HOST:PORT/NUMBER."
        )
    return DefectStore(DirectoryBasedExampleDatabase(root / place), target)


def _redis(url: str) -> ExampleDatabase:
    require(f"{EXAMPLES_VARIABLE}, which names a Redis server,", "redis")
    from hypothesis.extra.redis import RedisExampleDatabase
    from redis import Redis
    from redis.exceptions import RedisError

    try:
        client = Redis.from_url(url, socket_timeout=5, socket_connect_timeout=5)
        client.ping()
    except (RedisError, ValueError) as exc:
        # The URL may hold a password, so neither it nor what the client says of it is repeated.
        raise ConfigurationError(
            f"{EXAMPLES_VARIABLE}: the Redis server does not answer ({type(exc).__name__}). "
            "Start it, correct the URL, or unset the variable to store defects in .hypothesis."
        ) from None
    return Unsteady(RedisExampleDatabase(client, key_prefix=b"harness:"), RedisError)


class Unsteady(ExampleDatabase):
    """A remote database: when it fails, defects are still reported, and so is that they were not stored."""

    def __init__(self, inner: ExampleDatabase, error: type[Exception]) -> None:
        """``error`` is what ``inner`` raises once it is gone."""
        super().__init__()
        self._inner = inner
        self._error = error
        self.trouble = ""

    def fetch(self, key: bytes) -> Iterable[bytes]:
        """Return the stored values; none where the database fails."""
        return self._tried(lambda: list(self._inner.fetch(key))) or []

    def save(self, key: bytes, value: bytes) -> None:
        """Store a value."""
        self._tried(lambda: self._inner.save(key, value))

    def delete(self, key: bytes, value: bytes) -> None:
        """Forget a value."""
        self._tried(lambda: self._inner.delete(key, value))

    def _tried(self, what: Callable[[], T]) -> T | None:
        if self.trouble:
            return None  # each try may cost a whole timeout
        try:
            return what()
        except self._error as exc:
            self.trouble = (
                f"{EXAMPLES_VARIABLE}: the Redis server went away ({type(exc).__name__}): stored defects were not "
                "tried, and new ones are not stored. Start it and run again."
            )
            return None
