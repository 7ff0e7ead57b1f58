"""vcrpy's requests and responses as `http.message` has them, and back: the one place that reads vcrpy's bodies."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

from vcr.request import Request as VcrRequest

from harness.cassettes.store.cassette_file import CassetteFile, Interaction
from harness.cassettes.store.recording import Recording, stamped
from harness.cassettes.store.vcr_names import headers_from, join_chunks, raw_body, request_to, stored_headers
from harness.errors import CassetteError
from harness.http.codings import CodingError, decoded
from harness.http.content import coding_of
from harness.http.message import Exchange, Request, Response, header
from harness.http.parser import BadMessageError, ChunkDecoder

VcrResponse = dict[str, Any]

_CHUNKS = "transfer-encoding"
_CODING_CHARS = len("content-encoding")  # compared first: every recording that is opened comes by
_RESIZED = frozenset({"content-encoding", "content-length"})


def with_bytes(request: VcrRequest) -> VcrRequest:
    """Return a request of vcrpy whose body is one piece of bytes; an absent body is an empty one.

    Raises `CassetteError` for a body that cannot be written as bytes.
    """
    body, was_file, was_iter = raw_body(request)
    named = stored_headers(request)
    if type(body) is bytes and not (was_file or was_iter or _CHUNKS in named):
        return request
    headers = request.headers
    if isinstance(body, dict) and "content-type" not in named:  # of aiohttp's ``json=``, which vcrpy does not see named
        headers = {**headers, "Content-Type": "application/json"}
    return VcrRequest(request.method, request.uri, body_bytes(request), headers)


def body_bytes(request: VcrRequest) -> bytes:
    """Return the body of a request of vcrpy as it was sent, without the chunks of a connection (RFC 9112 section 7.1).

    Raises `CassetteError` for what cannot be written as bytes.
    """
    body, named = _body_bytes(request), stored_headers(request)
    if not body or _CHUNKS not in named or text(named[_CHUNKS][1]).lower() != "chunked":
        return body
    decoder, rest = ChunkDecoder(), bytearray(body)
    try:
        content = decoder.take(rest)
    except BadMessageError:
        return body
    return content if decoder.complete and not rest else body


def _body_bytes(request: VcrRequest) -> bytes:
    """Return the body of a request of vcrpy.

    Clients hand vcrpy bytes, text, files, iterators of chunks, and aiohttp the values of ``json=`` and ``data=``, which
    are in old cassettes too.
    """
    body, _, was_iter = raw_body(request)  # of a file or an iterator, what it held
    if body is None:
        return b""
    if isinstance(body, bytes | bytearray | memoryview):
        return bytes(body)
    if isinstance(body, str):
        return body.encode()
    try:
        if _is_form(request, body):
            return urlencode(body, doseq=True).encode()
        if was_iter or (isinstance(body, list) and _are_chunks(body)):
            joined: bytes = join_chunks(body)
            return joined
        return json.dumps(body).encode()
    except (TypeError, ValueError):
        raise CassetteError(
            f"The body of {request.method} {request.uri.partition('?')[0]} is of type {type(body).__name__}, which "
            "cannot be written as bytes. Send bytes, text, or what JSON can hold."
        ) from None


def _are_chunks(body: Iterable[Any]) -> bool:
    return all(isinstance(chunk, bytes | bytearray | memoryview) for chunk in body)


def _is_form(request: VcrRequest, body: Any) -> bool:
    """Whether a mapping, or pairs, were sent as a form: by the header, and by tuples, which JSON never has."""
    if "x-www-form-urlencoded" in str(request.headers.get("content-type", "")):
        return True
    return isinstance(body, list) and bool(body) and all(isinstance(pair, tuple) and len(pair) == 2 for pair in body)


def stored_request(stored: Mapping[str, Any]) -> VcrRequest:
    """Return the request of an interaction as a cassette holds it.

    Raises `CassetteError` for a body that cannot be written as bytes.
    """
    headers = headers_from(stored["headers"].items())
    return with_bytes(VcrRequest(stored["method"], stored["uri"], stored.get("body"), headers))


def stored_requests(document: CassetteFile, place: str) -> Iterator[VcrRequest]:
    """Yield the requests of a cassette; raises `CassetteError` that names ``place`` and the interaction."""
    for number, interaction in enumerate(document.interactions):
        try:
            yield stored_request(interaction["request"])
        except CassetteError as exc:
            raise CassetteError(f"{place}: interactions[{number}]: {exc}") from None


def whole_response(response: VcrResponse) -> VcrResponse:
    """Return a response in vcrpy's form whose body is bytes, where a client left it out or gave text."""
    content = response["body"].get("string")
    if type(content) is bytes:
        return response
    raw = content.encode() if isinstance(content, str) else bytes(content or b"")
    return {**response, "body": {**response["body"], "string": raw}}


