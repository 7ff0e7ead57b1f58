"""The commands `harness replay`, `record` and `convert`, as a user runs them."""

from __future__ import annotations

import contextlib
import json
import os
import re
import resource
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import httpx
import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests.waiting import wait_for

CASSETTE = """\
interactions:
- request: {body: '', headers: {}, method: GET, uri: 'http://127.0.0.1/runs'}
  response: {body: {string: '[1]'}, headers: {content-type: [application/json]}, status: {code: 200, message: OK}}
- request: {body: '', headers: {}, method: GET, uri: 'http://127.0.0.1/projects'}
  response: {body: {string: '[2]'}, headers: {content-type: [application/json]}, status: {code: 200, message: OK}}
version: 1
"""
SPEC = json.dumps(
    {
        "openapi": "3.1.0",
        "info": {"title": "T", "version": "1"},
        "paths": {"/projects": {"get": {"responses": {"200": {"description": "ok"}}}}},
    }
)
TIMEOUT_S = 30


class Command:
    """A command that serves until it is told to end."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        assert process.stderr is not None
        self._stderr: IO[str] = process.stderr
        self.first = self._stderr.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+(?=[.,])", self.first.rpartition(" on ")[2])
        assert found, self.first + self._stderr.read()
        self.url = found[0]

    def end(self, number: int = signal.SIGINT) -> tuple[int, str]:
        """End it; return its status and what it said since."""
        self._process.send_signal(number)
        said = self._stderr.read()
        return self._process.wait(TIMEOUT_S), said


Start = Callable[..., Command]


def harness(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "harness.cli", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=TIMEOUT_S)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Return a function that starts a command in a folder of its own and waits until it serves."""
    with contextlib.ExitStack() as stack:

        def run(*words: str, env: dict[str, str] | None = None, limit: int | None = None) -> Command:
            def limited() -> None:
                if limit is not None:
                    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

            process = stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-m", "harness.cli", *words],
                    cwd=tmp_path,
                    stderr=subprocess.PIPE,
                    env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **(env or {})},
                    text=True,
                    preexec_fn=limited,  # noqa: PLW1509 - the child's limit, set before it starts
                )
            )
            stack.callback(process.kill)
            return Command(process)

        yield run


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_replay_ends_with_a_summary(start: Start, tmp_path: Path, number: int) -> None:
    """Ctrl-C and SIGTERM end it alike: what was served and what was not, and status 0 as everything matched."""
    (tmp_path / "c.yaml").write_text(CASSETTE)
    command = start("replay", "c.yaml")

    with httpx.Client(base_url=command.url, trust_env=False) as client:
        assert [client.get("/runs").json() for _ in range(3)] == [[1]] * 3
        status, said = command.end(number)

    assert command.first.startswith("Serving 2 recordings of c.yaml on http://127.0.0.1:")
    assert status == 0
    assert said == ("3 served, 0 unmatched, 0 against the spec, 1 of 2 recordings unused\n  unused: GET /projects\n")


def test_a_replay_with_something_unmatched_or_against_the_spec_fails(start: Start, tmp_path: Path) -> None:
    """The exit status tells a pipeline that the client asked for something else, and the log what."""
    (tmp_path / "cassettes").mkdir()
    (tmp_path / "cassettes" / "c.yaml").write_text(CASSETTE)
    (tmp_path / "openapi.json").write_text(SPEC)
    command = start("replay", "cassettes", "--spec", "openapi.json", "--match", "strict", "--latency", "0.01")

    assert httpx.get(f"{command.url}/runs", trust_env=False).status_code == 200
    assert httpx.get(f"{command.url}/projects/1?token={secrets.token_hex(8)}", trust_env=False).status_code == 501
    status, said = command.end()

    assert "validating requests against openapi.json" in command.first
    assert "breaks the spec: GET /runs: no operation of openapi.json describes this call" in said
    assert "has no recording of GET /projects/1?token=%5BREDACTED+token%5D" in said
    assert "1 served, 1 unmatched, 2 against the spec, 1 of 2 recordings unused" in said
    assert status == 1


