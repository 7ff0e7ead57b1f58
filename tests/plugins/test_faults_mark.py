"""`@pytest.mark.faults`: a scenario lets the team's own client meet faults, in the words of `harness faults`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from pytest_httpserver import HTTPServer

if TYPE_CHECKING:
    from tests.plugins.conftest import Folder

START = """
import httpx, pytest

def call(server, path="/items"):
    return httpx.get(server.url + path, trust_env=False).status_code
"""
SPEC = {
    "openapi": "3.1.0",
    "info": {"title": "t", "version": "1"},
    "paths": {"/items": {"get": {"responses": {"200": {"description": "ok"}}}}},
}


def outcome(folder: Folder, server: HTTPServer, test: str, *words: str) -> tuple[int, str]:
    folder.write("openapi.json", json.dumps(SPEC))
    folder.write(
        "harness.toml",
        '[target]\nname = "Tiny"\nscenarios = ["scenarios"]\n'
        f'[provider]\nspec = "openapi.json"\nbase_url = "{server.url_for("").rstrip("/")}"\n',
    )
    folder.write("scenarios/test_own.py", START + test)
    done = folder.pytest("scenarios", *words)
    return done.status, done.text


@pytest.mark.parametrize("mode", ["live", "replay"])
def test_calls_meet_the_faults_of_the_mark(folder: Folder, httpserver: HTTPServer, mode: str) -> None:
    """Then the provider answers, and the test sees each attempt."""
    httpserver.expect_request("/items").respond_with_json([])
    test = """
@pytest.mark.faults("503x2", "/items: 429 retry-after=1")
def test_it(fault_server):
    assert [call(fault_server) for _ in range(4)] == [503, 503, 429, 200]
    assert [a.fault for a in fault_server.attempts] == ["503", "503", "429 Retry-After 1", ""]
"""
    status, text = outcome(folder, httpserver, test, f"--harness-mode={mode}")

    assert status == 0, text
    assert "1 passed" in text


WRONG = {
    "unknown words": (
        '@pytest.mark.faults("503", "rest x2")\ndef test_it(fault_server): pass',
        "scenarios/test_own.py::test_it: faults('rest x2'): 'rest x2' is not a fault. Did you mean 'reset'?",
    ),
    "no fixture": (
        '@pytest.mark.faults("503")\ndef test_it(): pass',
        "scenarios/test_own.py::test_it: the mark faults needs the fixture `fault_server`",
    ),
}


@pytest.mark.parametrize("test, message", WRONG.values(), ids=WRONG.keys())
def test_a_mark_that_means_nothing_ends_the_run(
    folder: Folder, httpserver: HTTPServer, test: str, message: str
) -> None:
    """The exit status is 4, and the message has the test, the words and the nearest ones."""
    status, text = outcome(folder, httpserver, test)

    assert status == 4
    assert message in text
