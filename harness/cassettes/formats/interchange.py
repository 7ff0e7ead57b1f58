"""Exchanges between formats: what is common to cassettes, HTTP archives and the reports of other tools."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec
from vcr.request import Request as VcrRequest

from harness.cassettes.store.cassette_file import CassetteFile
from harness.cassettes.store.filters import request_filter, response_filter
from harness.cassettes.store.storage import Storage
from harness.cassettes.store.timings import KEY, Timing, stamped
from harness.cassettes.store.vcr_messages import (
    VcrResponse,
    request_of,
    response_of,
    stored_request,
    vcr_request,
    vcr_response,
)
from harness.http.message import Request, Response
from harness.secrets.redaction.redactor import Redactor


class Converted(msgspec.Struct, kw_only=True):
    """One exchange on its way from one format to another."""

    method: str
    uri: str
    request_headers: list[tuple[str, str]]
    request_body: bytes
    status: int
    reason: str
    headers: list[tuple[str, str]]
    """Of the response, in order, repeated ones apart."""
    body: bytes
    recorded_at: str = ""
    """RFC 3339; empty where it is not known."""
    latency_s: float | None = None


class Foreign(msgspec.Struct, kw_only=True):
    """What a file of another format holds."""

    exchanges: list[Converted] = []
    left_out: list[str] = []
    """What could not be taken over, and why."""
    metadata: dict[str, Any] = {}
    """What a cassette says of itself."""


def without_coding(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the headers of a body that its format holds unpacked."""
    return [(k, v) for k, v in headers if k.lower() not in {"content-encoding", "transfer-encoding", "content-length"}]


def read_cassette(path: Path) -> Foreign:
    """Read a cassette; raises `CassetteError`."""
    document = Storage().read(path)
    timings = stamped(document.metadata, len(document.interactions))
    found = Foreign(metadata=document.metadata)
    for interaction, timing in zip(document.interactions, timings, strict=True):
        request = request_of(stored_request(interaction["request"]))
        response = response_of(interaction["response"])
        found.exchanges.append(
            Converted(
                method=request.method,
                uri=request.url,
                request_headers=list(request.headers),
                request_body=request.body,
                status=response.status,
                reason=response.reason,
                headers=list(response.headers),
                body=response.body,
                recorded_at=timing.recorded_at if timing else str(document.metadata.get("recorded_at") or ""),
                latency_s=timing.latency_s if timing else None,
            )
        )
    return found


def redacted(exchanges: Iterable[Converted], redactor: Redactor) -> list[Converted]:
    """Return exchanges without secrets; raises `CassetteError` for a body that cannot be searched."""
    documents = [_interaction(exchange) for exchange in exchanges]
    clean_request, clean_response = request_filter(redactor), response_filter(redactor)
    found = []
    # Twice, for a secret may show itself only after it stood in an earlier exchange.
    for _ in range(2):
        found = [(clean_request(request), clean_response(response)) for request, response in documents]
        documents = found
    return [_converted(exchange, *pair) for exchange, pair in zip(exchanges, found, strict=True)]


def _interaction(exchange: Converted) -> tuple[VcrRequest, VcrResponse]:
    sent, received = tuple(exchange.request_headers), tuple(exchange.headers)
    request = Request(method=exchange.method, url=exchange.uri, headers=sent, body=exchange.request_body)
    response = Response(status=exchange.status, reason=exchange.reason, headers=received, body=exchange.body)
    return vcr_request(request), vcr_response(response)


def _converted(exchange: Converted, request: VcrRequest, response: VcrResponse) -> Converted:
    sent, received = request_of(request), response_of(response)
    return msgspec.structs.replace(
        exchange,
        uri=sent.url,
        request_headers=list(sent.headers),
        request_body=sent.body,
        headers=list(received.headers),
        body=received.body,
    )


def write_cassette(path: Path, exchanges: Iterable[Converted], *, metadata: Mapping[str, Any]) -> None:
    """Write a cassette in place of whatever is there; raises `CassetteError` when that fails.

    ``metadata`` is kept, and completed by when the exchanges were recorded.
    """
    exchanges = list(exchanges)
    interactions = []
    for exchange in exchanges:
        request, response = _interaction(exchange)
        interactions.append({"request": request._to_dict(), "response": response})  # noqa: SLF001
    times = sorted(e.recorded_at for e in exchanges if e.recorded_at)
    timings = [
        Timing(recorded_at=e.recorded_at, latency_s=e.latency_s).written() if e.latency_s is not None else None
        for e in exchanges
    ]
    written = {**({"recorded_at": times[0]} if times else {}), **metadata, **({KEY: timings} if any(timings) else {})}
    Storage().write(path, CassetteFile(interactions, written), keep_others=False)
