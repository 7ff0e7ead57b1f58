"""What commands that are killed leave behind: processes and scratch folders, in a temporary folder for each."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import psutil

from tests.plugins.conftest import Folder, environment

ENDS_WITHIN_S = 60.0
"""Far more than the second that it takes on an idle machine."""
GATE, PYTEST, WORKER = "harness.cli.gate_process", "pytest", "import sys;exec(eval(sys.stdin.readline()))"
"""Parts of command lines: the gate's second process, a pytest, a worker of pytest-xdist, which execnet starts."""
_ON_A_TERMINAL = """
import fcntl, os, sys, termios
os.setsid()
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""
_BEGIN = "from harness.process.run import Run; Run.begin().end()"


class Killable:
    """A command of Python in a folder, with all that it starts."""

    def __init__(
        self, folder: Path, words: Sequence[str], *, scratch: Path, terminal: bool = False, **env: str
    ) -> None:
        """``scratch`` takes its temporary files, and nobody else's. On a terminal of its own, that can be closed."""
        self._scratch = scratch
        self._env = environment(TMPDIR=str(scratch), PYTHONFAULTHANDLER="", **env)
        command = [sys.executable, *words]
        self._master = -1
        if terminal:
            self._master, slave = pty.openpty()
            command = [sys.executable, "-c", _ON_A_TERMINAL, *command]
            self.process = subprocess.Popen(command, cwd=folder, env=self._env, stdin=slave, stdout=slave, stderr=slave)
            os.close(slave)
            return
        with (scratch / "output").open("wb") as output:
            self.process = subprocess.Popen(
                command,
                cwd=folder,
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        """What it has printed; not on a terminal."""
        return (self._scratch / "output").read_text(errors="replace")

    def all(self) -> list[psutil.Process]:
        """Return every process that it and its descendants have started and that runs, known by their environment."""
        return [process for process in psutil.process_iter() if self._is_ours(process)]

    def named(self, *parts: str) -> list[psutil.Process]:
        """Return those whose command line has one of ``parts`` as a word."""
        return [process for process in self.all() if not set(parts).isdisjoint(_words(process))]

    def close_terminal(self) -> bool:
        """Close the terminal, as its window does."""
        os.close(self._master)
        self._master = -1
        return True

    def left(self, within_s: float = ENDS_WITHIN_S) -> list[str]:
        """Return the command lines of what still runs after a while."""
        deadline_s = time.monotonic() + within_s
        while (left := self.all()) and time.monotonic() < deadline_s:
            self.process.poll()
            time.sleep(0.02)
        return [" ".join(_words(process)) for process in left]

    def left_after_the_next(self) -> list[str]:
        """Begin another run, and return the names of all scratch folders that are there afterwards."""
        subprocess.run([sys.executable, "-c", _BEGIN], env=self._env, check=True)
        return sorted(path.name for path in self._scratch.glob("harness-*"))

    def end(self) -> None:
        """End everything, for a test that has failed."""
        for process in self.all():
            process.kill()
        self.process.wait()
        if self._master >= 0:
            os.close(self._master)

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            ours = process.environ().get("TMPDIR") == str(self._scratch)
            return bool(ours and process.status() != psutil.STATUS_ZOMBIE)
        except psutil.Error:
            return False


def _words(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except psutil.Error:
        return []


class Blow(NamedTuple):
    """One way to kill."""

    id: str
    strike: Callable[[Killable], bool]
    """Returns whether it met a process: on a busy machine the one that it means may not have started."""
    terminal: bool = False


def _sent(number: signal.Signals, *parts: str, first: bool) -> Callable[[Killable], bool]:
    def strike(killable: Killable) -> bool:
        met = [*([killable.process] if first else []), *killable.named(*parts)]
        for process in met:
            process.send_signal(number)
        return bool(met)

    return strike


def _to_the_group(number: signal.Signals) -> Callable[[Killable], bool]:
    def strike(killable: Killable) -> bool:
        os.killpg(killable.process.pid, number)
        return True

    return strike


ANY = (
    Blow("SIGKILL", _sent(signal.SIGKILL, first=True)),
    Blow("SIGHUP", _sent(signal.SIGHUP, first=True)),
    Blow("SIGQUIT", _sent(signal.SIGQUIT, first=True)),
    Blow("SIGQUIT of the terminal", _to_the_group(signal.SIGQUIT)),
    Blow("SIGKILL of the group", _to_the_group(signal.SIGKILL)),
    Blow("terminal closed", Killable.close_terminal, terminal=True),
)
"""For every command."""
OF_A_GATE = (
    *ANY,
    Blow("second process", _sent(signal.SIGKILL, GATE, first=False)),
    Blow("both processes", _sent(signal.SIGKILL, GATE, first=True)),
    Blow("pytest and both", _sent(signal.SIGKILL, GATE, PYTEST, first=True)),
)
"""For a gate, which has two processes and starts pytests."""
OF_FUZZING = (*ANY, Blow("pytest", _sent(signal.SIGKILL, PYTEST, first=False)))
"""For `harness fuzz`, which starts a pytest."""

_HANGS = """
import http.server, pathlib, sys, time
class Handler(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        if self.path != "/":
            pathlib.Path("began").touch()
            time.sleep(600)
        super().do_GET()
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
_FUZZED = """
[process.app]
command = ["{python}", "hangs.py", "{port:app}"]
ready = "http://127.0.0.1:{port:app}/"
[provider]
spec = "spec.json"
base_url = "http://127.0.0.1:{port:app}"
"""
_SPEC = {
    "openapi": "3.1.0",
    "info": {"title": "Tiny", "version": "1"},
    "paths": {"/things": {"get": {"responses": {"200": {"description": "Things"}}}}},
}
FUZZ = ("-m", "harness.cli", "fuzz", "--target", "fuzzed")
RECORD = ("-m", "harness.cli", "record", "--upstream", "http://127.0.0.1:9", "--cassette", "recorded.yaml", "--rewrite")


def add_fuzzed(folder: Folder) -> None:
    """Add what `FUZZ` needs: a provider that answers no request, and notes in the file ``began`` that one came."""
    folder.write("harness.fuzzed.toml", _FUZZED)
    folder.write("hangs.py", _HANGS)
    folder.write("spec.json", json.dumps(_SPEC))
