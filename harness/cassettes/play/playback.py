"""Recordings looked up by request: sequences that advance and then repeat their last, and counts of what happened."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from vcr.request import Request

from harness.cassettes.play.difference import shown
from harness.cassettes.play.matching import matchers_for
from harness.cassettes.play.mismatch import called, distance, request_differences, unmatched
from harness.cassettes.play.recorded_requests import RecordedRequests
from harness.cassettes.play.request_index import RequestIndex
from harness.cassettes.store.filters import request_filter
from harness.cassettes.store.recording import Recording
from harness.cassettes.store.storage import Storage
from harness.cassettes.store.vcr_messages import body_bytes, recordings, vcr_request
from harness.errors import CassetteError
from harness.model.config import Cassettes
from harness.secrets.redaction.redactor import Redactor

_NO_RECORDING = "No recording matches"
_OF_HOSTS = frozenset({"scheme", "host", "port"})
MAX_UNLIKE = 1
"""Segments of the path in which the nearest recording may differ: one, such as an id."""
_COMPARED = 1 << 20
"""Bytes of a body that is compared whatever is recorded."""
_LONGER = 4
"""How many times as long as the longest recorded body one is compared: spaces and escapes make JSON longer."""


class Counts(msgspec.Struct, kw_only=True):
    """What was asked of the recordings so far."""

    recordings: int
    served: int = 0
    nearest: int = 0
    """Of those served, how many were the nearest recording and not the very one."""
    unmatched: int = 0
    violations: int = 0
    """Requests that break the spec."""
    failed: int = 0
    """Requests that the harness itself could not answer."""
    unused: int = 0
    """Recordings that were never served."""


def load(paths: Sequence[Path]) -> list[Recording]:
    """Read cassettes; raises `CassetteError` for one that cannot be used, or is empty."""
    found = [recording for path in paths for recording in recordings(Storage().read(path), place=str(path))]
    if not found:
        raise CassetteError(f"{', '.join(map(str, paths))} contains no recording. Record some: harness record --help.")
    return found


class Playback:
    """Finds for each request the recording that answers it."""

    def __init__(
        self,
        recordings: Sequence[Recording],
        *,
        redactor: Redactor,
        nearest: bool = False,
        match_on: Sequence[str] = Cassettes().match_on,
    ) -> None:
        """With ``nearest``, what matches nothing is answered by the recording that differs least, if one is close.

        ``match_on`` is that of ``[cassettes]``; what it has of hosts is passed over, for the client calls this machine.
        """
        self.recordings = tuple(recordings)
        self._clean = request_filter(redactor)
        self._nearest = nearest
        compared = matchers_for([name for name in match_on if name not in _OF_HOSTS], provider=())
        self._recorded = RecordedRequests(RequestIndex(compared), redactor, any_secret=True)
        self._requests = [vcr_request(recording.request) for recording in self.recordings]
        for request in self._requests:
            self._recorded.add(request)
        self._compares_bodies = "body" in match_on
        self._longest = max((len(body_bytes(request)) for request in self._requests), default=0)
        self.rewind()

    def rewind(self) -> None:
        """Restart every sequence and every count."""
        self._served = [0] * len(self.recordings)
        self.counts = Counts(recordings=len(self.recordings), unused=len(self.recordings))

    def find(self, request: Request) -> tuple[list[int], str]:
        """Return the numbers of the recordings that answer ``request``, and how they differ from it, if they do.

        Where its secrets are others than those recorded, they still match.
        """
        if self.outgrows(body_bytes(request)):
            if self._compares_bodies:
                return [], ""
            request = _without_body(request)
        found = list(self._recorded.bucket(request)[1])
        if found or not self._nearest:
            return found, ""
        request = self._clean(request)
        closest = min(self._requests, key=lambda recorded: distance(request, recorded))
        if distance(request, closest)[0] > MAX_UNLIKE or closest.method != request.method:
            return [], ""
        lines = [f"{called(request)} is answered as {called(closest)}", *shown(_differences(closest, request), "    ")]
        return list(self._recorded.bucket(closest)[1]), "\n".join(lines)

    def serve(self, found: Sequence[int]) -> int:
        """Return the next of a sequence, or its last again."""
        served = self._served
        number = found[-1] if served[found[-1]] else next(n for n in found if not served[n])
        if not served[number]:
            self.counts.unused -= 1
        served[number] += 1
        self.counts.served += 1
        return number

    def outgrows(self, body: bytes) -> bool:
        """Whether a body is longer than any recording can explain: to parse and redact it takes ten times its size."""
        return len(body) > max(_COMPARED, _LONGER * self._longest)

    def miss(self, request: Request) -> dict[str, Any]:
        """Count a request without a recording; return the message for its client, without secrets."""
        self.counts.unmatched += 1
        size = len(body_bytes(request))
        if self.outgrows(body_bytes(request)):
            request = _without_body(request)
            if self._compares_bodies:
                asked = f"{called(self._clean(request))} with a body of {size:,} bytes"
                detail = f"{self.place} has no recording of {asked}; the longest one has {self._longest:,}."
                return {"title": _NO_RECORDING, "status": 501, "detail": detail, "closest": []}
        request = self._clean(request)
        recorded = self._requests
        close = sorted(range(len(recorded)), key=lambda n: distance(request, recorded[n]))[:3]
        return {
            "title": _NO_RECORDING,
            "status": 501,
            "detail": unmatched(request, recorded, times=0, place=self.place, again="harness record --help"),
            "closest": [
                {
                    "request": called(recorded[n]),
                    "cassette": self.recordings[n].place,
                    "differences": shown(_differences(recorded[n], request)),
                }
                for n in close
            ],
        }

    @property
    def place(self) -> str:
        """The files that are played."""
        return ", ".join(dict.fromkeys(recording.place for recording in self.recordings))

    def unused(self) -> list[str]:
        """Return method, path and query of the recordings that were never served."""
        return [called(request) for n, request in enumerate(self._requests) if not self._served[n]]


def _without_body(request: Request) -> Request:
    return Request(request.method, request.uri, b"", request.headers)


def _differences(recorded: Request, seen: Request) -> list[Any]:
    return [d for d in request_differences(recorded, seen) if d.path not in {"scheme", "host", "port"}]
