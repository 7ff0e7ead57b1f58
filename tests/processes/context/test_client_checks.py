"""The checks of a client in one run: beside the tests or when asked, one run of it after another."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from harness.context.background import CLIENT_CASES
from harness.context.client_checks import ClientChecks
from harness.context.run_context import RunContext
from harness.errors import ProcessError
from harness.model import Outcome
from harness.resilience.client_case import ClientCase
from harness.resilience.client_cases import CASES, UNDISTURBED
from harness.resilience.credential_leak import REDIRECTED, URL, TransportCase
from harness.resilience.expectations import CLEAR_S, pauses
from harness.resilience.faults import respond

SECRET = "a-secret-of-the-provider-1"
# It fails where another one runs already, and notes each run; where PAUSE is set, it tries three times.
CLIENT = """
import http.client, os, pathlib, sys, time, urllib.parse
running = pathlib.Path("running")
running.touch(exist_ok=False)
where = urllib.parse.urlsplit(os.environ["URL"])
for attempt in range(3 if "PAUSE" in os.environ else 1):
    connection = http.client.HTTPConnection(where.hostname, where.port, timeout=5)
    connection.request("GET", "/projects", headers={"Authorization": "Bearer " + os.environ["KEY"]})
    try:
        status = connection.getresponse().status
    except OSError:
        status = 599
    if status < 500:
        break
    time.sleep(float(os.environ.get("PAUSE", "0.05")))
running.unlink()
with open("runs", "a") as runs:
    runs.write("run\\n")
