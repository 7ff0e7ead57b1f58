"""The same resource at its other paths: `GET /books/{id}` shows what `GET /authors/{id}/books/{id}` shows."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import unquote

from harness.contract.invariants import STILL_ANSWERS, WAYS_AGREE
from harness.contract.lifecycle import Lifecycle
from harness.contract.resource_changes import Thing
from harness.contract.resource_kinds import segment_of
from harness.contract.resource_reader import GONE
from harness.contract.sample import Sample
from harness.core.plain_names import plain
from harness.openapi.operation import Operation
from harness.openapi.routes import values_in


class OtherWays:
    """The other paths at which a thing is read, and what they show of it."""

    def __init__(self, life: Lifecycle, thing: Thing) -> None:
        """Look for the thing where the document describes its kind; elsewhere may be another with the same number."""
        self._life, self._thing = life, thing
        self._ways = [(operation, path) for operation, path in self._paths() if self._is_there(operation, path)]

    def judge(self) -> None:
        """Compare what each path shows with what the thing was read as last."""
        for operation, path in self._ways:
            self._judge(operation, path)

    def judge_deleted(self) -> None:
        """Look for the thing at each path once it is gone from its own."""
        life = self._life
        if not self._ways or life.reader.read(self._thing.path).response.status_code not in GONE:
            return
        for operation, path in self._ways:
            self._look_for_deleted(operation, path)

    def _look_for_deleted(self, operation: Operation, path: str) -> None:
        answer = self._life.patience.settled(lambda: self._read(operation, path), lambda s: not s.response.is_success)
        if answer.response.is_success:
            where = f"GET {path} answered {answer.response.status_code}, and {self._thing.path} is deleted"
            self._life.complain(operation, STILL_ANSWERS, where)

    def _judge(self, operation: Operation, path: str) -> None:
        life, thing = self._life, self._thing

        def unlike(sample: Sample) -> str:
            document = life.reader.document(thing, sample)
            hidden = life.unlike | {name for name in thing.document if name not in document}
            return (
                life.reader.unlike(thing, document, but=hidden) if document else f"HTTP {sample.response.status_code}"
            )

        answer = life.patience.settled(lambda: self._read(operation, path), lambda s: not unlike(s))
        if found := unlike(answer):
            life.complain(operation, WAYS_AGREE, f"GET {thing.path} and GET {path} differ: {found}")

    def _read(self, operation: Operation, path: str) -> Sample:
        return self._life.caller.call(operation, path)

    def _is_there(self, operation: Operation, path: str) -> bool:
        seen = Thing(self._thing.created, path, self._thing.written)
        seen.document = self._life.reader.document(seen, self._read(operation, path))
        return self._life.reader.is_recognised(seen)

    def _paths(self) -> Iterator[tuple[Operation, str]]:
        """Yield the paths whose parameters are known: of the thing's own path, or members of it."""
        reading, thing = self._life.kind.reading, self._thing
        known = {plain(str(name)): value for name, value in thing.document.items() if isinstance(value, str | int)}
        own = values_in(reading.path, thing.path, reading.spanning)
        known |= {plain(name): unquote(value) for name, value in own.items()}
        for operation in self._life.kind.other_readings:
            known[plain(operation.path_parameters[-1])] = segment_of(thing.path)
            path = operation.filled(
                {name: known[plain(name)] for name in operation.path_parameters if plain(name) in known}
            )
            if "{" not in path and self._life.caller.permits("GET", path):
                yield operation, path