def test_a_recording_session_keeps_everything_and_replays(start: Start, tmp_path: Path, httpserver: HTTPServer) -> None:
    """What passed before Ctrl-C is in the file, redacted by the names of harness.toml, and can be replayed."""
    secret = secrets.token_hex(16)
    httpserver.expect_request("/runs").respond_with_json({"echo": secret})
    upstream = f"http://127.0.0.1:{httpserver.port}"
    (tmp_path / "harness.toml").write_text(
        '[target]\nname = "T"\nenvironment = "staging"\n'
        '[provider]\nspec = "openapi.json"\nbase_url = "https://api.example.com"\n'
        'auth = { type = "bearer", token = "env:THE_TOKEN" }\n'
    )
    (tmp_path / "openapi.json").write_text(SPEC)
    command = start("record", "--upstream", upstream, "--cassette", "new/c.yaml", env={"THE_TOKEN": secret})

    live = httpx.get(f"{command.url}/runs", headers={"authorization": f"Bearer {secret}"}, trust_env=False)
    status, said = command.end()

    assert live.json() == {"echo": secret}
    assert command.first.startswith(f"Recording {upstream} into new/c.yaml on ")
    assert (status, said) == (0, "GET /runs 200\n1 recorded into new/c.yaml\n")
    text = (tmp_path / "new" / "c.yaml").read_text()
    assert secret not in text
    assert text.count("[REDACTED env:THE_TOKEN]") == 2
    replay = start("replay", "new/c.yaml", "--latency", "recorded")
    assert httpx.get(f"{replay.url}/runs", trust_env=False).json() == {"echo": "[REDACTED env:THE_TOKEN]"}
    assert replay.end()[0] == 1  # harness.toml's spec does not describe it


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_what_is_under_way_at_the_end_is_recorded_too(start: Start, httpserver: HTTPServer, number: int) -> None:
    """Ctrl-C, a service manager or a closed terminal lets an exchange that has begun come to its end."""
    began = threading.Event()

    def slow(_: Request) -> Response:
        began.set()
        time.sleep(0.5)
        return Response("late")

    httpserver.expect_request("/slow").respond_with_handler(slow)
    command = start("record", "--upstream", f"http://127.0.0.1:{httpserver.port}", "--cassette", "c.yaml")
    answers: list[str] = []
    client = threading.Thread(target=lambda: answers.append(httpx.get(f"{command.url}/slow", trust_env=False).text))
    client.start()
    assert began.wait(10)

    status, said = command.end(number)
    client.join()

    assert (status, answers) == (0, ["late"])
    assert said.endswith("1 recorded into c.yaml\n")


def test_a_killed_recording_keeps_what_was_older_than_a_second(
    start: Start, tmp_path: Path, httpserver: HTTPServer
) -> None:
    """Nobody can clean up after SIGKILL, so what was recorded is written while it runs, and always whole."""
    httpserver.expect_request("/runs").respond_with_data("x")
    command = start("record", "--upstream", f"http://127.0.0.1:{httpserver.port}", "--cassette", "c.yaml")
    httpx.get(f"{command.url}/runs", trust_env=False)
    wait_for(lambda: "/runs" in (tmp_path / "c.yaml").read_text())

    command.end(signal.SIGKILL)

    assert "uri: http://127.0.0.1/runs" in (tmp_path / "c.yaml").read_text()
    assert (tmp_path / "c.yaml").read_text().endswith("version: 1\n")


def test_a_disk_that_fills_up_keeps_the_old_recording(start: Start, tmp_path: Path, httpserver: HTTPServer) -> None:
    """What cannot be written is told, while it runs and at the end; the file that was there is whole."""
    httpserver.expect_request("/small").respond_with_data("x")
    httpserver.expect_request("/large").respond_with_data("x" * 50_000)
    upstream = f"http://127.0.0.1:{httpserver.port}"
    (tmp_path / "c.yaml").write_text(CASSETTE)
    command = start("record", "--upstream", upstream, "--cassette", "c.yaml", "--append", limit=20_000)
    before = (tmp_path / "c.yaml").read_text()

    httpx.get(f"{command.url}/large", trust_env=False)
    status, said = command.end()

    assert status == 1
    assert "ERROR: c.yaml could not be written: File too large. The old recording is unchanged." in said
    assert (tmp_path / "c.yaml").read_text() == before
    assert [p.name for p in tmp_path.iterdir()] == ["c.yaml"]


