"""Several machines share found defects through a real Redis server."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from harness.fuzzing.defect_store import open_found
from harness.fuzzing.defects import Defect, StoredRequest
from harness.openapi.spec_excerpt import SpecExcerpt
from tests.ports import free_port
from tests.waiting import wait_for

Need = Callable[[str | Path], str]


@pytest.fixture
def redis_url(need: Need, tmp_path: Path) -> Iterator[str]:
    """A server on loopback with a password, which keeps its files in a temporary folder."""
    program = need("redis-server")
    port, password = free_port(), os.urandom(16).hex()
    settings = f"bind 127.0.0.1\nport {port}\nsave ''\nappendonly no\ndir {tmp_path}\nrequirepass {password}\n"
    server = subprocess.Popen([program, "-"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, cwd=tmp_path)
    assert server.stdin
    server.stdin.write(settings.encode())
    server.stdin.close()
    try:
        wait_for(partial(_listens, port))
        yield f"redis://:{password}@127.0.0.1:{port}/0"
    finally:
        server.terminate()
        server.wait(10)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_what_one_machine_finds_another_tries(redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A defect kept by one is read, replaced by a smaller example, and dropped by another; nothing lies on the disk."""
    defect = Defect(
        operation="GET /a",
        check="not_a_server_error",
        cause="500",
        title="Server error",
        message="",
        status=500,
        answer="HTTP 500",
        excerpt=SpecExcerpt(pointer="#", text=""),
        steps=(StoredRequest(method="GET", path="/a", body=b"\xff\x00"),),
    )
    monkeypatch.setenv("HARNESS_EXAMPLES", redis_url)
    one, other = (open_found(tmp_path / name, "target") for name in ("one", "other"))

    one.keep(defect)
    assert other.of(["GET /a"]) == [defect]
    assert open_found(tmp_path, "another target").all() == []
    other.drop(defect)
    assert one.all() == []
    assert not (tmp_path / "one").exists()
