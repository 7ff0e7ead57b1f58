"""The processes of one run of a target."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from harness.context.isolated_copy import isolated_copy
from harness.context.run_context import RunContext
from harness.errors import ConfigurationError, ProcessError
from tests.waiting import wait_for


def test_a_process_that_does_not_come_up_ends_those_before_it(tmp_path: Path) -> None:
    """What was started is stopped, and the target's processes are again none."""
    command = '["{python}", "-m", "http.server", "--bind", "127.0.0.1", "{port:one}"]'
    one = f'[process.one]\ncommand = {command}\nready = "http://127.0.0.1:{{port:one}}/"\n'
    two = '[process.two]\ncommand = ["no-such-program"]\nready = "http://127.0.0.1:{port:two}/"\n'
    (tmp_path / "harness.toml").write_text('[target]\nname = "Tiny"\n' + one + two)

    with RunContext.begun(tmp_path, overlay=None) as context:
        with pytest.raises(ProcessError, match=r"\[process.two\] command"), context.running():
            pass

        assert [process.name for process in context.processes] == ["one", "two"]
        assert context.processes.deaths() == []
        assert not context._answers(next(iter(context.processes)).ready.url or "")
        context.client.close()


READY = ["", 'ready = { log = "here" }', 'ready = { command = ["test", "-e", "here"] }']


@pytest.mark.parametrize("ready", READY, ids=["none", "log", "command"])
def test_a_process_runs_in_its_folder_and_needs_no_url(tmp_path: Path, ready: str) -> None:
    """With `cwd`, a process and the command that shows its readiness run there, in a copy of the target too."""
    (tmp_path / "services" / "app").mkdir(parents=True)
    (tmp_path / "services" / "app" / "here").touch()
    words = '["sh", "-c", "ls; exec sleep 600"]'
    section = f'[process.app]\ncommand = {words}\ncwd = "services/app"\n{ready}\n'
    (tmp_path / "harness.toml").write_text('[target]\nname = "Tiny"\n' + section)

    with RunContext.begun(tmp_path, overlay=None) as context, context.running(), isolated_copy(context) as copy:
        for process in (*context.processes, *copy.processes):
            while not process.output():  # it is ready before it has printed
                assert process.death() is None
            assert process.output() == "here\n"
        assert context.processes.deaths() == []
        assert context.target.urls == []
        context.client.close()


GUARDED = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(int(sys.argv[2]))
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


@pytest.mark.parametrize("status", [401, 404])
def test_a_process_is_ready_when_its_url_has_the_named_status(tmp_path: Path, status: int) -> None:
    """Where every URL needs a credential, the team names the status; any other is not ready."""
    (tmp_path / "serve.py").write_text(GUARDED)

    def target(ready: str) -> None:
        url = '"http://127.0.0.1:{port:app}/"'
        section = f'[process.app]\ncommand = ["{{python}}", "serve.py", "{{port:app}}", "{status}"]\n'
        section += f'ready = {{ url = {url}{ready} }}\nready_within = "3s"\n'
        (tmp_path / "harness.toml").write_text('[target]\nname = "Tiny"\n' + section)

    target(f", status = {status}")
    with RunContext.begun(tmp_path, overlay=None) as context, context.running():
        assert context.processes.deaths() == []
        assert context.processes.state.revived() == 0
        context.client.close()
    for ready, expected in (("", "2xx"), (", status = 403", "403")):
        target(ready)
        with RunContext.begun(tmp_path, overlay=None) as context:
            with pytest.raises(ProcessError, match=f"did not answer {expected}"), context.running():
                pass
            context.client.close()


CALLS = "import sys, urllib.request as r; r.urlopen(sys.argv[1] + '/me').read(); print('called', flush=True)"


def test_a_process_calls_the_provider_at_an_address_before_it(tmp_path: Path, httpserver: HTTPServer) -> None:
    """`{provider}` in the command and `env` of a process is the address of a proxy that forwards to the base URL."""
    httpserver.expect_request("/v1/me").respond_with_data("ok")
    provider = f'[provider]\nspec = "openapi.json"\nbase_url = "{httpserver.url_for("/v1")}"\n'
    shows = "; print(__import__('os').environ['URL'], flush=True); __import__('time').sleep(60)"
    words = '["{python}", "-c", "' + CALLS + shows + '", "{provider}"]'
    section = f'[process.app]\ncommand = {words}\nready = {{ log = "called" }}\nenv = {{ URL = "{{provider}}" }}\n'
    (tmp_path / "harness.toml").write_text('[target]\nname = "Tiny"\n' + provider + section)

    with RunContext.begun(tmp_path, overlay=None) as context, context.running():
        (process,) = context.processes
        wait_for(lambda: "http://" in process.output())
        address = process.output().split()[-1]
        context.client.close()

    assert [request.path for request, _ in httpserver.log] == ["/v1/me"]
    assert address.startswith("http://127.0.0.1:")
    assert address.endswith("/v1")
    assert address != httpserver.url_for("/v1")


def test_an_address_before_no_provider_is_an_error(tmp_path: Path) -> None:
    """The message names the process, and what is not set."""
    section = '[process.app]\ncommand = ["sleep", "9"]\nenv = { URL = "{provider}" }\n'
    (tmp_path / "harness.toml").write_text('[target]\nname = "Tiny"\n' + section)

    with RunContext.begun(tmp_path, overlay=None) as context:
        with pytest.raises(ConfigurationError, match=r"\[process.app\]: \{provider\} stands for .* Add it"):
            context.running().__enter__()
        context.client.close()


PREPARED = """
[target]
name = "Tiny"

[process.app]
prepare = ["sh", "-c", "echo once >> '{run_dir}/made'; mkdir '{run_dir}/sub'; echo $A > '{run_dir}/sub/greeting'"]
command = ["sleep", "600"]
env = { A = "hello" }
"""


def test_what_is_prepared_once_is_copied_into_copies(tmp_path: Path) -> None:
    """The command runs before the first start; a copy of the target gets what it wrote, not what came later."""
    (tmp_path / "harness.toml").write_text(PREPARED)
    with RunContext.begun(tmp_path, overlay=None) as context, context.running():
        (context.run.path / "made").write_text("changed by the process")
        with isolated_copy(context) as copy:
            assert (copy.run.path / "made").read_text() == "once\n"
            assert (copy.run.path / "sub" / "greeting").read_text() == "hello\n"
        context.client.close()


def test_a_preparation_that_fails_names_its_key_and_last_words(tmp_path: Path) -> None:
    """Nothing is started after it."""
    (tmp_path / "harness.toml").write_text(PREPARED.replace("echo once", "echo no such table; exit 3; echo"))
    with RunContext.begun(tmp_path, overlay=None) as context:
        with pytest.raises(ProcessError) as raised, context.running():
            pass
        context.client.close()

    assert str(raised.value).startswith(
        "harness.toml: [process.app] prepare exited with status 3. Run it by hand to see why: sh -c "
    )
    assert str(raised.value).endswith("no such table")
