"""The cache of parsed cassettes: it saves time, and nothing else depends on it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.cassettes.store import parse_cache
from harness.cassettes.store.cassette_file import CassetteFile
from harness.cassettes.store.parse_cache import Sidecar
from harness.cassettes.store.storage import Storage
from harness.errors import CassetteError

from .conftest import interaction, write


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / ".harness" / "cassettes"


def entry(cache: Path) -> Path:
    (found,) = cache.glob("*.msgpack")
    return found


def refuse(*_args: Any) -> Any:
    raise CassetteError("parsed again")


def test_a_cassette_is_parsed_once(path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second reading comes from the cache and is equal to the first; the cache hides itself from git."""
    write(path, [interaction("POST", "/a", {"n": 1.5}, body={"b": [None, True]})], recorded_at="2026-11-25")
    first = Storage(cache).read(path)
    monkeypatch.setattr("harness.cassettes.store.storage.parse", refuse)

    assert Storage(cache).read(path) == first
    assert (cache / ".gitignore").read_text().splitlines()[-1] == "*"


def test_a_changed_cassette_is_parsed_anew(path: Path, cache: Path) -> None:
    """The cache goes by content: whatever changes in the file is seen, whatever its time says."""
    write(path, [interaction("GET", "/a", "old")])
    Storage(cache).read(path)
    path.write_text(path.read_text().replace("old", "new"))

    assert Storage(cache).read(path).interactions[0]["response"]["body"]["string"] == b'"new"'


FOREIGN: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "cut": lambda whole: whole[:-5],
    "one-bit": lambda whole: whole[:-9] + bytes([whole[-9] ^ 1]) + whole[-8:],
    "longer": lambda whole: whole + b"\0",
    "foreign": lambda _: b"PK\x03\x04 something else",
    "another-version": lambda whole: whole.replace(b"cache 3", b"cache 2", 1),
    "other-content": lambda _: parse_cache._MAGIC + parse_cache._checksum(b"\x01") + b"\x01",
}


@pytest.mark.parametrize("spoil", FOREIGN.values(), ids=FOREIGN.keys())
def test_an_entry_that_is_not_ours_is_ignored(spoil: Callable[[bytes], bytes], path: Path, cache: Path) -> None:
    """A corrupt or foreign entry is as good as none: the cassette is parsed, and the entry mended."""
    write(path, [interaction("GET", "/a", "true")])
    first = Storage(cache).read(path)
    whole = entry(cache).read_bytes()
    entry(cache).write_bytes(spoil(whole))

    assert Storage(cache).read(path) == first
    assert entry(cache).read_bytes() == whole


def test_without_a_place_to_write_it_costs_only_time(path: Path, tmp_path: Path) -> None:
    """Where the cache cannot be made, cassettes are read all the same."""
    write(path, [interaction("GET", "/a")])
    (tmp_path / "file").write_text("")

    assert len(Storage(tmp_path / "file" / "cache").read(path).interactions) == 1


def test_what_does_not_survive_is_not_kept(cache: Path) -> None:
    """A document that would come back changed is parsed every time."""
    for odd in ((1, 2), {"a": {1, 2}}, object()):
        Sidecar(cache).put(b"x", CassetteFile([{"request": odd}]))

    assert Sidecar(cache).get(b"x") is None


def test_it_does_not_grow_for_ever(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Above a number of entries the older half goes."""
    monkeypatch.setattr(parse_cache, "MAX_FILES", 10)
    for n in range(25):
        Sidecar(cache).put(str(n).encode(), CassetteFile([]))

    assert 5 <= len(list(cache.glob("*.msgpack"))) <= 10
    assert Sidecar(cache).get(b"24") == CassetteFile([])
