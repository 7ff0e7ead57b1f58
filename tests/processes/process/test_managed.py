"""The target's processes: every way in which one does not come up is one clear paragraph, and nothing stays behind."""

from __future__ import annotations

import shlex
import signal
import socket
import sys
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from harness.errors import ProcessError
from harness.process.managed import ManagedProcess
from harness.process.ready import UrlAnswers
from harness.process.run import Run

SERVE = """
import http.server, sys
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), http.server.SimpleHTTPRequestHandler).serve_forever()
"""


def answers(url: str) -> bool:
    with suppress(OSError), urllib.request.urlopen(url, timeout=1) as response:
        return bool(response.status == 200)
    return False


@pytest.fixture
def port() -> int:
    return Run(run_id="", seed="", directory="").port("app")


def process(tmp_path: Path, port: int, *command: str, within_s: float = 60) -> ManagedProcess:
    return ManagedProcess(
        "app",
        command=command,
        ready=UrlAnswers(f"http://127.0.0.1:{port}/", answers),
        ready_within_s=within_s,
        cwd=tmp_path,
        env={"TOKEN": "hush-hush-hush"},
        log=tmp_path / "app.log",
        redact=lambda text: text.replace("hush-hush-hush", "[REDACTED]"),
    )


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_a_process_is_started_watched_and_stopped(tmp_path: Path, port: int) -> None:
    """It answers after start, has not died, and is gone after stop."""
    app = process(tmp_path, port, sys.executable, "-c", SERVE, str(port))

    app.start()
    assert answers(app.ready.url or "")
    assert app.death() is None
    assert app.silence() is None
    app.stop()

    assert app.silence() is None, "one that was stopped did not end by itself"
    assert not listens(port)


def test_children_end_with_their_process(tmp_path: Path, port: int) -> None:
    """A server started by a shell script does not outlive it."""
    app = process(tmp_path, port, "sh", "-c", f"{shlex.join([sys.executable, '-c', SERVE, str(port)])} & wait")

    app.start()
    app.stop()

    assert not listens(port)


def test_a_process_that_dies_early_is_shown_with_its_last_words(tmp_path: Path, port: int) -> None:
    """The message names the key, the exit status, the command to try by hand, and the output without secrets."""
    script = "import os, sys; print('no database for', os.environ['TOKEN']); sys.exit(3)"
    app = process(tmp_path, port, sys.executable, "-c", script)

    with pytest.raises(ProcessError) as caught:
        app.start()

    message = str(caught.value)
    assert "[process.app] command exited with status 3 before" in message
    assert "Run it by hand to see why:" in message
    assert "no database for [REDACTED]" in message


def test_a_process_that_never_becomes_ready_is_stopped_and_named(tmp_path: Path, port: int) -> None:
    """The message names the URL, the time it was given, and where to give more."""
    app = process(tmp_path, port, sys.executable, "-c", "import time; time.sleep(60)", within_s=0.3)

    said = r"\[process\.app\] ready: .* did not answer 2xx within 0\.3 s.*ready_within"
    with pytest.raises(ProcessError, match=said):
        app.start()

    assert app.death() is None


def test_a_port_in_use_is_refused_before_the_wrong_thing_is_judged(tmp_path: Path) -> None:
    """Something else on the port is an error that says so, and offers to choose a port."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        app = process(tmp_path, other.getsockname()[1], sys.executable, "-c", "pass")

        with pytest.raises(ProcessError, match=r"port \d+ is in use.*\{port:app\}"):
            app.start()


def test_a_program_that_is_not_there_is_named(tmp_path: Path, port: int) -> None:
    """The message names the key and the program."""
    app = process(tmp_path, port, "no-such-program-here")

    with pytest.raises(ProcessError, match=r"\[process\.app\] command: 'no-such-program-here' is not a program"):
        app.start()


def test_a_death_during_the_run_is_noticed(tmp_path: Path, port: int) -> None:
    """A process that was killed by somebody else is reported with how it ended."""
    app = process(tmp_path, port, sys.executable, "-c", SERVE, str(port))
    app.start()
    assert app._process is not None

    app._process.terminate()
    app._process.wait()

    assert "[process.app] was killed by SIGTERM" in (app.death() or "")
    app.stop()


def test_a_process_killed_a_moment_ago_is_no_longer_taken_for_alive(tmp_path: Path, port: int) -> None:
    """However late the system ends it, a killed process does not answer, and is reported with how it ended."""
    app = process(tmp_path, port, sys.executable, "-c", SERVE, str(port))
    app.start()
    assert app._process is not None

    app._process.kill()

    assert "[process.app] was killed by SIGKILL" in (app.silence() or "")
    app.stop()


def test_a_process_that_hangs_is_reported_as_mute(tmp_path: Path, port: int) -> None:
    """A process that runs but answers nothing any more is named with the URL that was asked."""
    app = process(tmp_path, port, sys.executable, "-c", SERVE, str(port))
    app.start()
    assert app._process is not None

    app._process.send_signal(signal.SIGSTOP)

    assert f"[process.app] no longer answers {app.ready.url}." in (app.silence(within_s=0.2) or "")
    app.kill()


DAEMON = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", sys.argv[1], sys.argv[2]], start_new_session=True)
time.sleep(600)
"""


@pytest.mark.parametrize("end", [ManagedProcess.stop, ManagedProcess.kill], ids=lambda end: end.__name__)
def test_a_child_that_left_the_group_is_ended_too(
    tmp_path: Path, port: int, end: Callable[[ManagedProcess], None]
) -> None:
    """A server that went into a session of its own does not keep its port from the one that is started next."""
    app = process(tmp_path, port, sys.executable, "-c", DAEMON, SERVE, str(port))
    app.start()
    assert listens(port)

    end(app)

    assert not listens(port)
