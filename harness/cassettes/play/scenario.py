"""The cassette of one scenario, in one mode: what is played, sent and recorded."""

from __future__ import annotations

import enum
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from vcr.record_mode import RecordMode
from vcr.request import Request

from harness.cassettes.play.aiohttp_bodies import encoded_bodies
from harness.cassettes.play.client_headers import exact_headers
from harness.cassettes.play.connection_bodies import sent_bodies
from harness.cassettes.play.indexed_cassette import IndexedCassette
from harness.cassettes.play.matching import Matcher
from harness.cassettes.play.mismatch import called, unmatched
from harness.cassettes.play.passing_response import PassingResponse
from harness.cassettes.play.recorded_requests import Bucket, RecordedRequests
from harness.cassettes.play.streamed_aiohttp import streamed_aiohttp
from harness.cassettes.play.streamed_http_client import raising_blocks, streamed_http_client
from harness.cassettes.play.streamed_httpx import streamed_httpx
from harness.cassettes.store.filters import Redact, request_filter, response_filter
from harness.cassettes.store.metadata import Metadata
from harness.cassettes.store.storage import Storage
from harness.cassettes.store.vcr_messages import exchange_of, unpacked, whole_response, with_bytes
from harness.cassettes.store.vcr_names import CassettePatcherBuilder, found_for, set_found
from harness.errors import CassetteError
from harness.http.message import SAFE_METHODS, Exchange
from harness.secrets.redaction.redactor import Redactor


class CassetteMode(enum.StrEnum):
    """Where a scenario's responses come from, and what becomes of them."""

    REPLAY = "replay"
    """From the cassette; nothing is sent."""
    RECORD = "record"
    """From the cassette; what is missing there is sent, and added to it."""
    REWRITE = "rewrite"
    """Everything is sent, and replaces the cassette."""
    LIVE = "live"
    """Everything is sent; the cassette is left alone."""
    VERIFY = "verify"
    """Everything is sent, and held against the cassette."""


_RECORDING = (CassetteMode.RECORD, CassetteMode.REWRITE)


