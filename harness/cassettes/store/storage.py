"""Cassettes on disk: read with clear errors, replaced only by a whole new file, and never at another writer's cost."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import yaml
from vcr.persisters.filesystem import CassetteNotFoundError

from harness.cassettes.store.cassette_file import CassetteFile, Interaction, check_length, parse
from harness.cassettes.store.parse_cache import Sidecar
from harness.cassettes.store.vcr_messages import interaction_of, stored_requests
from harness.cassettes.store.vcr_names import CASSETTE_FORMAT_VERSION, CassetteDumper, as_unicode, headers_from
from harness.core.files import write_atomically
from harness.core.foreign_files import read_file
from harness.errors import CassetteError

_ONE_LINE = 2**30  # folding a JSON body at column 80 makes it hard to search and to review


class Storage:
    """Reads and writes cassettes; a persister in vcrpy's sense, for one cassette at a time."""

    def __init__(self, cache: Path | None = None) -> None:
        """``cache`` is the folder of the `Sidecar`; without it every cassette is parsed from its YAML."""
        self._sidecar = Sidecar(cache) if cache else None
        self._loaded: bytes | None = None

    def read(self, path: Path) -> CassetteFile:
        """Return a cassette; raises `CassetteError` for one that is missing or cannot be used."""
        return self._parsed(bytes_of(path), path)

    def _parsed(self, raw: bytes, path: Path) -> CassetteFile:
        document = self._sidecar.get(raw) if self._sidecar else None
        if document is None:
            document = parse(raw, str(path))
            if self._sidecar:
                self._sidecar.put(raw, document)
        return document

    def write(self, path: Path, document: CassetteFile, *, keep_others: bool = True) -> None:
        """Replace the cassette at ``path``; ``keep_others`` preserves what others added to it since `load_cassette`.

        Raises `CassetteError` when it cannot be written; the old file is then as it was.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with _only_writer(path.parent):
                whole = self._merged(path, document) if keep_others else document
                own = _text(document)
                write_atomically(path, own if whole is document else _text(whole), durable=True)
            self._loaded = own
        except OSError as exc:
            old = "The old recording is unchanged." if path.exists() else "Nothing was written."
            raise CassetteError(
                f"{path} could not be written: {exc.strerror}. {old} Check space and permissions, and record again."
            ) from None

    def load_cassette(self, cassette_path: str, serializer: Any) -> Any:  # noqa: ARG002 - vcrpy's signature
        """Return requests, responses and metadata, as vcrpy asks for them."""
        path = Path(cassette_path)
        if not path.exists():
            raise CassetteNotFoundError
        self._loaded = bytes_of(path)
        document = self._parsed(self._loaded, path)
        requests = list(stored_requests(document, cassette_path))
        return requests, [i["response"] for i in document.interactions], document.metadata

    def save_cassette(self, cassette_path: str, cassette_dict: dict[str, Any], serializer: Any) -> None:  # noqa: ARG002
        """Write what vcrpy holds."""
        pairs = zip(cassette_dict["requests"], cassette_dict["responses"], strict=True)
        document = CassetteFile([interaction_of(*pair) for pair in pairs], cassette_dict.get("metadata") or {})
        self.write(Path(cassette_path), document)

    def _merged(self, path: Path, document: CassetteFile) -> CassetteFile:
        """Add what another writer put into the file since it was read here."""
        raw = bytes_of(path) if path.exists() else None
        if raw is None or raw == self._loaded:
            return document
        try:
            on_disk = self._parsed(raw, path).interactions
            before = self._parsed(self._loaded, path).interactions if self._loaded else []
        except CassetteError:
            return document  # what cannot be read holds nothing to keep; only a rewriting session gets here
        known = Counter(map(_identity, before)) | Counter(map(_identity, document.interactions))
        theirs = []
        for interaction in on_disk:
            name = _identity(interaction)
            if known[name] > 0:
                known[name] -= 1
            else:
                theirs.append(interaction)
        return CassetteFile([*document.interactions, *theirs], document.metadata)


def bytes_of(path: Path) -> bytes:
    """Return what a file holds; raises `CassetteError` for one that cannot be read, or is too large."""
    try:
        check_length(path.stat().st_size, str(path))
        return read_file(path)
    except OSError as exc:
        raise CassetteError(f"{path} cannot be read: {exc.strerror}.") from None


def _identity(interaction: Interaction) -> bytes:
    """Return what two equal interactions share, however they came into memory."""
    headers = headers_from(interaction["request"]["headers"].items())
    whole = ({**interaction["request"], "headers": dict(headers)}, interaction["response"])
    return msgspec.json.encode(whole, order="sorted", enc_hook=repr)


def _text(document: CassetteFile) -> bytes:
    data: dict[str, Any] = {
        "version": CASSETTE_FORMAT_VERSION,
        "interactions": [
            {
                "request": as_unicode(dict(i["request"])),
                "response": as_unicode({**i["response"], "body": dict(i["response"]["body"])}),
            }
            for i in document.interactions
        ],
    }
    if document.metadata:
        data["metadata"] = document.metadata
    return yaml.dump(data, Dumper=CassetteDumper, width=_ONE_LINE).encode()


@contextlib.contextmanager
def _only_writer(folder: Path) -> Iterator[None]:
    """Hold the folder against other writers; the files in it come and go, so none of them can be held."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
