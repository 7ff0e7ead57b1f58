"""Bodies of HTTP archives, as bytes, and what keeps an entry from becoming a recording."""

from __future__ import annotations

import base64
import binascii
import codecs
import json
from contextlib import suppress
from urllib.parse import urlencode

import msgspec

from harness.http.codings import CodingError, decoded
from harness.http.message import is_json, media_parameter, media_type


class MalformedEntryError(Exception):
    """One entry does not have the form of an archive's; the text is where, and what is wrong."""

    root = "$."
    """What stands before the place of the entry in a message."""
    fix = "It is not an HTTP archive; export it again."


class LeftOutError(Exception):
    """One entry cannot become a recording; the text is the reason."""

    call = ""
    """Method and path, for the message."""


class NoBase64Error(MalformedEntryError):
    """A content is declared as base64 and is not."""

    root = ""
    fix = "Export the archive again."


class _Param(msgspec.Struct, rename="camel"):
    name: str
    value: str | None = None
    file_name: str | None = None
    content_type: str | None = None


class PostData(msgspec.Struct, rename="camel"):
    """The body of a request: as a text, or as the parameters of a form."""

    mime_type: str | None = None
    text: str | None = None
    params: list[_Param] | None = None
    encoding: str | None = None


def unpacked_content(body: bytes, coding: str) -> bytes:
    """Return a content, which an archive holds unpacked, as the format has it, or as it came, as some exporters do."""
    try:
        return decoded(body, coding)[0]
    except CodingError:
        return body


def posted_bytes(data: PostData | None, content_type: str) -> bytes:
    """Return the body of a request; raises `LeftOutError` or `MalformedEntryError`."""
    if data is None:
        return b""
    kind = content_type or data.mime_type or ""
    if data.text or not data.params:
        return text_bytes(data.text or "", data.encoding or "", kind)
    if media_type(kind).startswith("multipart/"):
        boundary = media_parameter(kind, "boundary") or media_parameter(data.mime_type or "", "boundary")
        return _multipart(data.params, boundary)
    return urlencode([(p.name, p.value or "") for p in data.params]).encode()


def _multipart(params: list[_Param], boundary: str) -> bytes:
    """Return parameters as the parts of a form (RFC 7578), between the boundary that the Content-Type names."""
    if not boundary:
        raise LeftOutError("the Content-Type of its parts names no boundary")
    parts = []
    for param in params:
        if param.value is None and param.file_name is not None:
            raise LeftOutError(f"the content of its file {param.name!r} is not in the archive")
        head = f'Content-Disposition: form-data; name="{_quoted(param.name)}"'
        head += f'; filename="{_quoted(param.file_name)}"' if param.file_name is not None else ""
        head += f"\r\nContent-Type: {param.content_type}" if param.content_type else ""
        parts.append(f"--{boundary}\r\n{head}\r\n\r\n{param.value or ''}\r\n")
    return ("".join(parts) + f"--{boundary}--\r\n").encode(errors="surrogatepass")


def _quoted(name: str) -> str:
    """Return a name as browsers write it (https://html.spec.whatwg.org/#multipart-form-data)."""
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def text_bytes(text: str, encoding: str, content_type: str) -> bytes:
    """Return a text as bytes: in the charset of its Content-Type, which its readers go by, else in UTF-8."""
    if encoding.lower() == "base64":
        try:
            return b"".join(base64.b64decode(piece, validate=True) for piece in _pieces(text))
        except (binascii.Error, ValueError):
            raise NoBase64Error(": its content is declared as base64 but is not") from None
    charset = media_parameter(content_type, "charset")
    if not charset or is_json(content_type):  # RFC 8259 section 8.1: JSON is UTF-8
        return text.encode(errors="surrogatepass")
    with suppress(LookupError, UnicodeError):
        return text.encode(charset)
    with suppress(LookupError, UnicodeError):
        if codecs.lookup(charset).name in {"ascii", "iso8859-1"}:  # https://encoding.spec.whatwg.org/#names-and-labels
            return text.encode("cp1252")
    raise LeftOutError(f"its text cannot be written in {charset}, the charset of its Content-Type")


def _pieces(text: str) -> list[str]:
    """Return what is in base64: all of it, or each text of a list, as Polly.JS writes packed bodies."""
    pieces = json.loads(text) if text.startswith("[") else [text]
    return pieces if all(isinstance(piece, str) for piece in pieces) else [text]
