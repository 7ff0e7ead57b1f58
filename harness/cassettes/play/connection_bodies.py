"""Bodies of the clients that are built on `http.client` as the bytes that they send, before vcrpy sees them.

vcrpy joins pieces of bytes alone, encodes text in an encoding of its own, and passes a body of pieces on whole beside
a header that declares chunks.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from harness.cassettes.store.vcr_names import stubs


@contextmanager
def sent_bodies() -> Iterator[None]:
    """Let vcrpy's connections take a body as the bytes that the client's own connection would send."""
    kind = stubs.VCRConnection
    request, endheaders, send = kind.request, kind.endheaders, kind.send

    def requested(
        self: Any, method: str, url: str, body: Any = None, headers: Any = None, *args: Any, **options: Any
    ) -> Any:
        content = _content(self, body)
        framed = headers if content is body else _whole(self, headers)
        return request(self, method, url, content, framed, *args, **options)

    def headers_ended(self: Any, message_body: Any = None, **_: Any) -> Any:
        return endheaders(self, _content(self, message_body))

    def sent(self: Any, data: Any) -> Any:
        return send(self, _content(self, data))

    with ExitStack() as stack:
        for name, function in (("request", requested), ("endheaders", headers_ended), ("send", sent)):
            stack.enter_context(patch.object(kind, name, function))
        yield


def _content(connection: Any, body: Any) -> Any:
    """Return a body as bytes; what is no body is left to the client's own error."""
    if body is None or isinstance(body, bytes):
        return body
    encoding = "utf-8" if _is_urllib3(connection) and not _is_urllib3_1() else "latin-1"
    if hasattr(body, "read"):
        body = body.read()
    try:
        return _bytes(body, encoding)
    except TypeError:
        if isinstance(body, Iterable) and not isinstance(body, Mapping):
            return b"".join(_bytes(piece, encoding) for piece in body)
        return body


def _bytes(piece: Any, encoding: str) -> bytes:
    return piece.encode(encoding) if isinstance(piece, str) else bytes(memoryview(piece))


def _whole(connection: Any, headers: Any) -> Any:
    """Return the headers of a body that is sent whole; urllib3 makes the chunks that it declares itself."""
    if not headers or _is_urllib3(connection):
        return headers
    return {name: value for name, value in headers.items() if name.lower() != "transfer-encoding"}


def _is_urllib3_1() -> bool:
    """Whether text goes out as `http.client` encodes it."""
    return str(getattr(sys.modules.get("urllib3"), "__version__", "")).startswith("1.")


def _is_urllib3(connection: Any) -> bool:
    return hasattr(connection.real_connection, "request_chunked")
