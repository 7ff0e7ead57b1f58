"""Libraries that answer in a provider's place: what passes with them is no live evidence."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.model import Mode, Outcome
from harness.reports.json import read
from tests.ports import free_port
from tests.real.cassettes.conftest import SPEC

TIMEOUT_S = 120
ITEM = {"id": "item-1"}
STORED = """
interactions:
- request: {body: null, headers: {}, method: GET, uri: 'URL/item'}
  response:
    body: {string: '{"id": "item-1"}'}
    headers: {content-type: [application/json]}
    status: {code: 200, message: OK}
version: 1
"""
START = """
import json, pytest, httpx, requests, sys
sys.path.append(PACKAGES)
URL, ITEM = BASE, {"id": "item-1"}
core = pytest.mark.verifies("workflow.core")

"""
PLUGINS = ("recording", "vcr", "pytest_httpx", "requests_mock", "respx", "pook")
RUN = "import sys; sys.path.append(sys.argv.pop(1)); import pytest; sys.exit(pytest.main(sys.argv[1:]))"
FIXTURES = ("", "api", "cassette", "provider_url")


@dataclass(frozen=True)
class Fake:
    """One library: the test whose call it answers, and the pytest plugin that it needs."""

    test: str
    plugin: str = ""
    stored: bool = False
    """Whether it answers by the URL with which something was recorded."""


FAKES = {
    "pytest-recording": Fake("@core\n@pytest.mark.vcr\ndef test_it(FIXTURES): CALL", "recording", stored=True),
    "pytest-vcr": Fake("@core\n@pytest.mark.vcr\ndef test_it(FIXTURES): CALL", "vcr", stored=True),
    "responses": Fake(
        "import responses\n@core\n@responses.activate\ndef test_it(FIXTURES):\n"
        "    responses.get(ADDRESS + '/item', json=ITEM)\n    CALL"
    ),
    "requests-mock": Fake(
        "@core\ndef test_it(FIXTURES, requests_mock):\n    requests_mock.get(ADDRESS + '/item', json=ITEM)\n    CALL",
        "requests_mock",
    ),
    "respx": Fake(
        "@core\ndef test_it(FIXTURES, respx_mock):\n"
        "    respx_mock.get(ADDRESS + '/item').respond(json=ITEM)\n    CALL_HTTPX",
        "respx",
    ),
    "pytest-httpx": Fake(
        "@core\ndef test_it(FIXTURES, httpx_mock):\n    httpx_mock.add_response(json=ITEM)\n    CALL_HTTPX",
        "pytest_httpx",
    ),
    "pytest-httpx-first": Fake(
        "@core\ndef test_it(httpx_mock, FIXTURES):\n    httpx_mock.add_response(json=ITEM)\n    CALL_HTTPX",
        "pytest_httpx",
    ),
    "mocket": Fake(
        "from mocket import mocketize\nfrom mocket.mocks.mockhttp import Entry\n@core\n@mocketize\n"
        "def test_it(FIXTURES):\n"
        "    Entry.single_register(Entry.GET, ADDRESS + '/item', body=json.dumps(ITEM))\n    CALL"
    ),
    "httpretty": Fake(
        "import httpretty\n@core\n@httpretty.activate(allow_net_connect=True)\ndef test_it(FIXTURES):\n"
        "    httpretty.register_uri(httpretty.GET, ADDRESS + '/item', body=json.dumps(ITEM))\n    CALL"
    ),
    "pook": Fake(
        "import pook\n@core\n@pook.on\ndef test_it(FIXTURES):\n"
        "    pook.get(ADDRESS + '/item', reply=200, response_json=ITEM)\n    CALL"
    ),
}


@pytest.mark.parametrize("name", FAKES)
def test_an_answer_in_the_providers_place_is_recorded_evidence(
    name: str, tmp_path: Path, real_python: Callable[[str], str]
) -> None:
    """What passes with the provider switched off verifies nothing live, whichever fixture the test requests."""
    fake = FAKES[name]
    (packages,) = Path(real_python("mocks")).parents[1].glob("lib/python3*/site-packages")
    url = f"http://127.0.0.1:{free_port()}"
    (tmp_path / "openapi.json").write_text(json.dumps(SPEC), encoding="utf-8")
    toml = f'[target]\nname = "x"\n[provider]\nspec = "openapi.json"\nbase_url = "{url}"\n'
    (tmp_path / "harness.toml").write_text(toml, encoding="utf-8")
    start = START.replace("PACKAGES", repr(str(packages))).replace("BASE", repr(url))
    (tmp_path / "test_own.py").write_text(start + "\n".join(_tests(fake)) + "\n", encoding="utf-8")
    for fixture in FIXTURES:
        for folder in ("cassettes", "cassettes/test_own"):  # where pytest-vcr and pytest-recording look
            file = tmp_path / folder / f"test_{fixture}.yaml"
            file.parent.mkdir(exist_ok=True)
            file.write_text(STORED.replace("URL", url), encoding="utf-8")

    ended = _run(tmp_path, packages, fake.plugin)

    report = read((tmp_path / "reports" / "readiness.json").read_bytes())
    item = next(i for i in report.items if i.id == "workflow.core")
    passed = {f.test.rpartition("::")[2] for f in item.findings if f.outcome is Outcome.PASS}
    assert "test_" in passed, ended
    assert {f.mode for f in item.findings if f.outcome is Outcome.PASS} == {Mode.RECORDED}
    assert item.outcome is not Outcome.PASS


@pytest.mark.parametrize("plugin, folder", [("recording", "cassettes/test_own"), ("vcr", "cassettes")])
def test_the_recordings_of_a_plugin_count(
    plugin: str, folder: str, tmp_path: Path, real_python: Callable[[str], str]
) -> None:
    """A scenario marked `vcr` verifies `workflow.recorded` from the cassette of pytest-recording or pytest-vcr."""
    (packages,) = Path(real_python("mocks")).parents[1].glob("lib/python3*/site-packages")
    url = f"http://127.0.0.1:{free_port()}"
    (tmp_path / "openapi.json").write_text(json.dumps(SPEC), encoding="utf-8")
    toml = f'[target]\nname = "x"\nscenarios = ["test_own.py"]\n[provider]\nspec = "openapi.json"\nbase_url = "{url}"\n'
    (tmp_path / "harness.toml").write_text(toml, encoding="utf-8")
    test = "import pytest, requests\n@pytest.mark.vcr\ndef test_it():\n    assert requests.get(URL + '/item').ok\n"
    (tmp_path / "test_own.py").write_text(f"URL = {url!r}\n{test}", encoding="utf-8")
    (tmp_path / folder).mkdir(parents=True)
    (tmp_path / folder / "test_it.yaml").write_text(STORED.replace("URL", url), encoding="utf-8")

    ended = _run(tmp_path, packages, plugin)

    report = read((tmp_path / "reports" / "readiness.json").read_bytes())
    item = next(i for i in report.items if i.id == "workflow.recorded")
    assert item.outcome is Outcome.PASS, ended
    assert {f.mode for f in item.findings} == {Mode.RECORDED}
    assert {f.check for f in item.findings} == {"conforms", "requests"}


def _tests(fake: Fake) -> Iterator[str]:
    """Yield one test for each fixture: its calls go to the provider's URL, by the client that the library answers."""
    for fixture in FIXTURES:
        text = fake.test.replace("test_it", f"test_{fixture}")
        text = text.replace("httpx_mock, FIXTURES", f"httpx_mock, {fixture}" if fixture else "httpx_mock")
        text = text.replace("FIXTURES, ", f"{fixture}, " if fixture else "").replace("FIXTURES", fixture)
        by_httpx = "api.get('/item')" if fixture == "api" else "httpx.get(ADDRESS + '/item', trust_env=False)"
        text = text.replace("CALL_HTTPX", f"assert {by_httpx}.json() == ITEM")
        text = text.replace("CALL", "assert requests.get(ADDRESS + '/item').json() == ITEM")
        yield text.replace("ADDRESS", "provider_url" if fixture == "provider_url" and not fake.stored else "URL")


def _run(folder: Path, packages: Path, plugin: str) -> str:
    others = [word for name in PLUGINS if name != plugin for word in ("-p", f"no:{name}")]
    words = ["-q", "-p", "no:schemathesis", "-p", "no:cacheprovider", *others, f"--rootdir={folder}"]
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(packages), *words, "--harness-mode=live", "--harness-gate"],
        cwd=folder,
        env={k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "HARNESS_"))},
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT_S,
    )
    return done.stdout + done.stderr
