"""The bytes of a cassette → its document: checked whole before anything in it is used, refused with file and place."""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import msgspec

from harness.cassettes.store.vcr_names import CassetteLoader, decode_response
from harness.core.cutting import cut
from harness.core.json_or_yaml import read_json_or_yaml
from harness.core.yaml import YamlAliasError, YamlDepthError, YamlSyntaxError, YamlTagError
from harness.errors import CassetteError, misfit, one_line
from harness.http.codings import CodingError, decoded
from harness.http.content import coding_of

MAX_BYTES = 64 * 1024 * 1024
"""Maximum size of a cassette, which is read into memory; one that people review is a thousand times smaller."""
MAX_DEPTH = 5_000
"""Maximum levels of nesting."""
AGAIN = "Delete it and record again, or restore it from version control."

Interaction = dict[str, Any]

_FOREIGN = {
    "http_interactions": "It is a Schemathesis or Ruby VCR report; convert it: harness convert --help.",
    "log": "It is an HTTP archive (HAR); convert it: harness convert --help.",
    "Interactions": "It is a go-vcr recording, which the harness does not read.",
}


class _VcrRequest(msgspec.Struct):
    method: str
    uri: str
    headers: dict[str, Any]
    body: Any = None


class _VcrStatus(msgspec.Struct):
    code: int
    message: str | None = None


class _VcrBody(msgspec.Struct):
    string: Any


class _VcrResponse(msgspec.Struct):
    headers: dict[str, list[Any]]
    status: _VcrStatus
    body: _VcrBody


class _VcrInteraction(msgspec.Struct):
    request: _VcrRequest
    response: _VcrResponse


class CassetteFile(msgspec.Struct):
    """A cassette as it is read: vcrpy's interactions, with bodies as bytes, and what is written beside them."""

    interactions: list[Interaction]
    metadata: dict[str, Any] = {}


def parse(raw: bytes, place: str) -> CassetteFile:
    """Return the document in ``raw``, a cassette in vcrpy's YAML.

    Raises `CassetteError` that names ``place``, and line or key, for one that is empty, cut short, huge, no text,
    hostile (tags that build objects, aliases that multiply, nesting without end), or of another format.
    """
    _check_bytes(raw, place)
    document = _read(raw, place)
    _check_format(document, place)
    for interaction in document["interactions"]:
        _modernise(interaction)
    try:
        msgspec.convert(document["interactions"], list[_VcrInteraction])
    except msgspec.ValidationError as exc:
        what, at = misfit(exc)
        where = at.replace("$", "interactions", 1)
        raise CassetteError(f"{place}: {where}: {what}. This is not vcrpy's format. {AGAIN}") from None
    for number, interaction in enumerate(document["interactions"]):
        _check_request(interaction["request"], f"{place}: interactions[{number}].request")
        answer = interaction["response"]["body"]
        if isinstance(answer["string"], str):
            answer["string"] = answer["string"].encode(errors="replace")
        elif not isinstance(body := answer["string"], bytes | None):
            where = f"interactions[{number}].response.body.string"
            raise CassetteError(f"{place}: {where}: Expected text, got {type(body).__name__}. {AGAIN}")
        _drop_untrue_coding(interaction["response"])
        body = interaction["request"].get("body")
        if isinstance(body, str):
            interaction["request"]["body"] = body.encode(errors="replace")
    metadata = document.get("metadata")
    return CassetteFile(document["interactions"], metadata if isinstance(metadata, dict) else {})


def _check_request(request: dict[str, Any], where: str) -> None:
    try:
        _ = urlsplit(request["uri"]).port
    except ValueError as exc:
        raise CassetteError(f"{where}.uri cannot be read: {one_line(exc)}. {AGAIN}") from None
    if [] in request["headers"].values():
        request["headers"] = {name: values for name, values in request["headers"].items() if values != []}


