"""The cache of parsed cassettes: it saves time, and nothing else depends on it."""

from __future__ import annotations

import multiprocessing
from pathlib import Path
from typing import Any

import pytest

from harness.cassettes.store.storage import Storage
from tests.unit.cassettes.conftest import interaction, write

READERS = 6


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / ".harness" / "cassettes"


def read_all(paths: list[Path], cache: Path, ready: Any) -> None:
    ready.wait()
    for path in paths:
        assert len(Storage(cache).read(path).interactions) == 3


def test_processes_at_once_do_no_harm(tmp_path: Path, cache: Path) -> None:
    """Workers that fill the same cache at the same time all read what is in the files, and leave nothing half-done."""
    paths = [
        write(tmp_path / f"{n}.yaml", [interaction("GET", f"/{n}/{i}", "x" * 2000) for i in range(3)])
        for n in range(10)
    ]
    context = multiprocessing.get_context("fork")
    ready = context.Barrier(READERS)
    readers = [context.Process(target=read_all, args=(paths, cache, ready)) for _ in range(READERS)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join(30)

    assert [r.exitcode for r in readers] == [0] * READERS
    assert len(list(cache.glob("*.msgpack"))) == len(paths)
    assert not list(cache.glob("*.part"))
