"""Record and play back through vcrpy: redacted before anything is kept, and never half-written."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import vcr
import yaml
from vcr.errors import CannotOverwriteExistingCassetteException
from vcr.persisters.filesystem import CassetteNotFoundError
from vcr.record_mode import RecordMode
from vcr.serialize import deserialize, serialize

from harness.errors import CassetteError

Redact = Callable[[str], str]

# Headers whose values are credentials or change with every call; they are kept out of the file and out of matching.
_DROPPED = ("authorization", "cookie", "proxy-authorization", "set-cookie", "x-api-key", "date", "host", "server")
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
MATCH_ON = ("method", "path", "query", "body")


@contextmanager
def open_cassette(path: Path, *, record: bool, redact: Redact, again: str) -> Iterator[Any]:
    """Play ``path`` back, or with ``record`` add to it what it does not hold yet.

    ``again`` is the command that records it, for messages. Nothing is written when the block raises.
    Raises `CassetteError` for a missing or unreadable file, and for a call it does not hold.
    """
    if not record and not path.is_file():
        raise CassetteError(f"No recording: {path} does not exist. Record it with: {again}")
    recorder = vcr.VCR(
        record_mode=RecordMode.NEW_EPISODES if record else RecordMode.NONE,
        match_on=MATCH_ON,
        decode_compressed_response=True,
        record_on_exception=False,
        before_record_request=_request_filter(redact),
        before_record_response=_response_filter(redact),
    )
    recorder.register_persister(_AtomicPersister)
    try:
        with recorder.use_cassette(str(path)) as cassette:
            yield cassette
    except CannotOverwriteExistingCassetteException as exc:
        raise CassetteError(redact(_unmatched(exc, path, again))) from None


def _request_filter(redact: Redact) -> Callable[[Any], Any]:
    def clean(request: Any) -> Any:
        request.headers = {k: v for k, v in request.headers.items() if k.lower() not in _DROPPED}
        request.uri = redact(_without_port(request.uri))
        request.body = _redacted(request.body, redact)
        return request

    return clean


def _response_filter(redact: Redact) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def clean(response: dict[str, Any]) -> dict[str, Any]:
        headers = {k: v for k, v in response["headers"].items() if k.lower() not in _DROPPED}
        body = {**response["body"], "string": _redacted(response["body"]["string"], redact)}
        return {**response, "headers": headers, "body": body}

    return clean


def _redacted(body: Any, redact: Redact) -> Any:
    if isinstance(body, str):
        return redact(body)
    if isinstance(body, bytes):
        try:
            text = body.decode()
        except UnicodeDecodeError:
            return body  # the scan at the end of the run looks into binary bodies
        return redact(text).encode()
    return body


def _without_port(uri: str) -> str:
    """Drop the port of a loopback address: it is chosen anew in every run."""
    parts = urlsplit(uri)
    if parts.hostname not in _LOOPBACK:
        return uri
    return urlunsplit(parts._replace(netloc=parts.hostname))


def _unmatched(exc: Any, path: Path, again: str) -> str:
    request = exc.failed_request
    recorded = [f"{r.method} {urlsplit(r.uri).path}" for r, *_ in getattr(exc, "similar_requests", ()) or ()][:3]
    closest = f" The closest recorded: {', '.join(recorded)}." if recorded else ""
    called = f"{request.method} {urlsplit(request.uri).path}"
    return f"{path} holds no recording (left) of {called}.{closest} If the scenario changed, record it: {again}"


class _AtomicPersister:
    """Reads with clear errors, and replaces the file only once the new one is whole."""

    @staticmethod
    def load_cassette(cassette_path: str, serializer: Any) -> Any:
        path = Path(cassette_path)
        if not path.is_file():
            raise CassetteNotFoundError
        try:
            return deserialize(path.read_text(encoding="utf-8"), serializer)
        except (UnicodeDecodeError, ValueError, KeyError, TypeError, yaml.YAMLError) as exc:
            raise CassetteError(
                f"{path} is not a cassette in vcrpy's format: {exc}. Delete it and record again."
            ) from exc

    @staticmethod
    def save_cassette(cassette_path: str, cassette_dict: dict[str, Any], serializer: Any) -> None:
        path = Path(cassette_path)
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(serialize(cassette_dict, serializer))
            Path(temporary).chmod(0o644)  # a cassette is meant to be committed; mkstemp makes it private
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink()
            raise
