"""vcrpy's cassette with an index: a request is looked up, not searched for; same files, same answers.

Semantics are stock vcrpy's, held by a randomised differential test. A subclass uses what vcrpy does not document;
`vcr_names` lists it.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import Any

from vcr.errors import UnhandledHTTPRequestError
from vcr.record_mode import RecordMode
from vcr.request import Request

from harness.cassettes.play.request_index import RequestIndex
from harness.cassettes.store.vcr_names import Cassette, found_for, set_found


class IndexedCassette(Cassette):  # type: ignore[misc]  # vcrpy ships no types
    """A cassette that finds a recorded request by its key; matchers without one are asked within the key's bucket."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._index = RequestIndex(self._match_on)
        self._cursors: dict[Hashable, int] = {}

    def can_play_response_for(self, request: Request) -> Any:
        """Whether a recorded response is left; the match is stored on the request for `play_response`."""
        filtered = self._before_record_request(request)
        if not filtered:
            return filtered
        if self.record_mode == RecordMode.ALL or not (self.rewound or self.allow_playback_repeats):
            return False
        found = self._next(filtered)
        set_found(request, found)
        return found is not None

    def play_response(self, request: Request) -> Any:
        """Return the response of the next recording of ``request``, and mark it as played."""
        found = found_for(request)
        set_found(request, None)
        if found is None or (self.play_counts[found] and not self.allow_playback_repeats):
            filtered = self._before_record_request(request)
            found = self._next(filtered) if filtered else None
        if found is None:
            raise UnhandledHTTPRequestError(
                f"The cassette ({self._path!r}) doesn't contain the request ({request!r}) asked for"
            )
        if self.play_counts[found] == 0 and found < self._loaded_count:
            self._played_interactions.append(self.data[found])
        self.play_counts[found] += 1
        return self.data[found][1]

    def rewind(self) -> None:
        """Play everything again from the beginning."""
        super().rewind()
        self._cursors.clear()

    def _next(self, request: Request) -> int | None:
        """Return the index of the recording that a filtered request is to be answered with."""
        cursor, bucket = self._bucket(request)
        if self.allow_playback_repeats:
            return next(self._accepted(request, bucket), None)
        if cursor is None or self._index.others:
            return next((i for i in self._accepted(request, bucket) if not self.play_counts[i]), None)
        at = self._cursors.get(cursor, 0)
        while at < len(bucket) and self.play_counts[bucket[at]]:
            at += 1
        self._cursors[cursor] = at
        return bucket[at] if at < len(bucket) else None

    def _responses(self, request: Request) -> Iterator[tuple[int, Any]]:
        filtered = self._before_record_request(request)
        for i in self._accepted(filtered, self._bucket(filtered)[1]):
            yield i, self.data[i][1]

    def _accepted(self, request: Request, bucket: Sequence[int]) -> Iterator[int]:
        return self._index.accepted(request, bucket)

    def _bucket(self, request: Request) -> tuple[Hashable | None, Sequence[int]]:
        self._index_new()
        return self._index.bucket(request)

    def _index_new(self) -> None:
        for i in range(len(self._index), len(self.data)):
            self._index.add(self.data[i][0])

    def _rerecorded_interactions(self) -> list[Any]:
        if not self._index.by_key_alone:
            return list(super()._rerecorded_interactions())
        loaded, recorded = self.data[: self._loaded_count], self.data[self._loaded_count :]
        if self.drop_unused_requests:
            return list(recorded)
        again = {self._index.key(request) for request, _ in recorded}
        return [*(pair for pair in loaded if self._index.key(pair[0]) not in again), *recorded]

    def _new_interactions(self) -> list[Any]:
        if not self._index.by_key_alone:
            return list(super()._new_interactions())
        old = {self._index.key(request) for request, _ in self._old_interactions}
        return [pair for pair in self.data if self._index.key(pair[0]) not in old]
