"""HTTP archives: read, and written, in version 1.2 of http://www.softwareishard.com/blog/har-12-spec/."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec

from harness.cassettes.formats.interchange import Converted, Foreign, without_coding
from harness.errors import CassetteError


class _Named(msgspec.Struct):
    name: str
    value: str = ""


class _PostData(msgspec.Struct, rename="camel"):
    mime_type: str = ""
    text: str | None = None
    params: list[_Named] = []
    encoding: str = ""


class _HarRequest(msgspec.Struct, rename="camel"):
    method: str
    url: str
    headers: list[_Named] = []
    post_data: _PostData | None = None


class _Content(msgspec.Struct, rename="camel"):
    text: str | None = None
    encoding: str = ""


class _HarResponse(msgspec.Struct, rename="camel"):
    status: int
    status_text: str = ""
    headers: list[_Named] = []
    content: _Content = msgspec.field(default_factory=_Content)


class _Entry(msgspec.Struct, rename="camel"):
    request: _HarRequest
    response: _HarResponse
    started_date_time: str = ""
    time: float = -1


class _Log(msgspec.Struct):
    entries: list[_Entry]


class _Har(msgspec.Struct):
    log: _Log


def read_har(raw: bytes, place: str) -> Foreign:
    """Read an archive; raises `CassetteError` that names ``place`` and the key that does not fit."""
    try:
        entries = msgspec.json.decode(raw.removeprefix(b"\xef\xbb\xbf"), type=_Har).log.entries
    except (msgspec.DecodeError, RecursionError) as exc:
        what, _, at = str(exc).partition(" - at ")
        where = f"{at.strip('`')}: " if at else ""
        raise CassetteError(f"{place}: {where}{what}. It is no HTTP archive; export it again.") from None
    found = Foreign()
    for number, entry in enumerate(entries):
        if why := _why_not(entry):
            found.left_out.append(
                f"log.entries[{number}], {entry.request.method} {urlsplit(entry.request.url).path}: {why}"
            )
        else:
            found.exchanges.append(_exchange(entry, f"{place}: log.entries[{number}]"))
    return found


def _why_not(entry: _Entry) -> str:
    if entry.response.status == 0:
        return "it got no answer"
    if not entry.request.url.startswith(("http://", "https://")):
        return "it is not HTTP"
    return ""


def _exchange(entry: _Entry, place: str) -> Converted:
    content = entry.response.content
    return Converted(
        method=entry.request.method,
        uri=entry.request.url,
        request_headers=_headers(entry.request.headers),
        request_body=_posted(entry.request.post_data, place),
        status=entry.response.status,
        reason=entry.response.status_text,
        headers=without_coding(_headers(entry.response.headers)),
        body=_bytes(content.text or "", content.encoding, place),
        recorded_at=entry.started_date_time,
        latency_s=round(entry.time / 1000, 6) if entry.time >= 0 else None,
    )


def _headers(headers: list[_Named]) -> list[tuple[str, str]]:
    return [(h.name, h.value) for h in headers if not h.name.startswith(":")]  # HTTP/2 has its request line there


def _posted(data: _PostData | None, place: str) -> bytes:
    if data is None:
        return b""
    if data.text is None:
        return urlencode([(p.name, p.value) for p in data.params]).encode()
    return _bytes(data.text, data.encoding, place)


def _bytes(text: str, encoding: str, place: str) -> bytes:
    if encoding != "base64":
        return text.encode(errors="surrogatepass")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise CassetteError(f"{place}: its content says it is base64, and is not. Export the archive again.") from None


def har_text(exchanges: list[Converted], *, version: str) -> bytes:
    """Return an archive; ``version`` is the harness'."""
    log = {
        "version": "1.2",
        "creator": {"name": "readiness-harness", "version": version},
        "entries": [_entry(exchange) for exchange in exchanges],
    }
    return (json.dumps({"log": log}, indent=2, ensure_ascii=False) + "\n").encode()


def _entry(exchange: Converted) -> dict[str, Any]:
    took = round((exchange.latency_s or 0) * 1000, 3)
    media_type = next((v for k, v in exchange.headers if k.lower() == "content-type"), "application/octet-stream")
    posted = next((v for k, v in exchange.request_headers if k.lower() == "content-type"), "application/octet-stream")
    request: dict[str, Any] = {
        "method": exchange.method,
        "url": exchange.uri,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": [{"name": k, "value": v} for k, v in exchange.request_headers],
        "queryString": [
            {"name": k, "value": v} for k, v in parse_qsl(urlsplit(exchange.uri).query, keep_blank_values=True)
        ],
        "headersSize": -1,
        "bodySize": len(exchange.request_body),
    }
    if exchange.request_body:
        request["postData"] = {"mimeType": posted, **_text(exchange.request_body)}
    location = next((v for k, v in exchange.headers if k.lower() == "location"), "")
    return {
        "startedDateTime": exchange.recorded_at or dt.datetime.fromtimestamp(0, tz=dt.UTC).isoformat(),
        "time": took,
        "request": request,
        "response": {
            "status": exchange.status,
            "statusText": exchange.reason,
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": [{"name": k, "value": v} for k, v in exchange.headers],
            "content": {"size": len(exchange.body), "mimeType": media_type, **_text(exchange.body)},
            "redirectURL": location,
            "headersSize": -1,
            "bodySize": len(exchange.body),
        },
        "cache": {},
        "timings": {"send": 0, "wait": took, "receive": 0},
    }


def _text(body: bytes) -> dict[str, str]:
    try:
        return {"text": body.decode()}
    except UnicodeDecodeError:
        return {"text": base64.b64encode(body).decode(), "encoding": "base64"}
