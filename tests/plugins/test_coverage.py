"""Coverage of the spec through a gate of several workers."""

from __future__ import annotations

import json
import re

import pytest

from harness.model import Outcome

from .conftest import Folder

SPEC = {
    "openapi": "3.1.0",
    "info": {"title": "Pings", "version": "1"},
    "paths": {
        "/ping/{word}": {
            "get": {
                "parameters": [
                    {"name": "word", "in": "path", "required": True, "schema": {"type": "string", "minLength": 2}}
                ],
                "responses": {
                    "200": {
                        "description": "It.",
                        "content": {"application/json": {"schema": {"type": "object", "required": ["word"]}}},
                    },
                    "404": {"description": "None."},
                    "503": {"description": "Never."},
                },
            }
        }
    },
}
SERVE = """
import http.server, json, sys, urllib.parse

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        word = urllib.parse.unquote(self.path.rpartition("/")[2])
        body = json.dumps({"word": word}).encode()
        self.send_response(200 if len(word) > 1 else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
TOML = """
[target]
name = "Pings"
scenarios = ["scenarios"]

[process.app]
command = ["{python}", "serve.py", "{port:app}"]
ready = "http://127.0.0.1:{port:app}/ping/ready"

[provider]
spec = "openapi.json"
base_url = "http://127.0.0.1:{port:app}"

[contract]
coverage = { operations = 100, responses = 30 }
"""
SCENARIOS = '''
import pytest

@pytest.mark.verifies("workflow.core")
@pytest.mark.parametrize("word", ["one", "two"])
def test_a_ping_comes_back(api, word):
    """What is sent comes back."""
    assert api.get(f"/ping/{word}").json() == {"word": word}
'''


@pytest.fixture
def pings(folder: Folder) -> Folder:
    """A provider of one operation with scenarios of its own."""
    folder.write("openapi.json", json.dumps(SPEC))
    folder.write("serve.py", SERVE)
    folder.write("harness.toml", TOML)
    folder.write("scenarios/test_pings.py", SCENARIOS)
    return folder


def test_what_all_workers_saw_is_one_table(pings: Folder) -> None:
    """Scenarios and checks of all workers stand in one table, told apart, and are held against the threshold."""
    ran = pings.gate("-n2", "--only", "workflow.core,contract.fuzz")
    assert ran.report is not None, ran.text
    assert ran.report.coverage is not None
    (operation,) = ran.report.coverage.operations
    calls = {s.name: sum(s.statuses.values()) for s in operation.sources}
    (item,) = [i for i in ran.report.items if i.id == "contract.coverage"]

    assert calls["scenarios"] == 2
    assert calls["checks"] > 0
    assert operation.missing == ("503",)
    assert (item.outcome, item.summary) == (
        Outcome.PASS,
        "Exercised enough of the spec: 1 of 1 operations (100 %), 2 of 3 documented responses (66 %)",
    )


def test_scenarios_alone_cannot_tell_how_much_is_covered(pings: Folder) -> None:
    """Without the shipped checks a low share is no failure: nobody asked the rest."""
    pings.write("harness.toml", TOML.replace("responses = 30", "responses = 100"))

    ended = pings.pytest("scenarios", "--harness-mode=live")

    assert ended.status == 0, ended.text
    assert "contract.coverage" not in ended.out.partition("fail")[2]


def test_a_run_without_some_checks_does_not_know_the_coverage(pings: Folder) -> None:
    """A low share is then no failure, and the finding names the number of checks that were left out."""
    pings.write("harness.toml", TOML.replace("responses = 30", "responses = 100"))

    ran = pings.gate("--only", "workflow.core")

    assert ran.report is not None, ran.text
    (item,) = [i for i in ran.report.items if i.id == "contract.coverage"]
    assert item.outcome is Outcome.NOT_RUN
    assert re.search(r": \d+ checks were deselected, so the coverage is not known$", item.findings[0].summary)


FORGED = ("garbage", "{}", '[{"operation": "GET /ping/{word}", "seen": {"name": "checks", "statuses": {"": 1}}}]')
FORGER = f"""
import pytest

@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport():
    report = yield
    report.user_properties += [("harness.coverage", text) for text in {FORGED}]
    return report
"""


@pytest.mark.parametrize("args", [(), ("-n2",)], ids=["bare", "n2"])
def test_a_forged_property_is_a_problem_and_the_rest_is_counted(pings: Folder, args: tuple[str, ...]) -> None:
    """Whatever stands under the name of what a test saw, the report names the test and keeps what others saw."""
    pings.write("conftest.py", FORGER)

    ended = pings.gate("-k", "comes_back", *args)

    assert ended.status == 1, ended.text
    assert "INTERNALERROR" not in ended.text
    about = [line for line in ended.problems.splitlines() if "[live-one]: its property harness.coverage is " in line]
    assert len(about) == len(FORGED)
    assert ended.report is not None
    assert ended.report.coverage is not None
    calls = {s.name: dict(s.statuses) for s in ended.report.coverage.operations[0].sources}
    assert calls["scenarios"] == {"200": 2}
    assert "" not in calls.get("checks", {})
