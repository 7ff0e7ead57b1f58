"""The crash drills of a receiver that the harness does not start.

A script stands for ``docker compose``: it kills and starts a receiver that this test started.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from harness.context import remote_receiver
from harness.context.crash_drills import CrashDrills
from harness.context.receiver_parts import event_format_of, events_of
from harness.context.remote_receiver import RemoteReceiver, is_remote
from harness.context.run_context import RunContext
from harness.errors import ConfigurationError, ProcessError
from harness.model import Outcome
from harness.process.run import Run
from harness.webhooks.drills import CRASHES

# Acknowledges every event; with "durable" its effect is in a file by then, else it is in memory.
APP = """
import http.server, json, pathlib, sys
memory = {}
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        event = json.loads(self.rfile.read(int(self.headers["content-length"])))["id"]
        if sys.argv[2] == "durable":
            pathlib.Path(event + ".effect").touch()
        memory[event] = 1
        self.answer(200, b"{}")
    def do_GET(self):
        event = self.path.rpartition("/")[2]
        known = pathlib.Path(event + ".effect").exists() if sys.argv[2] == "durable" else event in memory
        self.answer(200 if known else 404, b'{"effects": 1}')
    def answer(self, status, body):
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
COMPOSE = """
import os, pathlib, signal, subprocess, sys
print(sys.argv[1], os.environ.get("HOOK_SECRET"))
pathlib.Path("calls").open("a").write(sys.argv[1] + " ")
if sys.argv[1] == "kill":
    os.kill(int(pathlib.Path("pid").read_text()), signal.SIGKILL)
elif sys.argv[1] == "start":
    app = subprocess.Popen([sys.executable, "app.py", *sys.argv[2:]], start_new_session=True)
    pathlib.Path("pid").write_text(str(app.pid))
    pathlib.Path("pids").open("a").write(f"{app.pid} ")
else:
    sys.exit(3)
"""
TOML = """
[target]
name = "Tiny"
[receiver]
url = "http://127.0.0.1:PORT/hook"
events = "events"
signature = { scheme = "hmac", secret = "env:HOOK_SECRET" }
effects = { url = "http://127.0.0.1:PORT/{event_id}" }
stop = ["{python}", "compose.py", "kill"]
start = ["{python}", "compose.py", "start", "PORT", "KIND"]
"""


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., RunContext]]:
    """Return what starts the receiver and loads a target that has it."""
    monkeypatch.setenv("HOOK_SECRET", "not-a-real-secret-1")
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    (tmp_path / "events").mkdir()
    (tmp_path / "events" / "ping.json").write_text('{"id": "evt_1", "type": "ping"}')
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / "compose.py").write_text(COMPOSE)
    contexts: list[RunContext] = []

    def loaded(kind: str = "durable", change: tuple[str, str] = ("", "")) -> RunContext:
        run = Run.begin()
        toml = TOML.replace("PORT", str(run.port("app"))).replace("KIND", kind)
        (tmp_path / "harness.toml").write_text(toml.replace(*change))
        subprocess.run(
            [sys.executable, "compose.py", "start", str(run.port("app")), kind], cwd=tmp_path, check=True, timeout=60
        )
        context = RunContext.load(tmp_path, run=run, overlay=None, reports=tmp_path / "reports")
        context.secrets.resolve_all(strict=True)
        contexts.append(context)
        remote(context)._require(up=True, within_s=60)
        return context

    yield loaded
    for context in contexts:
        context.background.close()
        context.client.close()
        context.run.end()
    for pid in (tmp_path / "pids").read_text().split():
        with suppress(OSError):  # it has ended
            os.kill(int(pid), signal.SIGKILL)


def remote(context: RunContext) -> RemoteReceiver:
    assert context.config.receiver
    return RemoteReceiver(context, context.config.receiver)


def calls(context: RunContext) -> list[str]:
    return (context.target.root / "calls").read_text().split()[1:]  # the first is that of the fixture


