"""The operations of a client's workflow, learned from what it calls without a fault."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

import msgspec

from harness.model import Attempt
from harness.resilience.fault_server import WRITES, Aim

SHORTEST_BODY = 2
"""Bytes: a shorter body has no half."""
IDEMPOTENT_CHANGES = frozenset({"PUT", "DELETE"})
LONGEST_WORD = 20
"""Characters: a longer segment of a path is an identifier."""
_VERSION = re.compile(r"v?\d{1,2}(\.\d+)*|\d{4}-\d{2}(-\d{2})?")


class DocumentedOperation(NamedTuple):
    """What the provider's document has about an operation."""

    label: str
    """``METHOD /path/{template}``."""
    takes_key: bool
    """Whether it names an idempotency key there."""


Documented = Callable[[str, str], DocumentedOperation | None]
"""Returns the operation that the document has for a method and a target."""


def undocumented(method: str, target: str) -> None:
    """Find no operation: there is no document."""


class ClientOperation(msgspec.Struct, frozen=True, kw_only=True):
    """One operation that the workflow calls, however often."""

    label: str
    """``METHOD /path/{template}``."""
    calls: tuple[Attempt, ...]
    """Its calls in the undisturbed run."""

    @property
    def writes(self) -> bool:
        """Whether it may not be sent twice without more ado: its method is not idempotent (RFC 9110 section 9.2.2)."""
        return self.calls[0].method in WRITES

    @property
    def repeatable(self) -> bool:
        """Whether it may be repeated after any failure: its method is idempotent, or each call has a key."""
        return not self.writes or all(call.key for call in self.calls)

    @property
    def answered(self) -> bool:
        """Whether the first response has a body that can be broken."""
        return self.calls[0].method != "HEAD" and self.calls[0].answer_bytes >= SHORTEST_BODY


Concern = Callable[[ClientOperation], bool]
"""Whether a case concerns an operation."""


def every_call(operation: ClientOperation) -> bool:  # noqa: ARG001 - a concern
    """Any operation."""
    return True


def repeatable_calls(operation: ClientOperation) -> bool:
    """Those that may be repeated after any failure: safe, idempotent or keyed (RFC 9110 section 9.2.2)."""
    return operation.repeatable


def writes(operation: ClientOperation) -> bool:
    """Those that create or change something."""
    return operation.writes


def idempotent_changes(operation: ClientOperation) -> bool:
    """Those that change something, and may be repeated for their method (RFC 9110 section 9.2.2)."""
    return operation.calls[0].method in IDEMPOTENT_CHANGES


def unkeyed_writes(operation: ClientOperation) -> bool:
    """Those that the provider may do twice."""
    return not operation.repeatable


def keyed_writes(operation: ClientOperation) -> bool:
    """Those that have an idempotency key."""
    return operation.writes and operation.repeatable


def reused_connections(operation: ClientOperation) -> bool:
    """Those that may be repeated, and that used a connection again."""
    return operation.repeatable and any(call.reused for call in operation.calls)


def answered_calls(operation: ClientOperation) -> bool:
    """Those whose response has a body."""
    return operation.answered


class WorkflowOperations:
    """Which operation each call belongs to, by the document where it has one, else by the shape of its path."""

    def __init__(self, attempts: Iterable[Attempt], documented: Documented = undocumented) -> None:
        """``attempts`` are those of an undisturbed run."""
        self._documented = documented
        calls: dict[str, list[Attempt]] = {}
        for attempt in attempts:
            calls.setdefault(self.label_of(attempt.method, attempt.path), []).append(attempt)
        self.all: Sequence[ClientOperation] = [
            ClientOperation(label=label, calls=tuple(found)) for label, found in calls.items()
        ]
        """In the order of their first calls."""

    def label_of(self, method: str, target: str) -> str:
        """Return the label of the operation that a request calls."""
        documented = self._documented(method, target)
        return documented.label if documented else f"{method} {shape_of_path(urlsplit(target).path)}"

    def takes_key(self, method: str, target: str) -> bool:
        """Whether a write may carry an idempotency key: the document names one there, or has no such operation."""
        documented = self._documented(method, target)
        return documented is None or documented.takes_key

    def aim(self, labels: Collection[str]) -> Aim:
        """Return the aim at the operations of these labels, each under its own name."""

        def aim(method: str, target: str) -> str | None:
            label = self.label_of(method, target)
            return label if label in labels else None

        return aim

    def concerned(self, concern: Concern) -> list[ClientOperation]:
        """Return the operations that a case concerns."""
        return [operation for operation in self.all if concern(operation)]


def shape_of_path(path: str) -> str:
    """Return a path with ``{id}`` in place of each segment that looks like an identifier."""
    return "/".join("{id}" if _identifies(segment) else segment for segment in path.split("/"))


def _identifies(segment: str) -> bool:
    if _VERSION.fullmatch(segment):
        return segment.isdigit()
    return len(segment) > LONGEST_WORD or any(character.isdigit() for character in segment)
