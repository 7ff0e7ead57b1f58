"""Schemathesis' VCR reports (`st run --report vcr`): cassettes of another kind, with the outcome of every check."""

from __future__ import annotations

import base64
import binascii

import msgspec

from harness.cassettes.formats.interchange import Foreign, without_coding
from harness.cassettes.store.recording import Recording
from harness.core.yaml import UnreadableYamlError, has_alias, read_yaml
from harness.errors import CassetteError, misfit
from harness.http.message import Headers, Request, Response

TOP = "http_interactions"


class _ReportBody(msgspec.Struct):
    string: str | None = None
    base64_string: str | None = None


class _ReportRequest(msgspec.Struct):
    uri: str
    method: str
    headers: dict[str, list[str]] | None = None
    body: _ReportBody | None = None


class _ReportStatus(msgspec.Struct):
    code: int
    message: str | None = None


class _ReportResponse(msgspec.Struct):
    status: _ReportStatus
    elapsed: float | None = None
    headers: dict[str, list[str]] | None = None
    body: _ReportBody | None = None
    truncated_from: int | None = None


class _ReportInteraction(msgspec.Struct):
    request: _ReportRequest
    response: _ReportResponse | None = None
    recorded_at: str = ""


def read_report(raw: bytes, place: str) -> Foreign:
    """Read a report; raises `CassetteError` that names ``place`` and the line or key that does not fit."""
    try:
        if has_alias(raw):
            raise CassetteError(
                f"{place} contains a YAML alias, which reports never do and which can multiply. Write the report again."
            )
        document = read_yaml(raw)
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
        else:
            found.exchanges.append(_exchange(interaction, response, f"{place}: {name}"))
    return found


def _exchange(interaction: _ReportInteraction, response: _ReportResponse, place: str) -> Recording:
    sent, status = interaction.request, response.status
    headers, body = without_coding(_headers(response.headers)), _bytes(response.body, place)
    return Recording(
        request=Request(
            method=sent.method, url=sent.uri, headers=_headers(sent.headers), body=_bytes(sent.body, place)
        ),
        response=Response(status=status.code, reason=status.message or "", headers=headers, body=body),
        recorded_at=interaction.recorded_at,
        latency_s=response.elapsed,
    )


def _headers(headers: dict[str, list[str]] | None) -> Headers:
    return tuple((name, value) for name, values in (headers or {}).items() for value in values)


def _bytes(body: _ReportBody | None, place: str) -> bytes:
    if body is None:
        return b""
    if body.base64_string is None:
        return (body.string or "").encode(errors="surrogatepass")
    try:
        return base64.b64decode(body.base64_string, validate=True)
    except (binascii.Error, ValueError):
        raise CassetteError(f"{place}: `base64_string` is not base64. Write the report again.") from None