@pytest.mark.parametrize("kind, outcome", [("durable", Outcome.PASS), ("in-memory", Outcome.FAIL)])
def test_the_crash_drills_kill_and_start_it(
    load: Callable[..., RunContext], monkeypatch: pytest.MonkeyPatch, kind: str, outcome: Outcome
) -> None:
    """An acknowledged event survives the kill or is reported; what needs another configuration is not run."""
    monkeypatch.setattr("harness.webhooks.drills.kills.RECOVERS_S", 2.0)
    context = load(kind)
    drills = {drill.id: drill for drill in CRASHES}
    crashes = CrashDrills(context, events_of(context, event_format_of(context))[0])

    killed = crashes.result(drills["killed-after-ack"])
    configured = [crashes.result(drills[name]) for name in ("started-without-secret", "withdrawn-secret", "memory")]

    assert is_remote(context)
    assert killed.outcome is outcome, killed.observed
    assert calls(context) == ["kill", "start"]
    assert [f.outcome for f in configured] == [Outcome.NOT_RUN] * 3
    assert all("[receiver] stop and start do not let the harness" in f.observed for f in configured)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_an_interrupt_waits_until_it_is_started(load: Callable[..., RunContext], number: signal.Signals) -> None:
    """Ctrl-C, or the end of a job, while the receiver is down is heeded when it answers again."""
    context = load()
    caught: list[int] = []
    before = signal.signal(number, lambda *_: caught.append(len(calls(context))))

    def interrupt() -> None:
        while "kill" not in calls(context):
            time.sleep(0.01)
        os.kill(os.getpid(), number)

    thread = threading.Thread(target=interrupt)
    thread.start()
    try:
        remote(context).restart()
    finally:
        thread.join()
        signal.signal(number, before)

    assert calls(context) == ["kill", "start"]
    assert caught == [2]
    assert remote(context)._answers()


def test_a_start_that_fails_is_reported_with_the_command(load: Callable[..., RunContext]) -> None:
    """The report of the run begins with it; secrets in the output of the command are redacted."""
    context = load(change=('"start", ', '"up", '))

    with pytest.raises(ProcessError) as caught:
        remote(context).restart()

    message = str(caught.value)
    assert message.startswith("The receiver was stopped and is still down. Start it by hand, in ")
    assert "compose.py up " in message
    assert "ended with status 3. It printed: up [REDACTED env:HOOK_SECRET]" in message
    assert context.processes.deaths()[0] == message


def test_a_stop_that_stops_nothing_is_reported(
    load: Callable[..., RunContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A drill whose receiver was not killed would prove nothing; it is started all the same."""
    monkeypatch.setattr(remote_receiver, "DOWN_WITHIN_S", 0.3)
    context = load(change=('["{python}", "compose.py", "kill"]', '["true"]'))

    with pytest.raises(ProcessError, match=r"\[receiver\] stop: http://.* still answers 0\.3 s after it\. Name a"):
        remote(context).restart()

    assert calls(context) == ["start"]


def test_a_worker_does_not_stop_it(load: Callable[..., RunContext], monkeypatch: pytest.MonkeyPatch) -> None:
    """With pytest-xdist, others deliver meanwhile: the drills are not run, and the message says how."""
    context = load()
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw0")

    with pytest.raises(ConfigurationError, match="Run them without -n"):
        remote(context)


REFUSED = {
    "alone": (('start = ["{python}"', 'outage = ["{python}"'), "give both stop and start, or neither"),
    "production": (('"Tiny"', '"Tiny"\nenvironment = "production"'), "stop: the environment is production"),
}


@pytest.mark.parametrize("change, message", REFUSED.values(), ids=REFUSED)
def test_one_key_alone_and_production_are_refused(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    """The message names the section and what to change."""
    (tmp_path / "harness.toml").write_text(TOML.replace("PORT", "1").replace(*change))

    with pytest.raises(ConfigurationError, match=r"\[receiver\]") as caught:
        RunContext.load(tmp_path, run=Run(run_id="", seed="", directory=""), overlay=None, reports=tmp_path)

    assert message in str(caught.value)