def request_of(request: VcrRequest) -> Request:
    """Return a request of vcrpy."""
    headers = tuple((name, text(value)) for name, value in request.headers.items())
    return Request(method=request.method, url=request.uri, headers=headers, body=body_bytes(request))


def response_of(response: VcrResponse) -> Response:
    """Return a response in vcrpy's form, encoded as its headers declare, as it was sent."""
    headers = [(n, text(v)) for n, vs in response["headers"].items() for v in (vs if _many(vs) else (vs,))]
    return Response(
        status=response["status"]["code"],
        reason=response["status"].get("message") or "",
        headers=tuple(headers),
        body=whole_response(response)["body"]["string"],
    )


def plain(response: Response) -> Response:
    """Return a response without its content coding, whether its body was packed or a client had unpacked it already.

    One without a body keeps its headers, which are about the body that HEAD leaves out (RFC 9110 section 9.3.2).
    Raises `CodingError` for a coding that cannot be undone.
    """
    coding = coding_of(response.headers)
    if not (coding and response.body):
        return response
    content, _ = decoded(response.body, coding)
    headers = tuple((name, value) for name, value in response.headers if name.lower() not in _RESIZED)
    length = (("content-length", str(len(content))),) if header(response.headers, "content-length") else ()
    return Response(status=response.status, reason=response.reason, headers=(*headers, *length), body=content)


def unpacked(response: VcrResponse) -> VcrResponse:
    """Return a response in vcrpy's form as clients can take it, of which only some unpack what they are given.

    What cannot be unpacked is left as it is.
    """
    for name in response["headers"]:
        if len(name) == _CODING_CHARS and name.lower() == "content-encoding":
            with suppress(CodingError):
                return {**response, **vcr_response(plain(response_of(response)))}
    return response


def received(response: VcrResponse) -> Response:
    """Return a response as a client saw it: decoded if possible, and then without Content-Encoding."""
    found = response_of(response)
    with suppress(CodingError):
        return plain(found)
    return found


def exchange_of(request: VcrRequest, response: VcrResponse) -> Exchange:
    """Return one request with its response, as a client saw them."""
    return Exchange(request=request_of(request), response=received(response))


def recorded_exchanges(document: CassetteFile, *, place: str) -> Iterator[Exchange]:
    """Yield what a cassette holds; ``place`` is the file. Raises `CassetteError`."""
    for request, interaction in zip(stored_requests(document, place), document.interactions, strict=True):
        yield exchange_of(request, interaction["response"])


def recordings(document: CassetteFile, *, place: str = "") -> Iterator[Recording]:
    """Yield what a cassette holds as it is stored, with its times; ``place`` is the file. Raises `CassetteError`."""
    timings = stamped(document.metadata, len(document.interactions))
    oldest = str(document.metadata.get("recorded_at") or "")
    requests = stored_requests(document, place)
    for request, interaction, timing in zip(requests, document.interactions, timings, strict=True):
        yield Recording(
            request=request_of(request),
            response=response_of(interaction["response"]),
            recorded_at=timing.recorded_at if timing else oldest,
            latency_s=timing.latency_s if timing else None,
            place=place,
        )


def interaction_of(request: VcrRequest, response: VcrResponse) -> Interaction:
    """Return an exchange of vcrpy as a cassette holds it."""
    return {"request": request_to(request), "response": response}  # as vcrpy itself writes it


def vcr_request(request: Request) -> VcrRequest:
    """Return a request for vcrpy, which has each header once: one that is repeated is joined (RFC 9110 section 5.3)."""
    joined: dict[str, str] = {}
    for name, value in request.headers:
        joined[name] = f"{joined[name]}, {value}" if name in joined else value
    return VcrRequest(request.method, request.url, request.body, joined)


def vcr_response(response: Response) -> VcrResponse:
    """Return a response in vcrpy's form."""
    headers: dict[str, list[str]] = {}
    for name, value in response.headers:
        headers.setdefault(name, []).append(value)
    return {
        "status": {"code": response.status, "message": response.reason},
        "headers": headers,
        "body": {"string": response.body},
    }


def _many(values: Any) -> bool:
    return isinstance(values, list | tuple)


def text(value: Any) -> str:
    """Return the value of a header, which some clients have as bytes or numbers, and YAML as null."""
    if value is None:
        return ""
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
