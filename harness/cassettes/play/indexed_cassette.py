"""vcrpy's cassette with an index: a request is looked up, not searched for; same files, same answers.

Semantics are stock vcrpy's, held by a randomised differential test. The subclass relies on private names of vcrpy,
which is why its version is pinned.
"""

from __future__ import annotations

import functools
from collections.abc import Hashable, Iterator, Sequence
from typing import Any

from vcr.cassette import Cassette
from vcr.config import VCR
from vcr.errors import UnhandledHTTPRequestError
from vcr.persisters.filesystem import CassetteDecodeError, CassetteNotFoundError
from vcr.record_mode import RecordMode
from vcr.request import Request

from harness.cassettes.play.request_index import RequestIndex


class IndexedCassette(Cassette):  # type: ignore[misc]  # vcrpy ships no types
    """A cassette that finds a recorded request by its key; matchers without one are asked within the key's bucket."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._index = RequestIndex(self._match_on)
        self._cursors: dict[Hashable, int] = {}

    def _load(self) -> None:
        """Load what the persister holds; without filters nothing of it is copied."""
        filters = (self._before_record_request, self._before_record_response)
        if any(f is not _as_it_is for f in filters) or self._after_load_interaction:
            super()._load()
            return
        try:
            requests, responses, *metadata = self._persister.load_cassette(self._path, serializer=self._serializer)
        except CassetteNotFoundError:
            return
        except CassetteDecodeError:
            super()._load()  # says why it is taken for empty
            return
        self.data = list(zip(requests, responses, strict=True))
        self._old_interactions = list(self.data)
        self._loaded_count = len(self.data)
        self._metadata = metadata[0] if metadata else {}
        self.dirty, self.rewound = False, True

    def can_play_response_for(self, request: Request) -> Any:
        """Whether a recorded response is left; what was found is kept on the request for `play_response`."""
        filtered = self._before_record_request(request)
        if not filtered:
            return filtered
        if self.record_mode == RecordMode.ALL or not (self.rewound or self.allow_playback_repeats):
            return False
        request._found = self._next(filtered)  # noqa: SLF001
        return request._found is not None  # noqa: SLF001

    def play_response(self, request: Request) -> Any:
        """Return the response of the next recording of ``request``, and mark it as played."""
        found = getattr(request, "_found", None)
        request._found = None  # noqa: SLF001
        if found is None or (self.play_counts[found] and not self._may_repeat(found)):
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

    def _may_repeat(self, _index: int) -> bool:
        return bool(self.allow_playback_repeats)

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


def _as_it_is(message: Any) -> Any:
    return message


class IndexedVCR(VCR):  # type: ignore[misc]  # vcrpy ships no types
    """vcrpy's `VCR` whose cassettes are indexed; in pytest-recording, ``vcr.__class__ = IndexedVCR``."""

    def _use_cassette(self, with_current_defaults: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002 - vcrpy's
        if with_current_defaults:
            return IndexedCassette.use(**self.get_merged_config(**kwargs))
        return IndexedCassette.use_arg_getter(functools.partial(self.get_merged_config, **kwargs))

    def _build_before_record_request(self, options: Any) -> Any:
        if any(options.get(name, getattr(self, name, None)) for name in _REQUEST_FILTERS):
            return super()._build_before_record_request(options)
        return _as_it_is  # stock copies each request three times for a filter that does nothing

    def _build_before_record_response(self, options: Any) -> Any:
        if any(options.get(name, getattr(self, name, None)) for name in _RESPONSE_FILTERS):
            return super()._build_before_record_response(options)
        return _as_it_is


_REQUEST_FILTERS = (
    "before_record",
    "before_record_request",
    "filter_headers",
    "filter_post_data_parameters",
    "filter_query_parameters",
    "ignore_hosts",
    "ignore_localhost",
)
_RESPONSE_FILTERS = ("before_record_response", "decode_compressed_response")
