"""A real PostgreSQL server, and processes of the sandbox that start fast enough to kill many of them."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from tests.waiting import wait_for

NURSERY = Path(__file__).with_name("nursery.py")
START_S = 30


class Postgres:
    """A server of Debian's ``postgresql`` in a temporary folder, reached by a Unix socket there and nowhere else."""

    def __init__(self, programs: Path, folder: Path) -> None:
        """Make the cluster and start it, as an unprivileged user when we are root, for it refuses root."""
        self._programs = programs
        self._folder = folder
        self._as: dict[str, str | int] = {}
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(folder, user.pw_uid, user.pw_gid)
            self._as = {"user": user.pw_uid, "group": user.pw_gid}
        self._run("initdb", "-D", folder / "data", "-U", "sandbox", "--auth=trust", "--no-sync", "--encoding=UTF8")
        self._log = (folder / "server.log").open("wb")
        command = [programs / "postgres", "-D", folder / "data", "-k", folder, "-c", "listen_addresses="]
        # The crashes are those of the sandbox, not of the machine: without fsync they are as hard, and quicker.
        command += ["-c", "fsync=off", "-c", "max_connections=200"]
        self._server = subprocess.Popen(command, stdout=self._log, stderr=self._log, cwd=folder, **self._as)  # type: ignore[call-overload]
        asking: list[str | Path] = [programs / "pg_isready", "-q", "-h", folder]
        wait_for(
            lambda: subprocess.run(asking, check=False).returncode == 0,
            START_S,
            shown=lambda: (folder / "server.log").read_text()[-2000:],
        )

    def new_database(self) -> str:
        """Make a database and return its URL."""
        name = f"t{uuid.uuid4().hex}"
        self._run("createdb", "-h", self._folder, "-U", "sandbox", name)
        return f"postgresql://sandbox@/{name}?host={self._folder}"

    def stop(self) -> None:
        """Stop it without waiting for its clients."""
        self._server.send_signal(signal.SIGINT)
        try:
            self._server.wait(10)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait()
        self._log.close()

    def _run(self, program: str, *args: str | Path) -> None:
        done = subprocess.run(
            [self._programs / program, *args], cwd=self._folder, check=False, capture_output=True, text=True, **self._as
        )  # type: ignore[call-overload]
        assert done.returncode == 0, done.stderr


@pytest.fixture(scope="session")
def postgres(need: Callable[[str | Path], str]) -> Iterator[Postgres]:
    """A running PostgreSQL server."""
    # Debian keeps the server's programs out of PATH.
    kept = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    programs = kept[-1] if kept else Path(need("initdb")).parent
    need(programs / "initdb")
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    server = Postgres(programs, folder)
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database, as a user would give it: of each kind in turn."""
    if request.param == "sqlite":
        return str(tmp_path / "integration.db")
    server: Postgres = request.getfixturevalue("postgres")
    return server.new_database()


class Nursery:
    """Starts commands of ``python -m harness.sandbox`` as processes forked from one that has imported everything."""

    def __init__(self, env: Mapping[str, str], log: Path) -> None:
        """``env`` is added to the environment of all of them."""
        with log.open("ab") as output:
            self._parent = subprocess.Popen(
                [sys.executable, str(NURSERY)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                env={**os.environ, **env},
                text=True,
            )

    def start(self, *args: str) -> int:
        """Start one; return its process id."""
        return self._ask({"start": args})

    def kill(self, pid: int) -> int:
        """End one with SIGKILL; return its status as `os.waitpid` tells it: 9, unless it had ended by itself."""
        return self._ask({"kill": pid})

    def close(self) -> None:
        """End all."""
        assert self._parent.stdin is not None
        assert self._parent.stdout is not None
        self._parent.stdin.close()
        self._parent.wait(10)
        self._parent.stdout.close()

    def _ask(self, what: Mapping[str, int | Sequence[str]]) -> int:
        assert self._parent.stdin is not None
        assert self._parent.stdout is not None
        self._parent.stdin.write(json.dumps(what) + "\n")
        self._parent.stdin.flush()
        return int(self._parent.stdout.readline())


@pytest.fixture
def start_nursery() -> Iterator[Callable[[Mapping[str, str], Path], Nursery]]:
    """Return a function that opens a nursery; what was started in it ends with the test."""
    opened: list[Nursery] = []

    def start(env: Mapping[str, str], log: Path) -> Nursery:
        opened.append(Nursery(env, log))
        return opened[-1]

    yield start
    for nursery in opened:
        nursery.close()
