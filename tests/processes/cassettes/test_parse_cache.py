"""The cache of parsed cassettes, filled by several processes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from harness.cassettes.store.storage import Storage
from tests.processes.cassettes.conftest import at_once
from tests.unit.cassettes.conftest import interaction, write


def test_processes_at_once_do_no_harm(tmp_path: Path) -> None:
    """Workers that fill the same cache at the same time all read what is in the files, and leave nothing half-done."""
    cache = tmp_path / ".harness" / "cassettes"
    paths = [
        write(tmp_path / f"{n}.yaml", [interaction("GET", f"/{n}/{i}", "x" * 2000) for i in range(3)])
        for n in range(10)
    ]

    def read_all(_number: int, ready: Callable[[], object]) -> None:
        ready()
        for path in paths:
            assert len(Storage(cache).read(path).interactions) == 3

    at_once(read_all)

    assert len(list(cache.glob("*.msgpack"))) == len(paths)
    assert not list(cache.glob("*.part"))