sys.exit(status >= 300)
"""
TOML = """
[target]
name = "Tiny"
[provider]
spec = "openapi.yaml"
base_url = "{url}"
auth = {{ type = "bearer", token = "env:KEY" }}
[client]
command = ["{{python}}", "client.py"]
env = {{ URL = "{{fault_server}}", KEY = "env:KEY" }}
parallel = {parallel}
"""
SPEC = """
openapi: 3.1.0
info: {title: Tiny, version: "1"}
paths: {/projects: {get: {responses: {"200": {description: All of them.}}}}}
"""
REFUSED = next(case for case in CASES if case.id == "refused-400")
HURRIED = next(case for case in CASES if case.id == "unavailable-twice")
KEYED = next(case for case in CASES if case.item == "resilience.idempotency-keys")


class Provider(http.server.BaseHTTPRequestHandler):
    """Answers every call with one status, and quotes the credential."""

    status: ClassVar = 200

    def do_GET(self) -> None:
        body = f'{{"received": "{self.headers["Authorization"]}"}}'.encode()
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A provider that answers 200, until ``Provider.status`` is changed."""
    monkeypatch.setattr(Provider, "status", 200)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def loaded(
    tmp_path: Path, provider: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[RunContext]:
    """A target with a client and a provider; a parameter is its ``[client] parallel``."""
    parallel = getattr(request, "param", "true")
    monkeypatch.setenv("KEY", SECRET)
    (tmp_path / "harness.toml").write_text(TOML.format(url=provider, parallel=parallel))
    (tmp_path / "openapi.yaml").write_text(SPEC)
    (tmp_path / "client.py").write_text(CLIENT)
    with RunContext.begun(tmp_path, overlay=None) as context:
        yield context
        context.background.close()
        context.client.close()


def runs(loaded: RunContext) -> int:
    file = loaded.target.root / "runs"
    return len(file.read_text().splitlines()) if file.is_file() else 0


@pytest.mark.parametrize("loaded", ["false"], indirect=True)
def test_a_client_that_shares_state_runs_one_at_a_time(loaded: RunContext) -> None:
    """Cases that were begun, one that was not, and a plain run follow each other; each begun one is run once."""
    checks = ClientChecks.of(loaded)
    begun: list[ClientCase | TransportCase] = [UNDISTURBED, URL, *REDIRECTED]
    for case in begun:
        checks.begin(case)

    _, ended = checks.run((respond(400),))
    findings = [checks.result(case) for case in (REFUSED, *reversed(begun))]

    assert ended.exit_status == 1
    assert {f.outcome for f in findings} == {Outcome.PASS}, findings
    assert runs(loaded) == 1 + 3 + 1 + len(REDIRECTED) + 1, "three of them show what a second attempt has in its URL"


def test_a_case_that_judges_short_times_runs_alone(loaded: RunContext, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where others could decide what it finds, it runs once more, and while it does, nothing else does."""
    monkeypatch.setenv("PAUSE", "0.1")
    checks, other = ClientChecks.of(loaded), loaded.background.lane("other")
    begun, let_go = threading.Event(), threading.Event()
    runs_seen: list[int] = []

    def first() -> None:
        begun.set()
        let_go.wait()
        runs_seen.append(runs(loaded))

    def second() -> None:
        runs_seen.append(runs(loaded))

    checks.begin(HURRIED)
    other.begin("first", first)
    other.begin("second", second)
    begun.wait()
    with loaded.background.paused(CLIENT_CASES):  # until what is run beside others has been run
        pass
    threading.Timer(0.05, let_go.set).start()

    finding = checks.result(HURRIED)
    other.result("second", second)

    before, after = runs_seen
    assert (finding.outcome, after - before) == (Outcome.PASS, 1), finding
    assert all(case.alone for case in CASES if pauses in case.expectations)


def test_a_client_that_pauses_for_long_is_judged_beside_others(
    loaded: RunContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What other runs add to its pauses cannot decide, so its result is there while they go on."""
    monkeypatch.setenv("PAUSE", str(CLEAR_S))
    checks, other = ClientChecks.of(loaded), loaded.background.lane("other")
    let_go = threading.Event()
    checks.begin(HURRIED)
    other.begin("goes on", let_go.wait)

    finding = checks.result(HURRIED)
    let_go.set()

    assert finding.outcome is Outcome.PASS, finding
    assert other.result("goes on", let_go.wait)


def test_one_plain_run_serves_all_who_ask(loaded: RunContext) -> None:
    """A run without faults proves the same for every check that needs one."""
    checks = ClientChecks.of(loaded)

    assert checks.result(UNDISTURBED).outcome is Outcome.PASS
    attempts, ended = checks.run(())

    assert (len(attempts), ended.succeeded, runs(loaded)) == (1, True, 1)


def test_a_case_that_does_not_apply_is_not_run(loaded: RunContext) -> None:
    """Without an Idempotency-Key in the document, the client need not send one."""
    checks = ClientChecks.of(loaded)
    checks.begin(KEYED)

    finding = checks.result(KEYED)

    assert finding.outcome is Outcome.NOT_APPLICABLE
    assert "the spec declares no Idempotency-Key header" in finding.summary
    assert runs(loaded) == 0


@pytest.mark.parametrize("begun", [True, False])
def test_a_leak_is_reported_by_the_test_that_asks(loaded: RunContext, begun: bool) -> None:  # noqa: FBT001
    """A secret in an error that the provider sent to the client is no finding of the test that runs meanwhile."""
    Provider.status = 500
    checks = ClientChecks.of(loaded)
    if begun:
        checks.begin(UNDISTURBED)
        with loaded.background.paused():  # until it has run
            pass
    before = loaded.answer_search.findings()

    checks.result(UNDISTURBED)

    assert before == []
    assert ["env:KEY" in f.summary for f in loaded.answer_search.findings()] == [True]


def test_a_command_that_cannot_be_run_is_an_error_of_each_test(loaded: RunContext) -> None:
    """The error of a run beside the tests is raised where its result is asked for."""
    (loaded.target.root / "harness.toml").write_text(
        (loaded.target.root / "harness.toml").read_text().replace("{python}", "no-such-program")
    )
    with RunContext.begun(loaded.target.root, overlay=None) as context:
        checks = ClientChecks.of(context)
        checks.begin(REFUSED)
        checks.begin(UNDISTURBED)

        for case in (REFUSED, UNDISTURBED):
            with pytest.raises(ProcessError, match="'no-such-program' cannot be run"):
                checks.result(case)
        context.background.close()
