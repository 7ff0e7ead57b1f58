"""Which format a file has, and how any of them is read and written."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

import msgspec

from harness.cassettes.formats.har import read_har
from harness.cassettes.formats.interchange import Foreign, read_cassette
from harness.cassettes.formats.vcr_report import TOP, read_report
from harness.cassettes.store.storage import bytes_of
from harness.core.files import write_atomically
from harness.core.json_or_yaml import begins_as_object
from harness.errors import CassetteError

_REPORT = re.compile(rb"(?m)^" + TOP.encode() + rb":")


def read_any(path: Path) -> Foreign:
    """Read a cassette, an HTTP archive, or a recording of Schemathesis, Ruby VCR or Betamax, recognised by its content.

    Raises `CassetteError` for a file that cannot be read, is too large, or has none of these formats.
    """
    raw = bytes_of(path)
    if begins_as_object(raw):
        keys = _keys(raw)
        if TOP in keys:
            return read_report(raw, str(path))
        return read_cassette(path) if "interactions" in keys else read_har(raw, str(path))
    if _REPORT.search(raw):
        return read_report(raw, str(path))
    return read_cassette(path)


def _keys(raw: bytes) -> Collection[str]:
    """Return the keys of a JSON object; none for what is not one."""
    try:
        return msgspec.json.decode(raw.removeprefix(b"\xef\xbb\xbf"), type=dict[str, msgspec.Raw]).keys()
    except (msgspec.DecodeError, RecursionError):
        return ()


def write_bytes(path: Path, content: bytes) -> None:
    """Replace a file once the new one is whole; raises `CassetteError`, with the old file as it was."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, content, durable=True)
    except OSError as exc:
        raise CassetteError(f"{path} could not be written: {exc.strerror}. Check space and permissions.") from None
