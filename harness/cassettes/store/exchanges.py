"""What went through a cassette, or lies in one, as exchanges: words that rooms without vcrpy understand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from vcr.request import Request
from vcr.util import read_body

from harness.cassettes.store.cassette_file import CassetteFile
from harness.http.message import Exchange, Response
from harness.http.message import Request as HttpRequest


def exchange(request: Request, response: dict[str, Any]) -> Exchange:
    """Return one request with its response."""
    body = read_body(request)
    return Exchange(
        request=HttpRequest(
            method=request.method,
            url=request.uri,
            headers=tuple((name, _text(value)) for name, value in request.headers.items()),
            body=body if isinstance(body, bytes) else str(body or "").encode(),
        ),
        response=Response(
            status=response["status"]["code"],
            reason=response["status"].get("message") or "",
            headers=tuple((name, _text(v)) for name, values in response["headers"].items() for v in values),
            body=response["body"]["string"] or b"",
        ),
    )


def recorded_exchanges(document: CassetteFile) -> Iterator[Exchange]:
    """Yield what a cassette holds."""
    for interaction in document.interactions:
        yield exchange(Request._from_dict(interaction["request"]), interaction["response"])  # noqa: SLF001


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
