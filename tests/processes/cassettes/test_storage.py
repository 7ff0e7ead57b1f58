"""A cassette on disk, written by several processes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from harness.cassettes.store.cassette_file import CassetteFile
from harness.cassettes.store.storage import Storage
from tests.processes.cassettes.conftest import PROCESSES, at_once
from tests.unit.cassettes.conftest import interaction, stock, write


def test_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    """Processes that add to one cassette at the same time all find their recordings in it, each once."""
    path = tmp_path / "cassette.yaml"
    write(path, [interaction("GET", "/old")], scenario="a")

    def add_one(number: int, ready: Callable[[], object]) -> None:
        storage = Storage()
        document = storage.read(path)
        storage.load_cassette(str(path), None)
        ready()
        interactions = [*document.interactions, interaction("GET", f"/{number}", number)]
        storage.write(path, CassetteFile(interactions, document.metadata))

    at_once(add_one)

    expected = sorted(["http://127.0.0.1/old", *(f"http://127.0.0.1/{n}" for n in range(PROCESSES))])
    assert sorted(uri for _, uri, _ in stock(path)) == expected
    assert Storage().read(path).metadata == {"scenario": "a"}
