"""HTTP archives: read, and written, in version 1.2 of http://www.softwareishard.com/blog/har-12-spec/."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec

from harness.cassettes.formats.interchange import Foreign, without_coding
from harness.cassettes.store.recording import Recording
from harness.errors import CassetteError, misfit
from harness.http.codings import CodingError, decoded
from harness.http.content import coding_of
from harness.http.message import Headers, Request, Response, header, is_json, media_parameter, media_type


class _Named(msgspec.Struct):
    name: str
    value: str = ""


class _Param(msgspec.Struct, rename="camel"):
    name: str
    value: str | None = None
    file_name: str | None = None
    content_type: str = ""


class _PostData(msgspec.Struct, rename="camel"):
    mime_type: str = ""
    text: str | None = None
    params: list[_Param] = []
    encoding: str = ""


class _HarRequest(msgspec.Struct, rename="camel"):
    method: str
    url: str
    headers: list[_Named] = []
    post_data: _PostData | None = None


class _Content(msgspec.Struct, rename="camel"):
    size: int = 0
    mime_type: str = ""
    text: str | None = None
    encoding: str = ""


class _HarResponse(msgspec.Struct, rename="camel"):
    status: int
    status_text: str = ""
    headers: list[_Named] = []
    content: _Content = msgspec.field(default_factory=_Content)


class _Entry(msgspec.Struct, rename="camel"):
    request: _HarRequest
    response: _HarResponse | None = None
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
        what, at = misfit(exc)
        where = f"{at}: " if at else ""
        raise CassetteError(f"{place}: {where}{what}. It is not an HTTP archive; export it again.") from None
    found = Foreign()
    for number, entry in enumerate(entries):
        try:
            found.exchanges.append(_exchange(entry, f"{place}: log.entries[{number}]"))
        except _LeftOutError as exc:
            path = entry.request.url.partition("?")[0].partition("://")[2].partition("/")[2]
            found.left_out.append(f"log.entries[{number}], {entry.request.method} /{path}: {exc}")
    return found


class _LeftOutError(Exception):
    """One entry cannot become a recording; the text is the reason."""


def _exchange(entry: _Entry, place: str) -> Recording:
    request, response = entry.request, entry.response
    if response is None or response.status == 0:
        raise _LeftOutError("it has no response")
    if not request.url.startswith(("http://", "https://")):
        raise _LeftOutError("it is not HTTP")
    try:
        _ = urlsplit(request.url).port
    except ValueError as exc:
        raise _LeftOutError(f"its URL cannot be read ({exc})") from None
    content = response.content
    if content.text is None and content.size > 0 and request.method != "HEAD":
        raise _LeftOutError(f"the {content.size} bytes of its response are not in the archive")
    sent, received = _headers(request.headers), _headers(response.headers)
    body = _bytes(content.text or "", content.encoding, header(received, "content-type") or content.mime_type, place)
    posted = _posted(request.post_data, header(sent, "content-type"), place)
    return Recording(
        request=Request(method=request.method, url=request.url, headers=sent, body=posted),
        response=Response(
            status=response.status,
            reason=response.status_text,
            headers=without_coding(received),
            body=_unpacked(body, coding_of(received)),
        ),
        recorded_at=entry.started_date_time,
        latency_s=round(entry.time / 1000, 6) if entry.time >= 0 else None,
    )


def _unpacked(body: bytes, coding: str) -> bytes:
    """Return a content, which an archive holds unpacked, as the format has it, or as it came, as some exporters do."""
    try:
        return decoded(body, coding)[0]
    except CodingError:
        return body


def _headers(headers: list[_Named]) -> Headers:
    return tuple((h.name, h.value) for h in headers if not h.name.startswith(":"))  # HTTP/2: its request line


def _posted(data: _PostData | None, content_type: str, place: str) -> bytes:
    if data is None:
        return b""
    kind = content_type or data.mime_type
    if data.text or not data.params:
        return _bytes(data.text or "", data.encoding, kind, place)
    if media_type(kind).startswith("multipart/"):
        return _multipart(data.params, kind)
    return urlencode([(p.name, p.value or "") for p in data.params]).encode()


def _multipart(params: list[_Param], kind: str) -> bytes:
    """Return parameters as the parts of a form (RFC 7578), between the boundary that the Content-Type names."""
    boundary = media_parameter(kind, "boundary")
    if not boundary:
        raise _LeftOutError("the Content-Type of its parts names no boundary")
    parts = []
    for param in params:
        if param.value is None and param.file_name is not None:
            raise _LeftOutError(f"the content of its file {param.name!r} is not in the archive")
        head = f'Content-Disposition: form-data; name="{_quoted(param.name)}"'
        head += f'; filename="{_quoted(param.file_name)}"' if param.file_name is not None else ""
        head += f"\r\nContent-Type: {param.content_type}" if param.content_type else ""
        parts.append(f"--{boundary}\r\n{head}\r\n\r\n{param.value or ''}\r\n")
    return ("".join(parts) + f"--{boundary}--\r\n").encode(errors="surrogatepass")


def _quoted(name: str) -> str:
    """Return a name as browsers write it (https://html.spec.whatwg.org/#multipart-form-data)."""
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def _bytes(text: str, encoding: str, content_type: str, place: str) -> bytes:
    """Return a text as bytes: in the charset of its Content-Type, which its readers go by, else in UTF-8."""
    if encoding == "base64":
        try:
            return base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            raise CassetteError(
                f"{place}: its content is declared as base64 but is not. Export the archive again."
            ) from None
    charset = media_parameter(content_type, "charset")
    if not charset or is_json(content_type):  # RFC 8259 section 8.1: JSON is UTF-8
        return text.encode(errors="surrogatepass")
    try:
        return text.encode(charset)
    except (LookupError, UnicodeError):
        raise _LeftOutError(f"its text cannot be written in {charset}, the charset of its Content-Type") from None


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
