"""The command `harness faults`, as a user runs it: a client is tried by hand, and what is wrong is named."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from pytest_httpserver import HTTPServer

TIMEOUT_S = 60
RETRIES = """
import sys, urllib.error, urllib.request
for attempt in range(3):
    try:
        print(urllib.request.urlopen(sys.argv[1] + "/a?b=1", timeout=5).read())
        break
    except urllib.error.HTTPError as exc:
        print(exc.code, exc.headers["Retry-After"])
else:
    sys.exit(3)
"""


def harness(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "harness.cli", "faults", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=TIMEOUT_S)


def client(script: str = RETRIES) -> list[str]:
    return ["--", sys.executable, "-c", script, "{fault_server}"]


def test_a_command_is_run_against_a_script(tmp_path: Path, httpserver: HTTPServer) -> None:
    """Its calls meet the faults, later ones are passed on, and all of them are reported with how it ended."""
    httpserver.expect_request("/v1/a").respond_with_data("real")
    (tmp_path / "script").write_text("# first\nGET /a: 429 retry-after=1, 503\n")

    done = harness(tmp_path, "--script", "script", "--pass-through", httpserver.url_for("/v1"), *client())

    assert done.returncode == 0, done.stderr
    lines = re.sub(r"\+\d+\.\d\d s", "+T", done.stdout).splitlines()
    assert lines[:3] == ["+T  GET /a?b=1  429 Retry-After 1", "+T  GET /a?b=1  503", "+T  GET /a?b=1  passed on, 200"]
    assert lines[3:7] == ["Its output ends with:", "429 1", "503 None", "b'real'"]
    assert re.fullmatch(r"3 calls; the client exited with status 0 after \d+\.\d s\.", lines[7])


@pytest.mark.parametrize(
    "lines, script, message",
    [
        (["503 always"], RETRIES, "3 calls; the client exited with status 3"),
        ([], "", "It never called the server: put {fault_server} where it takes the provider's URL from."),
        ([], "import time; time.sleep(60)", "the client was still running after"),
    ],
    ids=["fails", "no call", "hangs"],
)
def test_a_command_that_does_not_succeed_is_reported(
    tmp_path: Path, lines: list[str], script: str, message: str
) -> None:
    """The exit status is 1, and the message states why."""
    options = [word for line in lines for word in ("--fault", line)]

    done = harness(tmp_path, *options, "--timeout", "3s", *client(script))

    assert done.returncode == 1
    assert message in done.stdout + done.stderr


def test_a_provider_that_is_away_is_named(tmp_path: Path) -> None:
    """That is no fault of the client."""
    done = harness(
        tmp_path,
        "--pass-through",
        "http://127.0.0.1:9",
        *client("import urllib.request as r, sys; r.urlopen(sys.argv[1])"),
    )

    assert done.returncode == 1
    assert "ERROR: http://127.0.0.1:9 could not be reached: ConnectError" in done.stderr


WRONG = {
    "unknown words": (["--fault", "rest"], "ERROR: --fault 'rest': 'rest' is not a fault. Did you mean 'reset'?"),
    "unknown words in a script": (["--script", "script"], "ERROR: script:2: '5o3' is not a fault. Did you mean '503'?"),
    "no script": (["--script", "none"], "--script none cannot be read: No such file or directory"),
    "no text": (["--script", "binary"], "--script binary cannot be read: it is not text in UTF-8"),
    "no URL": (["--pass-through", "api"], "--pass-through api is not a URL. Pass one such as https://api.example.com"),
    "no time": (["--timeout", "soon"], "--timeout: 'soon' is not a length of time; write 250ms, 3s"),
    "no program": (["--", "no-such-client"], "COMMAND: 'no-such-client' is not installed here. Install it"),
}


@pytest.mark.parametrize("words, message", WRONG.values(), ids=WRONG.keys())
def test_what_cannot_be_done_is_named_before_anything_runs(tmp_path: Path, words: list[str], message: str) -> None:
    """The exit status is 4."""
    (tmp_path / "script").write_text("503\n5o3\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")

    done = harness(tmp_path, *words)

    assert (done.returncode, done.stdout) == (4, "")
    assert message in done.stderr


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    """As every command does."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = harness(tmp_path, "--port", str(taken.getsockname()[1]))

    assert done.returncode == 4
    assert "the port is in use. Choose another port, or --port 0 for a free one." in done.stderr


def test_it_serves_until_it_is_stopped(tmp_path: Path) -> None:
    """Any client may call meanwhile; an error has the shape that harness.toml names."""
    (tmp_path / "harness.toml").write_text(
        '[target]\nname = "Tiny"\n[provider]\nspec = "none.json"\nbase_url = "http://127.0.0.1:9"\n'
        'error_body = { error = "{status}" }\n'
    )
    command = [sys.executable, "-u", "-m", "harness.cli", "faults", "--fault", "503"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        found = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
        assert found
        answers = [httpx.get(found[0], trust_env=False).json() for _ in range(2)]
        process.send_signal(signal.SIGINT)
        printed = process.stdout.read()

    assert process.returncode == 0
    assert answers == [{"error": 503}, {}]
    assert printed.splitlines()[-1] == "2 calls."
