"""A cache of parsed cassettes beside the target, named by their content: reading YAML is what takes the time."""

from __future__ import annotations

import contextlib
import hashlib
import zlib
from pathlib import Path

import msgspec

from harness.cassettes.store.cassette_file import CassetteFile
from harness.core.files import write_atomically

FOLDER = Path(".harness") / "cassettes"
"""Where the cache lies, below the folder of harness.toml; it can be removed at any time."""
MAX_FILES = 1000
_MAGIC = b"harness cassette cache 3\n"
_DIGEST_BYTES = 16
_CHECKSUM_BYTES = 4
_IGNORED_BY_GIT = "# Made by the harness; can be removed at any time.\n*\n"


class Sidecar:
    """Parsed cassettes by the digest of their bytes.

    An entry that is corrupt, foreign, or cannot be read or written is ignored. Concurrent writers are safe: each
    writes a separate file and moves it into place, and all write the same content.
    """

    def __init__(self, folder: Path) -> None:
        """``folder`` is made when the first entry is written."""
        self._folder = folder

    def get(self, raw: bytes) -> CassetteFile | None:
        """Return the document that ``raw`` was parsed to before, None where that is not known for sure."""
        try:
            entry = self._path(raw).read_bytes()
        except OSError:
            return None
        head = len(_MAGIC) + _CHECKSUM_BYTES
        payload = memoryview(entry)[head:]
        if entry[:head] != _MAGIC + _checksum(payload):
            return None
        try:
            return msgspec.msgpack.decode(payload, type=CassetteFile)
        except msgspec.MsgspecError:
            return None

    def put(self, raw: bytes, document: CassetteFile) -> None:
        """Store ``document`` for ``raw``, unless it does not survive the round trip exactly."""
        try:
            payload = msgspec.msgpack.encode(document)
            if b"!!python/" in raw or msgspec.msgpack.decode(payload, type=CassetteFile) != document:
                return
        except (msgspec.MsgspecError, TypeError, ValueError, RecursionError, OverflowError):
            return
        path = self._path(raw)
        with contextlib.suppress(OSError):  # a cache that cannot be written only costs time
            self._make_room()
            write_atomically(path, _MAGIC + _checksum(payload) + payload)

    def _make_room(self) -> None:
        if not self._folder.is_dir():
            self._folder.mkdir(parents=True, exist_ok=True)
            (self._folder / ".gitignore").write_text(_IGNORED_BY_GIT, encoding="utf-8")
        entries = list(self._folder.glob("*.msgpack"))
        if len(entries) >= MAX_FILES:
            for entry in sorted(entries, key=lambda e: e.stat().st_mtime)[: MAX_FILES // 2]:
                entry.unlink(missing_ok=True)

    def _path(self, raw: bytes) -> Path:
        return self._folder / f"{_digest(raw).hex()}.msgpack"


def _checksum(payload: bytes | memoryview) -> bytes:
    """Return the CRC-32 of an entry, which finds one that was damaged in a fifth of a digest's time."""
    return zlib.crc32(payload).to_bytes(_CHECKSUM_BYTES)


def _digest(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=_DIGEST_BYTES).digest()
