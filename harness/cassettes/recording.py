"""Record and play back through vcrpy: redacted before anything is kept, and never half-written."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import vcr
import yaml
from vcr.errors import CannotOverwriteExistingCassetteException
from vcr.persisters.filesystem import CassetteNotFoundError
from vcr.record_mode import RecordMode
from vcr.serialize import deserialize, serialize

from harness.cassettes.filters import Redact, request_filter, response_filter
from harness.cassettes.redaction import Redactor
from harness.errors import CassetteError

MATCH_ON = ("method", "path", "query", "body")


@contextmanager
def open_cassette(path: Path, *, record: bool, redact: Redact, again: str) -> Iterator[Any]:
    """Play ``path`` back, or with ``record`` add to it what it does not hold yet.

    ``again`` is the command that records it, for messages. Nothing is written when the block raises.
    Raises `CassetteError` for a missing or unreadable file, and for a call it does not hold.
    """
    if not record and not path.is_file():
        raise CassetteError(f"No recording: {path} does not exist. Record it with: {again}")
    redactor = Redactor(redact)
    clean_request, clean_response = request_filter(redactor), response_filter(redactor)
    recorder = vcr.VCR(
        record_mode=RecordMode.NEW_EPISODES if record else RecordMode.NONE,
        match_on=MATCH_ON,
        record_on_exception=False,
        before_record_request=clean_request,
        before_record_response=clean_response,
        # Once more when it is written: a secret may have shown itself only after it stood in an earlier call.
        before_save_interaction=lambda request, response: (clean_request(request), clean_response(response)),
    )
    recorder.register_persister(_AtomicPersister)
    try:
        with recorder.use_cassette(str(path)) as cassette:
            yield cassette
    except CannotOverwriteExistingCassetteException as exc:
        raise CassetteError(redactor.text(_unmatched(exc, path, again))) from None


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
