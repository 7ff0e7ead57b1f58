"""Exchanges between formats: what is common to cassettes, HTTP archives and the reports of other tools."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from harness.cassettes.store.cassette_file import CassetteFile
from harness.cassettes.store.filters import request_filter, response_filter
from harness.cassettes.store.recording import KEY, Recording
from harness.cassettes.store.storage import Storage
from harness.cassettes.store.vcr_messages import (
    interaction_of,
    recordings,
    request_of,
    response_of,
    vcr_request,
    vcr_response,
)
from harness.errors import CassetteError
from harness.http.message import Headers
from harness.secrets.redaction.redactor import Redactor


class Foreign(msgspec.Struct, kw_only=True):
    """What a file of another format holds."""

    exchanges: list[Recording] = []
    left_out: list[str] = []
    """What could not be taken over, and why."""
    metadata: dict[str, Any] = {}
    """The metadata of a cassette."""


def without_coding(headers: Headers) -> Headers:
    """Return the headers of a body that its format holds unpacked."""
    dropped = {"content-encoding", "transfer-encoding", "content-length"}
    return tuple((name, value) for name, value in headers if name.lower() not in dropped)


def read_cassette(path: Path) -> Foreign:
    """Read a cassette; raises `CassetteError`."""
    document = Storage().read(path)
    found = [msgspec.structs.replace(r, place="") for r in recordings(document, place=str(path))]
    return Foreign(exchanges=found, metadata=document.metadata)


def redacted(exchanges: Iterable[Recording], redactor: Redactor, left_out: list[str]) -> list[Recording]:
    """Return exchanges without secrets; those whose bodies cannot be searched are added to ``left_out`` instead."""
    clean_request, clean_response = request_filter(redactor), response_filter(redactor)
    found = list(exchanges)
    # Twice, for a secret may show itself only after it stood in an earlier exchange.
    for _ in range(2):
        before, found = found, []
        for exchange in before:
            try:
                request = request_of(clean_request(vcr_request(exchange.request)))
                response = response_of(clean_response(vcr_response(exchange.response)))
            except CassetteError as exc:
                left_out.append(f"{exchange.request.method} {exchange.request.path}: {exc}")
            else:
                found.append(msgspec.structs.replace(exchange, request=request, response=response))
    return found


def write_cassette(path: Path, exchanges: Sequence[Recording], *, metadata: Mapping[str, Any]) -> None:
    """Write a cassette, replacing an existing one; raises `CassetteError` when that fails.

    ``metadata`` is stored, and completed with the time at which the exchanges were recorded.
    """
    interactions = [interaction_of(vcr_request(e.request), vcr_response(e.response)) for e in exchanges]
    times = sorted(e.recorded_at for e in exchanges if e.recorded_at)
    timings = msgspec.to_builtins([e.timing for e in exchanges])
    written = {**({"recorded_at": times[0]} if times else {}), **metadata, **({KEY: timings} if any(timings) else {})}
    Storage().write(path, CassetteFile(interactions, written), keep_others=False)
