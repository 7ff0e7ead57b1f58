"""Recordings below the key `http_interactions`: Schemathesis' reports, and what Ruby VCR and Betamax write."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec

from harness.cassettes.formats.har_bodies import unpacked_content
from harness.cassettes.formats.interchange import Foreign, without_coding
from harness.cassettes.store.recording import Recording
from harness.core.dates import as_rfc3339
from harness.core.json_or_yaml import begins_as_object, read_json_or_yaml
from harness.core.yaml import CoreLoader, UnreadableYamlError, has_alias
from harness.errors import CassetteError, misfit
from harness.http.content import coding_of
from harness.http.message import Headers, Request, Response

TOP = "http_interactions"


class _Loader(CoreLoader):
    """Reads Ruby's tag for bytes too."""


def _binary(loader: Any, node: Any) -> bytes:
    content: bytes = loader.construct_yaml_binary(node)
    return content


_Loader.add_constructor("!binary", _binary)
_Headers = dict[str, list[str] | str]


class _ReportBody(msgspec.Struct):
    string: Any = None
    base64_string: str | None = None


class _ReportRequest(msgspec.Struct):
    uri: str
    method: str
    headers: _Headers | None = None
    body: _ReportBody | str | None = None


class _ReportStatus(msgspec.Struct):
    code: int
    message: str | None = None


class _ReportResponse(msgspec.Struct):
    status: _ReportStatus | None = None
    status_code: int | None = None
    """In place of ``status``, before Betamax 0.3."""
    elapsed: float | None = None
    headers: _Headers | None = None
    body: _ReportBody | str | None = None
    truncated_from: int | None = None


class _ReportInteraction(msgspec.Struct):
    request: _ReportRequest
    response: _ReportResponse | None = None
    recorded_at: str = ""


def read_report(raw: bytes, place: str) -> Foreign:
    """Read a report; raises `CassetteError` that names ``place`` and the line or key that does not fit."""
    try:
        if not begins_as_object(raw) and has_alias(raw):
            raise CassetteError(
                f"{place} contains a YAML alias, which reports never do and which can multiply. Write the report again."
            )
        document = read_json_or_yaml(raw, loader=_Loader)
    except UnreadableYamlError as exc:
        raise CassetteError(f"{place} is not YAML: {exc}. It may be cut short; write the report again.") from None
    try:
        interactions = msgspec.convert(document[TOP] or [], list[_ReportInteraction], strict=False)
    except msgspec.ValidationError as exc:
        what, at = misfit(exc)
        where = at.replace("$", TOP, 1)
        raise CassetteError(f"{place}: {where}: {what}. It is not a report of Schemathesis; write it again.") from None
    found = Foreign()
    for number, interaction in enumerate(interactions):
        response = interaction.response
        name = f"{TOP}[{number}], {interaction.request.method}"
        if response is None:
            found.left_out.append(f"{name}: it has no response")
        elif response.truncated_from is not None:
            found.left_out.append(f"{name}: its body was cut off in the report")
        elif response.status is None and response.status_code is None:
            found.left_out.append(f"{name}: its response has no status")
        else:
            found.exchanges.append(_exchange(interaction, response, f"{place}: {name}"))
    return found


def _exchange(interaction: _ReportInteraction, response: _ReportResponse, place: str) -> Recording:
    sent, status = interaction.request, response.status or _ReportStatus(code=response.status_code or 0)
    received = _headers(response.headers)
    content = unpacked_content(_bytes(response.body, place), coding_of(received))
    return Recording(
        request=Request(
            method=sent.method.upper(), url=sent.uri, headers=_headers(sent.headers), body=_bytes(sent.body, place)
        ),
        response=Response(
            status=status.code, reason=status.message or "", headers=without_coding(received), body=content
        ),
        recorded_at=_moment(interaction.recorded_at),
        latency_s=response.elapsed,
    )


def _headers(headers: _Headers | None) -> Headers:
    named = (headers or {}).items()
    return tuple((name, v) for name, values in named for v in ([values] if isinstance(values, str) else values))


def _moment(written: str) -> str:
    """Return a date of RFC 3339; Ruby VCR writes that of RFC 9110 section 5.6.7."""
    try:
        return as_rfc3339(parsedate_to_datetime(written).astimezone(dt.UTC), "seconds")
    except ValueError:
        return written


def _bytes(body: _ReportBody | str | None, place: str) -> bytes:
    if body is None:
        return b""
    if isinstance(body, str):  # older versions
        return body.encode(errors="surrogatepass")
    if body.base64_string is None:
        text = body.string or ""
        return text if isinstance(text, bytes) else str(text).encode(errors="surrogatepass")
    try:
        return base64.b64decode(body.base64_string, validate=True)
    except (binascii.Error, ValueError):
        raise CassetteError(f"{place}: `base64_string` is not base64. Write the report again.") from None
