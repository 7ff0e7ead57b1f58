"""What a recording proxy has seen, on its way into a cassette: redacted at once, and written again and again."""

from __future__ import annotations

import datetime as dt
import threading
from pathlib import Path

import msgspec

from harness.cassettes.store.cassette_file import CassetteFile
from harness.cassettes.store.filters import request_filter, response_filter
from harness.cassettes.store.recording import KEY, Timing, stamped
from harness.cassettes.store.storage import Storage
from harness.cassettes.store.vcr_messages import interaction_of, stored_request, vcr_request, vcr_response
from harness.core.dates import as_rfc3339
from harness.errors import CassetteError
from harness.http.message import Request, Response
from harness.secrets.redaction.redactor import Redactor


class Recorder:
    """What was recorded in this session, and the cassette it goes into."""

    def __init__(self, path: Path, *, redactor: Redactor, append: bool) -> None:
        """``append`` adds to what the cassette holds. Raises `CassetteError` for one that cannot be used."""
        self.path = path
        self._storage = Storage()
        self._clean_request, self._clean_response = request_filter(redactor), response_filter(redactor)
        self._document = self._opened(append=append)
        self._timings = stamped(self._document.metadata, len(self._document.interactions))
        self._lock = threading.Lock()
        self._written = -1
        self._began = as_rfc3339(dt.datetime.now(tz=dt.UTC), "milliseconds")
        self.recorded = 0
        self.refused: list[str] = []
        """Why exchanges were not recorded."""

    def _opened(self, *, append: bool) -> CassetteFile:
        if not self.path.exists():
            return CassetteFile([], {})
        try:
            self._storage.load_cassette(str(self.path), None)  # what is there now is not another writer's
        except CassetteError:
            if append:
                raise
        return self._storage.read(self.path) if append else CassetteFile([], {})

    def add(  # an `ExchangeSink`
        self,
        request: Request,
        response: Response,
        *,
        began: dt.datetime,
        start: float,  # noqa: ARG002
        latency_s: float,
    ) -> None:
        """Record one exchange; raises `CassetteError` where it cannot be searched for secrets."""
        with self._lock:
            clean = self._clean_request(vcr_request(request)), self._clean_response(vcr_response(response))
            self._document.interactions.append(interaction_of(*clean))
            self._timings.append(Timing(recorded_at=as_rfc3339(began, "milliseconds"), latency_s=round(latency_s, 4)))
            self.recorded += 1

    def write(self) -> None:
        """Write what is new, once more searched for secrets that showed themselves late; raises `CassetteError`."""
        with self._lock:
            if self._written == self.recorded:
                return
            self._document.interactions = [
                interaction_of(self._clean_request(stored_request(i["request"])), self._clean_response(i["response"]))
                for i in self._document.interactions
            ]
            first = {"recorded_at": self._began} if self.recorded else {}
            self._document.metadata = {**first, **self._document.metadata, KEY: msgspec.to_builtins(self._timings)}
            self._storage.write(self.path, self._document)
            self._written = self.recorded
