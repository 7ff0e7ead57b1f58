"""HTTP archives: read, and written, in version 1.2 of http://www.softwareishard.com/blog/har-12-spec/."""

from __future__ import annotations

import base64
import datetime as dt
import json
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec

from harness.cassettes.formats.har_bodies import (
    LeftOutError,
    MalformedEntryError,
    PostData,
    posted_bytes,
    text_bytes,
    unpacked_content,
)
from harness.cassettes.formats.interchange import Foreign, without_coding
from harness.cassettes.store.recording import Recording
from harness.errors import CassetteError, misfit
from harness.http.content import coding_of
from harness.http.message import Headers, Request, Response, header

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_UNSENDABLE = re.compile(r"[\s\x00-\x1f\x7f]")


class _Named(msgspec.Struct):
    name: str
    value: str | None = None


class _HarRequest(msgspec.Struct, rename="camel"):
    method: str
    url: str
    headers: list[_Named] | None = None
    post_data: PostData | None = None


class _Content(msgspec.Struct, rename="camel"):
    size: float | None = None
    mime_type: str | None = None
    text: str | None = None
    encoding: str | None = None


class _HarResponse(msgspec.Struct, rename="camel"):
    status: int | None = None
    status_text: str | None = None
    headers: list[_Named] | None = None
    content: _Content | None = None


class _Entry(msgspec.Struct, rename="camel"):
    request: _HarRequest
    response: _HarResponse | None = None
    started_date_time: str | None = None
    time: float | None = None


class _Log(msgspec.Struct):
    entries: list[msgspec.Raw]


class _Har(msgspec.Struct):
    log: _Log


def read_har(raw: bytes, place: str) -> Foreign:
    """Read an archive; entries that cannot become recordings are left out, with the reason.

    Raises `CassetteError` that names ``place`` and the key that does not fit, for what is no archive, or has none but
    malformed entries.
    """
    try:
        entries = msgspec.json.decode(raw.removeprefix(b"\xef\xbb\xbf"), type=_Har).log.entries
    except (msgspec.DecodeError, RecursionError) as exc:
        what, at = misfit(exc)
        where = f"{at}: " if at else ""
        raise CassetteError(f"{place}: {where}{what}. It is not an HTTP archive; export it again.") from None
    found = Foreign()
    malformed = []
    for number, entry in enumerate(entries):
        try:
            found.exchanges.append(_read(entry))
        except LeftOutError as exc:
            found.left_out.append(f"log.entries[{number}], {exc.call}{exc}")
        except MalformedEntryError as exc:
            found.left_out.append(f"log.entries[{number}]{exc}")
            malformed.append(f"{place}: {exc.root}log.entries[{number}]{exc}. {exc.fix}")
    if malformed and len(malformed) == len(entries):
        raise CassetteError(malformed[0])
    return found


def _read(raw: msgspec.Raw) -> Recording:
    try:
        entry = msgspec.json.decode(raw, type=_Entry, strict=False)
    except (msgspec.DecodeError, RecursionError) as exc:
        what, at = misfit(exc)
        raise MalformedEntryError(f"{at.removeprefix('$')}: {what}") from None
    try:
        return _exchange(entry)
    except LeftOutError as exc:
        path = entry.request.url.partition("?")[0].partition("://")[2].partition("/")[2]
        exc.call = f"{entry.request.method} /{path}: "
        raise


def _exchange(entry: _Entry) -> Recording:
    request, response = entry.request, entry.response
    if response is None or not response.status or response.status < 0:
        raise LeftOutError("it has no response")
    if not 200 <= response.status <= 999:
        raise LeftOutError(f"its status {response.status} is not that of a response")
    url = _url(request)
    content = response.content or _Content()
    if content.text is None and (content.size or 0) > 0 and request.method != "HEAD":
        raise LeftOutError(f"the {content.size:.0f} bytes of its response are not in the archive")
    sent, received = _headers(request.headers), _headers(response.headers)
    kind = header(received, "content-type") or content.mime_type or ""
    body = text_bytes(content.text or "", content.encoding or "", kind)
    posted = posted_bytes(request.post_data, header(sent, "content-type"))
    return Recording(
        request=Request(method=request.method, url=url, headers=sent, body=posted),
        response=Response(
            status=response.status,
            reason=response.status_text or "",
            headers=without_coding(received),
            body=unpacked_content(body, coding_of(received)),
        ),
        recorded_at=entry.started_date_time or "",
        latency_s=round(entry.time / 1000, 6) if entry.time is not None and entry.time >= 0 else None,
    )


def _url(request: _HarRequest) -> str:
    """Return the URL that was requested, without a fragment, which is not sent (RFC 9110 section 4.2.5)."""
    if not _TOKEN.fullmatch(request.method):
        raise LeftOutError(f"its method {request.method!r} is not one")
    if not request.url.lower().startswith(("http://", "https://")):
        raise LeftOutError("it is not HTTP")
    try:
        parts = urlsplit(request.url)
        _ = parts.port
    except ValueError as exc:
        raise LeftOutError(f"its URL cannot be read ({exc})") from None
    if not parts.hostname or _UNSENDABLE.search(request.url):
        raise LeftOutError("its URL cannot be read (" + ("no host" if not parts.hostname else "a space in it") + ")")
    return request.url.partition("#")[0]


def _headers(headers: list[_Named] | None) -> Headers:
    """Return the fields of a message; a browser joins those that are repeated with line breaks."""
    found = []
    for field in headers or ():
        if field.name.startswith(":"):  # HTTP/2: its request line
            continue
        if not _TOKEN.fullmatch(field.name):
            raise LeftOutError(f"its header {field.name!r} has no valid name")
        found += [(field.name, value.strip()) for value in (field.value or "").replace("\0", "").split("\n")]
    return tuple(found)


def har_text(exchanges: list[Recording], *, version: str) -> bytes:
    """Return an archive; ``version`` is the harness'."""
    log = {
        "version": "1.2",
        "creator": {"name": "readiness-harness", "version": version},
        "entries": [_entry(exchange) for exchange in exchanges],
    }
    return (json.dumps({"log": log}, indent=2, ensure_ascii=False) + "\n").encode()


def _entry(exchange: Recording) -> dict[str, Any]:
    took = round((exchange.latency_s or 0) * 1000, 3)
    sent, received = exchange.request, exchange.response
    request: dict[str, Any] = {
        "method": sent.method,
        "url": sent.url,
        **_common(sent),
        "queryString": _named(parse_qsl(urlsplit(sent.url).query, keep_blank_values=True)),
    }
    if sent.body:
        request["postData"] = _text(sent)
    return {
        "startedDateTime": exchange.recorded_at or dt.datetime.fromtimestamp(0, tz=dt.UTC).isoformat(),
        "time": took,
        "request": request,
        "response": {
            "status": received.status,
            "statusText": received.reason,
            **_common(received),
            "content": {"size": len(received.body), **_text(received)},
            "redirectURL": received.header("location"),
        },
        "cache": {},
        "timings": {"send": 0, "wait": took, "receive": 0},
    }


def _common(message: Request | Response) -> dict[str, Any]:
    headers = _named(message.headers)
    size = {"headersSize": -1, "bodySize": len(message.body)}
    return {"httpVersion": "HTTP/1.1", "cookies": [], "headers": headers, **size}


def _named(pairs: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]


def _text(message: Request | Response) -> dict[str, str]:
    kind = {"mimeType": message.header("content-type") or "application/octet-stream"}
    try:
        return {**kind, "text": message.body.decode()}
    except UnicodeDecodeError:
        return {**kind, "text": base64.b64encode(message.body).decode(), "encoding": "base64"}