def check_length(length: int, place: str) -> None:
    """Raise `CassetteError` for a file of more than `MAX_BYTES` bytes."""
    if length > MAX_BYTES:
        raise CassetteError(
            f"{place} has {length / 2**20:,.0f} MiB; cassettes of at most {MAX_BYTES / 2**20:.0f} MiB are read. "
            "Give each scenario its own cassette, or ask the API for smaller pages."
        )


def _check_bytes(raw: bytes, place: str) -> None:
    if not raw.strip():
        raise CassetteError(f"{place} is empty. {AGAIN}")
    check_length(len(raw), place)
    if raw[:2] == b"\x1f\x8b":
        raise CassetteError(f"{place} is packed by gzip. Unpack it first: gunzip {place}")
    if b"\0" in raw[:4096]:
        raise CassetteError(f"{place} contains binary data, not the text of a cassette. {AGAIN}")


def _read(raw: bytes, place: str) -> Any:
    """Read a cassette as vcrpy does: JSON, or YAML 1.1 with the bodies of older cassettes that its own tags hold."""
    try:
        return read_json_or_yaml(raw, loader=CassetteLoader, max_depth=MAX_DEPTH)
    except YamlTagError as exc:
        raise CassetteError(
            f"{place}, line {exc.line or '?'}: a YAML tag that builds an object was refused and not executed "
            f"({exc.problem}). Find out where the file comes from. {AGAIN}"
        ) from None
    except YamlDepthError as exc:
        raise CassetteError(f"{place}, line {exc.line}: nested too deeply. {AGAIN}") from None
    except RecursionError:
        raise CassetteError(f"{place}: nested too deeply. {AGAIN}") from None
    except YamlAliasError:
        raise CassetteError(f"{place}: its YAML aliases expand to more than a cassette can contain. {AGAIN}") from None
    except YamlSyntaxError as exc:
        if exc.line is None:
            raise CassetteError(f"{place} is not a cassette: {cut(str(exc), 200)}. {AGAIN}") from None
        raise CassetteError(
            f"{place}, line {exc.line}: not valid YAML ({exc.problem}); was it cut short or merged by hand? {AGAIN}"
        ) from None


def _check_format(document: Any, place: str) -> None:
    if isinstance(document, dict):
        hint = next((said for key, said in _FOREIGN.items() if key in document), "")
        if hint:
            raise CassetteError(f"{place} has another format: it has the key `{next(iter(document))}`. {hint}")
    if not isinstance(document, dict) or not isinstance(document.get("interactions"), list):
        raise CassetteError(f"{place} is not in vcrpy's format: it has no list `interactions` at the top. {AGAIN}")
    if "version" not in document:  # vcrpy writes it last
        raise CassetteError(
            f"{place} breaks off after interaction {len(document['interactions'])}: the last line of a cassette, "
            f"`version: 1`, is missing. {AGAIN}"
        )


def _modernise(interaction: Any) -> None:
    """Bring what vcrpy before 4.2 wrote for httpx into the form of all other clients, and give headers their lists.

    vcrpy reads both alike; a header that a filter of the test wrote has no list.
    """
    response = interaction.get("response") if isinstance(interaction, dict) else None
    if not isinstance(response, dict):
        return
    if "status_code" in response and "content" in response:
        content = response.pop("content")
        response["status"] = {"code": response.pop("status_code"), "message": None}
        response["body"] = {"string": content.encode() if isinstance(content, str) else content}
        interaction["response"] = decode_response(response)
    headers = interaction["response"].get("headers")
    if isinstance(headers, dict):
        interaction["response"]["headers"] = {n: [v] if isinstance(v, str) else v for n, v in headers.items()}


def _drop_untrue_coding(response: dict[str, Any]) -> None:
    """Remove a Content-Encoding that the body does not have: many clients decode it but leave the header."""
    headers, body = response["headers"], response["body"]["string"]
    coding = coding_of((name, str(value)) for name, values in headers.items() for value in values)
    if coding and body:
        with suppress(CodingError):  # packed for sure, in whatever way
            if decoded(body, coding)[0] == body:
                response["headers"] = {name: v for name, v in headers.items() if name.lower() != "content-encoding"}