class ScenarioCassette(IndexedCassette):
    """vcrpy's cassette, indexed, that never sends in replay and records every response.

    A sequence recorded for one safe request is played in its order, and then its last response again, as polling
    requires. A writing request is played as often as it was recorded.
    """

    def __init__(
        self,
        path: Path,
        mode: CassetteMode,
        *,
        match_on: Sequence[Matcher],
        redact: Redact,
        guard: Callable[[str, str], None],
        again: str,
        place: str,
        stored: Path | None = None,
        cache: Path | None = None,
        key_names: Collection[str] = (),
    ) -> None:
        """``guard`` raises for method and URL of a call that may not be sent.

        ``again`` is the command that records the scenario again and ``place`` the name of the file, for messages; it is
        read from ``stored`` where that is another than ``path``, which is written. ``key_names`` see `Redactor`.
        Raises `CassetteError` for a file that is missing (in replay and verify) or cannot be used.
        """
        self.mode, self.place, self.stored = mode, place, stored or path
        self.exchanges: list[tuple[Request, dict[str, Any]]] = []
        """Every request with its response, as the clients saw them; one that is played repeatedly is listed once."""
        self.sent: list[str] = []  # URLs of the requests that were not played, but answered
        self.refused: list[str] = []  # messages for requests without a recording, also where a client hid the error
        self.passing: list[PassingResponse] = []  # what is on its way to a client
        self._redactor = Redactor(redact, key_names=key_names)
        self._clean, self._clean_response = request_filter(self._redactor), response_filter(self._redactor)
        self._guard, self._again, recording = guard, again, mode in _RECORDING
        super().__init__(
            path,
            persister=Storage(cache),
            match_on=tuple(match_on),
            record_mode=_VCR_MODES[mode],
            before_record_request=self._clean if recording else None,
            before_record_response=self._clean_response if recording else None,
            # Once more when it is written: a secret may have shown itself only after it stood in an earlier call.
            before_save_interaction=lambda request, response: (self._clean(request), self._clean_response(response)),
        )
        self._open()

    def _open(self) -> None:
        self._recorded = RecordedRequests(self._index, self._redactor, any_secret=False)
        if self.mode is CassetteMode.LIVE:
            return
        try:
            requests, responses, written = self._persister.load_cassette(str(self.stored), None)
        except FileNotFoundError:
            if self.mode in _RECORDING:
                return
            raise CassetteError(f"No recording: {self.place} does not exist. Record it with: {self._again}") from None
        self._metadata = written
        if self.mode is CassetteMode.REWRITE:
            return
        # What lies in the file was filtered when it was written, so it is not filtered again.
        self.data = list(zip(requests, map(unpacked, responses), strict=True))
        self._old_interactions = list(self.data)
        self._loaded_count = len(self.data)
        self.rewound = self.mode in (CassetteMode.REPLAY, CassetteMode.RECORD)
        self._index_new()

    @property
    def metadata(self) -> Metadata:
        """The metadata of the cassette when it was opened."""
        return Metadata.of(self._metadata)

    @property
    def unused(self) -> list[str]:
        """Method, path and query of the recordings that were not played."""
        return [called(request) for i, (request, _) in enumerate(self.data) if not self.play_counts[i]]

    def can_play_response_for(self, request: Request) -> bool:
        """Whether the response is played; raises for a call that is neither recorded nor may be sent."""
        if self.rewound:
            found = self._next(request)
            set_found(request, found)
            if found is not None:
                return True
        if self.mode is CassetteMode.REPLAY:
            raise self._refusal(request)
        self._guard(request.method, request.uri)
        return False

    def play_response(self, request: Request) -> Any:
        """Return the recorded response; raises `CassetteError` if there is none."""
        found = found_for(request)
        if found is None:
            found = self._next(request)
        if found is None:
            raise self._refusal(request)
        if not self.play_counts[found]:
            self.exchanges.append((request, self.data[found][1]))
        self.play_counts[found] += 1
        return self.data[found][1]

    def append(self, request: Request, response: dict[str, Any]) -> None:
        """Take what a client was answered."""
        request, response = with_bytes(request), whole_response(response)
        self.exchanges.append((request, response))
        self.sent.append(request.uri)
        if self.mode in _RECORDING:
            super().append(request, response)
            self.play_counts[len(self.data) - 1] += 1  # it is news, not to be played in this very run

    def settle(self) -> None:
        """Take what came of responses that have not ended and were not closed; the test is over."""
        for response in tuple(self.passing):
            response.finish(whole=False)

    def seen(self) -> Iterator[Exchange]:
        """Yield what was exchanged, each recording once however often it was played."""
        return (exchange_of(request, response) for request, response in self.exchanges)

    def cleaned(self, request: Request, response: dict[str, Any]) -> tuple[Request, dict[str, Any]]:
        """Return an exchange as it would be stored."""
        return self._clean(request), self._clean_response(response)

    def recordings_of(self, request: Request) -> list[int]:
        """Return the numbers of the recordings that match a request, played or not."""
        return list(self._bucket(with_bytes(request))[1])

    def save(self, metadata: Metadata) -> bool:
        """Write what was recorded, and return whether there was anything; raises `CassetteError`."""
        if self.mode not in _RECORDING or not self.dirty:
            return False
        self._metadata = metadata.over(self._metadata, keep_age=self._loaded_count > 0)
        self._save()
        return True

    @contextmanager
    def patched(self) -> Iterator[None]:
        """Let every HTTP client that vcrpy knows go through this cassette for the length of the block."""
        with ExitStack() as stack:
            for patcher in CassettePatcherBuilder(self).build():
                stack.enter_context(patcher)
            stack.enter_context(encoded_bodies())
            stack.enter_context(exact_headers())
            stack.enter_context(sent_bodies())
            stack.enter_context(raising_blocks())
            if self.mode is not CassetteMode.REPLAY:
                for streamed in (streamed_httpx, streamed_http_client, streamed_aiohttp):
                    stack.enter_context(streamed())
            yield

    def _next(self, request: Request) -> int | None:
        request = with_bytes(request)
        found = super()._next(request)
        if found is None and self.mode is CassetteMode.REPLAY and request.method in SAFE_METHODS:
            found = max(self._bucket(request)[1], default=None)
        return found

    def _bucket(self, request: Request) -> Bucket:
        self._index_new()
        return self._recorded.bucket(request)

    def _accepted(self, request: Request, bucket: Sequence[int]) -> Iterator[int]:  # noqa: ARG002 - all are
        return iter(bucket)

    def _index_new(self) -> None:
        for i in range(len(self._index), len(self.data)):
            self._recorded.add(self.data[i][0])

    def _refusal(self, request: Request) -> CassetteError:
        cleaned = self._clean(request)
        times = len(self.recordings_of(request))
        text = unmatched(cleaned, self.requests, times=times, place=self.place, again=self._again)
        self.refused.append(self._redactor.text(text))
        return CassetteError(self.refused[-1])


_VCR_MODES = {
    CassetteMode.REPLAY: RecordMode.NONE,
    CassetteMode.RECORD: RecordMode.NEW_EPISODES,
    CassetteMode.REWRITE: RecordMode.NEW_EPISODES,
    CassetteMode.LIVE: RecordMode.ALL,
    CassetteMode.VERIFY: RecordMode.ALL,
}
