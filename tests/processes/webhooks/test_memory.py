"""How far a receiver's memory grows with a body, seen on real processes."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from urllib.request import urlopen

import pytest

from harness.model import Event, Finding, Level, Outcome
from harness.model.config import Receiver
from harness.process.managed import ManagedProcess
from harness.process.ready import UrlAnswers
from harness.process.run import Run
from harness.webhooks.drills import CRASHES, DrillContext, memory, play
from tests.unit.webhooks.conftest import EVENT, Under

# Reads a chunked body: "keeps" it whole, "drops" it, puts it aside and
# "reads" it after the answer, "refuses" after the first piece, or "dies" of it. For a genuine
# delivery, which has a length, 200.
SERVE = """
import http.server, os, socket, sys
class Hook(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.say(200)
    def do_POST(self):
        length = int(self.headers["content-length"] or 0)
        self.rfile.read(length)
        self.say(200 if length else self.endless())
    def endless(self):
        kept = []
        size_read = 0
        while size := int(self.rfile.readline(), 16):
            kept.append(self.rfile.read(size + 2))
            size_read += size
            if how == "dies": os._exit(1)
            if how == "refuses": self.close_connection = True; return 413
            if how in ("drops", "reads"): kept.clear()
        if how == "reads":
            self.say(413)
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)
            del kept
            kept = b"x" * size_read
        return 413
    def say(self, status):
        self.send_response(status)
        self.end_headers()
    def log_message(self, *_): pass
port, how = int(sys.argv[1]), sys.argv[2]
http.server.HTTPServer(("127.0.0.1", port), Hook).serve_forever()
"""


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "LONG", 8 * memory.MIB)
    monkeypatch.setattr(memory, "LONGER", 40 * memory.MIB)


def answers(url: str) -> bool:
    with suppress(OSError), urlopen(url, timeout=1) as response:
        return bool(response.status == 200)
    return False


@pytest.fixture
def played(tmp_path: Path, under: Under) -> Iterator[Callable[[str], Finding]]:
    """Play the drill on a receiver that treats bodies so."""
    with ExitStack() as stack:

        def on(how: str) -> Finding:
            url = f"http://127.0.0.1:{Run(run_id='', seed='', directory='').port('app')}/"
            process = ManagedProcess(
                "app",
                command=[sys.executable, "-c", SERVE, url.rpartition(":")[2].strip("/"), how],
                ready=UrlAnswers(url, answers),
                ready_within_s=60,
                cwd=tmp_path,
                env={},
                log=tmp_path / "app.log",
            )
            process.start()
            stack.callback(process.stop)
            return play(CRASHES[-1], staged(url, process), reproduce="")

        def staged(url: str, process: ManagedProcess) -> DrillContext:
            def read(_path: str) -> Event:
                return EVENT

            receiver = under(url)
            receiver.wire.timeout_s = 10
            return DrillContext(
                receiver=receiver,
                config=Receiver(url=url),
                event=EVENT,
                read=read,
                root=tmp_path,
                environment=os.environ,
                process=process,
            )

        yield on


@pytest.mark.parametrize("how, said", [("drops", "8 MiB sent: HTTP 413"), ("refuses", " MiB sent: ")])
def test_who_keeps_nothing_passes(how: str, said: str, played: Callable[[str], Finding]) -> None:
    """Reading everything without keeping it is as good as an early refusal."""
    finding = played(how)

    assert finding.outcome is Outcome.PASS, finding.observed
    assert said in finding.observed


def test_who_keeps_everything_is_warned(played: Callable[[str], Finding]) -> None:
    """A receiver that grows with a longer body as well keeps it, whatever it answers in the end."""
    finding = played("keeps")

    assert (finding.outcome, finding.level) == (Outcome.FAIL, Level.SHOULD), finding.observed
    assert "40 MiB sent: HTTP 413; memory grew by" in finding.observed


def test_who_reads_it_all_after_the_answer_is_warned(played: Callable[[str], Finding]) -> None:
    """A body that is in memory only for a moment, after its last byte, counts too."""
    finding = played("reads")

    assert (finding.outcome, finding.level) == (Outcome.FAIL, Level.SHOULD), finding.observed


def test_who_dies_of_it_fails_and_is_started_again(played: Callable[[str], Finding]) -> None:
    """The finding says that the process died; what comes after finds it alive."""
    finding = played("dies")

    assert finding.outcome is Outcome.FAIL
    assert "then the process was dead or did not respond" in finding.observed


def test_elsewhere_than_on_linux_it_is_not_run(
    played: Callable[[str], Finding], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without /proc nothing is known, and that is said."""
    monkeypatch.setattr(memory, "has_proc", lambda: False)
    finding = played("keeps")

    assert finding.outcome is Outcome.NOT_RUN
    assert finding.observed == "the memory of a process is read from /proc, which only Linux has"
