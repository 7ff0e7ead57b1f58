"""Calls that the provider accepts, one for each operation, to be made wrong in one place."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from itertools import islice
from urllib.parse import quote

import msgspec

from harness.contract.caller import Caller
from harness.contract.path_resolver import PathResolver
from harness.contract.sample import Sample
from harness.contract.sendable_bodies import first_accepted, sendable_bodies
from harness.core.pointers import at_key
from harness.errors import NotPermittedError, ProbeError
from harness.http.provider_client import UNHEARD, SendResult
from harness.openapi.operation import Operation
from harness.openapi.response_causes import own_server_error_cause
from harness.openapi.routes import prefixes

MOST_TRIES = 4
"""Valid bodies that are tried until one is accepted."""
_PER_ENTRY = 207
"""Status of an answer that has one for each entry of a request (RFC 4918 section 13)."""
_OVERLOADED = 503
"""Status that is about the moment, and not about the request (RFC 9110 section 15.6.4)."""
_STATES = frozenset({404, 409, 410, 412})
"""Statuses of refusals because of the state of a resource."""
ADDS = frozenset({"POST", "PUT", "PATCH"})


class AcceptedCalls:
    """Finds for an operation a call that succeeds, at what the run created where it changes something."""

    def __init__(self, caller: Caller, samples: Iterable[Sample]) -> None:
        """``samples`` are calls that succeeded."""
        self._caller = caller
        self._samples = {s.operation.label: s for s in samples}
        self._resolver = PathResolver(caller)
        self.refused: dict[str, str] = {}
        """The last answer of each operation for which no call succeeded."""

    def of(self, operation: Operation) -> Sample | None:
        """Return a call that was accepted just now; None where there is none, which is noted.

        Where what the run knows is in a state that does not allow it, once more at a new resource.
        """
        found = self._at(operation)
        if (found is None or found.response.status_code in _STATES) and self._create_above(operation):
            found = self._at(operation)
        if found is None:
            self.refused[operation.label] = "no value for its path is known"
        elif not found.response.is_success:
            self.refused[operation.label] = found.in_words
        return found if found is not None and found.response.is_success else None

    def _at(self, operation: Operation) -> Sample | None:
        path = self._resolver.likeliest(operation)
        return None if path is None else self._first(operation, path)

    def _create_above(self, operation: Operation) -> bool:
        """Create the resource that an operation is about, from which the caller learns its path."""
        above = [prefix for prefix, _ in prefixes(operation.path)]
        creating = self._caller.operations.get(f"POST {above[-1].rpartition('/')[0]}") if above else None
        made = self._at(creating) if creating is not None and creating is not operation else None
        return made is not None and made.response.is_success

    def _first(self, operation: Operation, path: str) -> Sample | None:
        known = [s.body for s in [self._samples.get(operation.label)] if s is not None]
        made = islice(sendable_bodies(self._caller, operation, random_seed=0), MOST_TRIES)
        with suppress(NotPermittedError):
            return first_accepted((*known, *made), lambda body: self._caller.call(operation, path, body))
        return None


def deletion_of(caller: Caller, sample: Sample) -> tuple[Operation, str] | None:
    """Return the operation and the path that delete what a call created; None where that is unknown or not allowed."""
    response = sample.response
    made_id = at_key(sample.document, "id")
    if location := response.headers.get("location"):
        url = str(response.request.url.join(location))
    elif isinstance(made_id, str | int) and made_id != "":
        url = f"{str(response.request.url).partition('?')[0].rstrip('/')}/{quote(str(made_id), safe='')}"
    else:
        return None
    deletion = caller.spec.find("DELETE", url)
    return (deletion, url) if deletion is not None and caller.permits("DELETE", url) else None


def can_be_undone(caller: Caller, sample: Sample) -> bool:
    """Whether what calls like ``sample`` do can be undone."""
    return sample.operation.method != "POST" or deletion_of(caller, sample) is not None


def undo(caller: Caller, sample: Sample, result: SendResult) -> None:
    """Undo what a call like ``sample`` did although it was made wrong, so that no other check meets its remains."""
    if result.response is None or not result.response.is_success:
        return
    if sample.operation.method != "POST":
        caller.send(sample.operation, sample.path, sample.body)
    elif found := deletion_of(caller, msgspec.structs.replace(sample, response=result.response)):
        caller.send(*found)


def cause_of(result: SendResult, accepted: str, sent: str) -> str:
    """Return what is wrong with the answer to a call that is made wrong, empty for a refusal.

    ``accepted`` are the words for a success, ``sent`` those for what was sent. Raises `ProbeError` where the provider
    did not receive it.
    """
    last = result.last
    if last is None and result.reason in UNHEARD:
        raise ProbeError(f"{result.request.method} {result.request.url.path} gave no answer ({result.reason})")
    if last is None:
        return f"gives no answer to {sent}"
    if last.is_success and last.status_code != _PER_ENTRY:
        return accepted
    return f"answers {last.status_code} to {sent}" if last.is_server_error and last.status_code != _OVERLOADED else ""


def crash_cause_of(result: SendResult, operation: Operation, place: str) -> str:
    """Return the cause that other checks give to a crash like this one; empty where the answer is none.

    ``place`` is the part of an accepted call that was made wrong.
    """
    last = result.last
    return own_server_error_cause(last, operation.label, place) if last is not None and last.is_server_error else ""
