"""What the provider has committed: the writes that it answered with 2xx, as the fault server saw them pass."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from typing import NamedTuple

import msgspec

from harness.http.message import Request, Response
from harness.model import Attempt
from harness.resilience.client_process import ClientRun
from harness.resilience.fault_server import WRITES

_IDS = ("id", "uuid", "guid", "sid", "key", "number")
"""Members that name a resource in the response to its creation."""


class Commit(NamedTuple):
    """One write that the provider has done."""

    operation: str
    resource: str
    """What names the resource that it created; unique where it created none, or nothing names it."""
    id: str
    """The id of that resource, empty where the response has none."""


class Commits:
    """The writes that passed, from any number of threads."""

    def __init__(self, label: Callable[[str, str], str]) -> None:
        """``label`` returns the operation of a method and a path."""
        self._label = label
        self._commits: list[Commit] = []
        self._lock = threading.Lock()

    def note(self, request: Request, response: Response) -> Commit | None:
        """Note a write that was answered with 2xx; return it, or None for any other answer."""
        if not 200 <= response.status < 300:
            return None
        named = _id_in(response.body)
        with self._lock:
            created = named if named not in request.path.split("/") else ""  # else it belongs to what was changed
            resource = created or response.header("location") or f"write {len(self._commits) + 1}"
            commit = Commit(self._label(request.method, request.target), resource, named)
            self._commits.append(commit)
        return commit

    @property
    def ids(self) -> frozenset[str]:
        """The ids of the resources that they created."""
        return frozenset(c.id for c in self._commits if c.id)

    @property
    def last(self) -> Commit | None:
        """The last of them."""
        return self._commits[-1] if self._commits else None

    def done(self) -> Counter[str]:
        """Return how often each operation was done; what created one resource counts once."""
        return Counter(operation for operation, _ in {(c.operation, c.resource) for c in self._commits})

    def passed(self) -> Counter[str]:
        """Return how often each operation was passed on with success, whatever it created."""
        return Counter(c.operation for c in self._commits)


def writes_done(
    attempts: Iterable[Attempt], label: Callable[[str, str], str], *, methods: Collection[str] = WRITES
) -> Counter[str]:
    """Return how often the provider did each operation of ``methods``, as the fault server saw it.

    Requests of one key are one write.
    """
    done = (a for a in attempts if a.method in methods and a.provider_status and 200 <= a.provider_status < 300)
    return Counter(operation for operation, _ in {(label(a.method, a.path), a.key or str(a.at)) for a in done})


def complaint_of(done: Counter[str], usual: Counter[str], *, succeeded: bool) -> str:
    """Return what was done too often or too seldom, compared with an undisturbed run; empty where nothing was.

    A run that reported failure may have stopped before some writes, and has done none of them twice.
    """
    return done_too_often(done, usual) or (missing_in_success(done, usual) if succeeded else "")


def ended_as_usual(run: ClientRun, done: Counter[str], usual: Counter[str]) -> bool:
    """Whether a run succeeded with the writes of an undisturbed one."""
    return run.succeeded and not complaint_of(done, usual, succeeded=True)


def done_too_often(done: Counter[str], usual: Counter[str]) -> str:
    """Return what was done oftener than in an undisturbed run; empty where nothing was."""
    for operation, number in done.items():
        if number > usual[operation]:
            return f"{operation} was done {number} times at the provider instead of {usual[operation] or 'never'}"
    return ""


def missing_in_success(done: Counter[str], usual: Counter[str]) -> str:
    """Return what a run that reported success did not do as often as an undisturbed run; empty where nothing was."""
    missing = next((operation for operation in usual if done[operation] < usual[operation]), None)
    if missing is None:
        return ""
    return f"the client reported success, and {missing} was done {done[missing]} times instead of {usual[missing]}"


def _id_in(body: bytes) -> str:
    """Return the id of the resource that a response shows, itself or one level inside, such as in ``data``."""
    try:
        content = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return ""
    if not isinstance(content, dict):
        return ""
    inside = [value for value in content.values() if isinstance(value, dict)]
    for candidate in (content, *(inside if len(inside) == 1 else ())):
        for name in _IDS:
            if isinstance(value := candidate.get(name), str | int) and not isinstance(value, bool):
                return str(value)
    return ""