REFUSED = [
    (["replay", "c.yaml", "--latency", "-1"], "'-1' is neither 'recorded' nor a number of seconds from 0 to 3600."),
    (["replay", "none.yaml"], "'none.yaml' does not exist"),
    (["replay", "bad.yaml"], "ERROR: bad.yaml"),
    (["replay", "empty"], "empty contains no cassette. Pass a folder"),
    (["record", "--upstream", "api.example.com", "--cassette", "n.yaml"], "is not a URL. Pass one such as"),
    (["record", "--upstream", "http://127.0.0.1:1", "--cassette", "c.yaml"],
     "c.yaml exists. Add to it with --append, or replace it with --rewrite."),
    (["record", "--upstream", "https://elsewhere.example.com", "--cassette", "n.yaml"],
     "ERROR: Refused to send GET to elsewhere.example.com: harness.toml does not name that host"),
    (["record", "--upstream", "http://127.0.0.1:1", "--cassette", "c.yaml/n.yaml"], "n.yaml could not be written: "),
    (["convert", "c.yaml", "bad.yaml"], "bad.yaml exists. Pass another file name, or replace it with --rewrite."),
    (["convert", "bad.yaml", "n.yaml"], "ERROR: bad.yaml"),
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a cassette, with what is none, and with a target."""
    folder = tmp_path_factory.mktemp("serving")
    (folder / "c.yaml").write_text(CASSETTE)
    (folder / "bad.yaml").write_text("interactions: [")
    (folder / "empty").mkdir()
    (folder / "harness.toml").write_text(
        '[target]\nname = "T"\nenvironment = "staging"\n'
        '[provider]\nspec = "openapi.json"\nbase_url = "https://api.example.com"\n'
    )
    (folder / "openapi.json").write_text(SPEC)
    return folder


@pytest.mark.parametrize("words,expected", REFUSED)
def test_what_cannot_work_is_refused_at_the_start(folder: Path, words: list[str], expected: str) -> None:
    """The message names the word or the file; nothing is written, nothing is left running."""
    before = sorted(p.name for p in folder.iterdir())

    done = harness(folder, *words)

    assert done.returncode in (1, 4)
    assert expected in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert sorted(p.name for p in folder.iterdir()) == before


def test_a_cassette_is_redacted_where_it_is(tmp_path: Path) -> None:
    """Converted onto itself, a cassette loses its secrets, and nothing else: what it says of itself stays."""
    secret = secrets.token_hex(16)
    exposed = CASSETTE.replace("'[1]'", f"""'{{"token": "{secret}"}}'""").replace(
        "version:", "metadata: {scenario: a}\nversion:"
    )
    (tmp_path / "c.yaml").write_text(exposed)

    done = harness(tmp_path, "convert", "c.yaml", "c.yaml", "--rewrite")

    text = (tmp_path / "c.yaml").read_text()
    assert done.stdout == "2 exchanges written to c.yaml\n"
    assert secret not in text
    assert '{"token": "[REDACTED received token]"}' in text
    assert "scenario: a" in text
    assert "uri: http://127.0.0.1/projects" in text


def test_a_cassette_is_converted_and_back(folder: Path, tmp_path: Path) -> None:
    """From a cassette to an archive and back, by the names of the files."""
    there = harness(folder, "convert", "c.yaml", str(tmp_path / "c.har"))
    back = harness(folder, "convert", str(tmp_path / "c.har"), str(tmp_path / "c.yaml"))

    assert there.stdout == f"2 exchanges written to {tmp_path / 'c.har'}\n"
    assert (there.returncode, back.returncode) == (0, 0)
    assert "uri: http://127.0.0.1/projects" in (tmp_path / "c.yaml").read_text()
