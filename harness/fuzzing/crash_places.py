"""The part of a request that a crash depends on, found by sending it again with one part at a time left out.

It distinguishes the crashes of somebody else's API, whose answers have no text and whose log nobody reads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from harness.errors import NotPermittedError
from harness.fuzzing.defects import ITEM, Defect, StoredRequest, smaller
from harness.fuzzing.request_parts import Part, is_valid_write, parts_of, valid_write, without
from harness.fuzzing.sending import send_stored, with_new_key
from harness.http.provider_client import UNSENDABLE, ProviderClient
from harness.model.cause import crash_of, of_group
from harness.openapi.operation import Operation

MOST_TRIED = 3
"""Crashes of one operation of which every part is tried."""
MOST_PARTS = 16
_ONE_BY_ONE = 4
"""Parts that are left out one by one; of more, the half is found first that has the decisive one."""
_OF_ONE = 7
"""Requests for the parts of one crash where it has few."""
_LEAST = 11
"""Requests for the parts of one crash, at most."""
_TO_SETTLE = 24
"""Requests at the end."""


class _UndecidedError(Exception):
    """No more may be sent, or what was sent has no answer."""


class CrashPlaces:
    """Finds the places of crashes, with a bounded number of requests, each of which the guard allows like any other."""

    def __init__(self, client: ProviderClient, *, requests: int, is_over: Callable[[], bool]) -> None:
        """``requests`` are those of the whole operation; ``is_over`` returns whether its time ran out."""
        self._client = client
        self._most = max(_LEAST, requests // 4)
        self._is_over = is_over
        self.sent = 0
        self._tried: dict[str, int] = {}
        self._places: dict[str, dict[frozenset[str], str]] = {}
        """By `Defect.of_all`, the place that was found in each set of parts; empty for none."""
        self._proven: dict[str, Defect] = {}
        self._accepted: dict[str, StoredRequest] = {}

    def accepted(self, operation: Operation, step: StoredRequest) -> None:
        """Note a request that succeeded: its body is a valid one."""
        if is_valid_write(operation, step):
            self._accepted[operation.label] = step

    def placed(self, defect: Defect, operation: Operation) -> Defect:
        """Return a crash that nothing else distinguishes with its place, if it has one; others as they are."""
        parts = self._parts(defect, operation)
        if not parts:
            return defect
        known = self._places.setdefault(defect.of_all, {})
        shape = frozenset(parts)
        place = known.get(shape) or next((each for each in sorted(set(known.values())) if each in shape), "")
        try:
            if place and self._can_prove(operation):
                if self._cured(defect, [parts[place]]):
                    return self._prove(at_place(defect, place))
                defect, place = _shown_without(defect, [parts.pop(place)]), ""  # it crashes for another reason too
            elif place or shape in known:
                return at_place(defect, place)
            if self._tried.get(operation.label, 0) >= MOST_TRIED:
                return defect
            self._tried[operation.label] = self._tried.get(operation.label, 0) + 1
            found = self._decisive(defect.steps[-1], parts)
        except _UndecidedError:
            return at_place(defect, place)
        known.setdefault(shape, found)
        return self._prove(at_place(defect, found)) if found else defect

    def settle(self, defects: dict[str, Defect], operation: Callable[[str], Operation]) -> list[Defect]:
        """Put a proven example in place of each that proves nothing; drop a crash without a place that has a known one.

        Returns what was dropped.

        The smallest example may have been attributed to a part that it merely has. A crash that has nothing to do with
        the known places gets its turn, as those with one may have had all turns before.
        """
        self._most, dropped = self.sent + _TO_SETTLE, []
        for name, proven in self._proven.items():
            shown = defects.get(name, proven)
            if shown.steps != proven.steps and not self._holds(shown, operation(shown.operation)):
                defects[name] = proven
        for name, defect in list(defects.items()):
            places = {d.place for d in defects.values() if d.place and d.of_all == name}
            parts = self._parts(defect, operation(defect.operation)) if places else {}
            if parts and (found := self._other_than(places, defect, parts)) is not defect:
                dropped.append(defects.pop(name))
                if found is not None:
                    defects.setdefault(found.id, found)
        return dropped

    def _other_than(self, places: set[str], defect: Defect, parts: dict[str, Part]) -> Defect | None:
        """Return a crash with its place, None where that is a known one; unchanged where it has none."""
        known = [parts.pop(place) for place in sorted(places) if place in parts]
        try:
            if known and self._cured(defect, known) and self._crashes(defect.steps[-1]):
                return None
            rest = _shown_without(defect, known)
            found = self._decisive(rest.steps[-1], parts)
        except _UndecidedError:
            return defect
        return self._prove(at_place(rest, found)) if found else defect

    def _parts(self, defect: Defect, operation: Operation) -> dict[str, Part]:
        """Return what may be left out of the last request; nothing where its place is not asked for."""
        step = defect.steps[-1]
        ours = defect.operation == operation.label and step.method == operation.method
        # A request with a wrong credential is sent as rarely as possible, and never for this.
        authenticated = {n.lower() for n in step.secret} == {
            n.lower() for n in self._client.headers_for(step.method, step.path)
        }
        if defect.check != "not_a_server_error" or defect.crash or not ours or not authenticated:
            return {}
        parts = parts_of(step, operation, valid_write(operation, step, self._accepted.get(operation.label)))
        return parts if len(parts) <= MOST_PARTS else {}

    def _can_prove(self, operation: Operation) -> bool:
        """Whether requests are left for more than the crashes whose parts may still be tried."""
        left = MOST_TRIED - self._tried.get(operation.label, 0)
        return self._most - self.sent > left * _OF_ONE

    def _prove(self, defect: Defect) -> Defect:
        known = self._proven.get(defect.id)
        self._proven[defect.id] = defect if known is None else smaller(known, defect)
        return defect

    def _decisive(self, step: StoredRequest, parts: dict[str, Part]) -> str:
        """Return the one part without which there is no crash, while with it there is one each time; empty for none."""

        def cures(names: Iterable[str]) -> bool:
            return not self._crashes(without(step, [parts[name] for name in names]))

        names = sorted(parts)
        if not self._crashes(step):
            return ""
        while len(names) > _ONE_BY_ONE:
            middle = len(names) // 2
            halves = [half for half in (names[:middle], names[middle:]) if cures(half)]
            if len(halves) != 1:
                return ""
            [names] = halves
        found = [name for name in names if cures([name])]
        return found[0] if len(found) == 1 and self._crashes(step) and cures(found) else ""

    def _holds(self, defect: Defect, operation: Operation) -> bool:
        """Whether the request crashes, and no longer without its place."""
        parts = self._parts(msgspec.structs.replace(defect, crash=""), operation)
        try:
            cured = defect.place in parts and self._cured(defect, [parts[defect.place]])
            return cured and self._crashes(defect.steps[-1])
        except _UndecidedError:
            return False

    def _cured(self, defect: Defect, parts: Iterable[Part]) -> bool:
        return not self._crashes(without(defect.steps[-1], parts))

    def _crashes(self, step: StoredRequest) -> bool:
        if self.sent >= self._most or self._is_over():
            raise _UndecidedError
        self.sent += 1
        try:
            response = send_stored(with_new_key(step), self._client).response
        except (*UNSENDABLE, NotPermittedError):
            response = None
        if response is None:
            raise _UndecidedError
        return response.is_server_error


def _shown_without(defect: Defect, parts: Iterable[Part]) -> Defect:
    return msgspec.structs.replace(defect, steps=(*defect.steps[:-1], without(defect.steps[-1], parts)))


def at_place(defect: Defect, place: str) -> Defect:
    """Return a crash with its place, and its ids without one as aliases; unchanged for an empty place."""
    if not place:
        return defect
    status = defect.status or 500
    aliases = (defect.of_all, of_group(ITEM, crash_of(status, defect.operation)))
    cause = crash_of(status, defect.operation, place)
    return msgspec.structs.replace(defect, place=place, crash=f"in {place}", shared_cause=cause, aliases=aliases)
