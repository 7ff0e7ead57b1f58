"""Cassettes on disk: what cannot be read is refused with file and place, and what is there is never lost."""

from __future__ import annotations

import multiprocessing
from pathlib import Path
from typing import Any

from harness.cassettes.store.cassette_file import CassetteFile
from harness.cassettes.store.storage import Storage
from tests.unit.cassettes.conftest import interaction, stock, write

WRITERS = 6


def add_one(path: Path, number: int, ready: Any) -> None:
    storage = Storage()
    document = storage.read(path)
    storage.load_cassette(str(path), None)
    ready.wait()
    interactions = [*document.interactions, interaction("GET", f"/{number}", number)]
    storage.write(path, CassetteFile(interactions, document.metadata))


def test_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    """Processes that add to one cassette at the same time all find their recordings in it, each once."""
    path = tmp_path / "cassette.yaml"
    write(path, [interaction("GET", "/old")], scenario="a")
    context = multiprocessing.get_context("fork")
    ready = context.Barrier(WRITERS)
    writers = [context.Process(target=add_one, args=(path, n, ready)) for n in range(WRITERS)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(30)

    assert [w.exitcode for w in writers] == [0] * WRITERS
    expected = sorted(["http://127.0.0.1/old", *(f"http://127.0.0.1/{n}" for n in range(WRITERS))])
    assert sorted(uri for _, uri, _ in stock(path)) == expected
    assert Storage().read(path).metadata == {"scenario": "a"}
