"""Live means seen live: a test verifies a live item only by calls to the provider that the harness saw."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.model import ItemResult, Mode, Outcome
from harness.readiness.live_evidence import HOW, UNSEEN
from harness.reports.json import read
from tests.ports import free_port

from .conftest import SPARED, TOML, run

if TYPE_CHECKING:
    from tests.plugins.conftest import Folder

    from .conftest import Provider

START = """
import json, pathlib
import httpx, pytest, requests, vcr

ITEM = {"id": "item-1", "state": "done"}
CORE = pytest.mark.verifies("workflow.core")

def answer(request):
    return httpx.Response(200, json=ITEM)

@pytest.fixture
def base_url(target):
    return target.config.provider.base_url
"""
STORED = """
interactions:
- request: {body: '', headers: {}, method: GET, uri: 'URL/items/item-1'}
  response:
    body: {string: '{"id": "item-1", "state": "done"}'}
    headers: {content-type: [application/json]}
    status: {code: 200, message: OK}
version: 1
"""
SEEN = {
    "api": "def test_it(api): assert api.get('/items/item-1').json()['id']",
    "async-api": "def test_it(async_api):\n"
    "    import asyncio\n"
    "    assert asyncio.run(async_api.get('/items/item-1')).json()['id']",
    "cassette-requests": "def test_it(cassette, base_url):\n"
    "    assert requests.get(base_url + '/items/item-1').json()['id']",
    "cassette-httpx": "def test_it(cassette, base_url):\n"
    "    assert httpx.get(base_url + '/items/item-1', trust_env=False).json()['id']",
    "cassette-urllib": "def test_it(cassette, base_url):\n"
    "    import urllib.request\n"
    "    assert json.load(urllib.request.urlopen(base_url + '/items/item-1'))['id']",
    "connection-of-an-earlier-test": "CLIENT = httpx.Client(trust_env=False)\n"
    "def test_first(base_url): assert CLIENT.get(base_url + '/items/item-1').is_success\n"
    "@CORE\n"
    "def test_it(cassette, base_url): assert CLIENT.get(base_url + '/items/item-1').json()['id']",
    "provider-url": "def test_it(provider_url): assert requests.get(provider_url + '/items/item-1').json()['id']",
    "provider-url-of-a-session": "@pytest.fixture(scope='session')\n"
    "def client(provider_url):\n"
    "    with httpx.Client(base_url=provider_url, trust_env=False) as client:\n"
    "        yield client\n"
    "def test_first(client): client.get('/items/item-1')\n"
    "@CORE\n"
    "def test_it(client): assert client.get('/items/item-1').json()['id']",
    "provider-url-in-another-process": "def test_it(provider_url):\n"
    "    import subprocess, sys\n"
    "    code = 'import sys, urllib.request as r; r.urlopen(sys.argv[1]).read()'\n"
    "    subprocess.run([sys.executable, '-c', code, provider_url + '/items/item-1'], check=True)",
    "call-of-a-fixture": "@pytest.fixture\n"
    "def item(api): return api.get('/items/item-1').json()\n"
    "@CORE\n"
    "def test_it(item): assert item['id']",
}
UNSEEN_WITH_THE_PROVIDER = {
    "no-fixture": "def test_it(base_url): assert requests.get(base_url + '/items/item-1').json()['id']",
    "fixture-without-a-call": "def test_it(api): assert api",
    "address-without-a-call": "def test_it(provider_url, base_url):\n"
    "    assert requests.get(base_url + '/items/item-1').json()['id']",
    "call-of-an-earlier-test": "def test_first(provider_url): requests.get(provider_url + '/items/item-1')\n"
    "@CORE\n"
    "def test_it(provider_url): assert provider_url",
}
UNSEEN_WITHOUT_IT = {
    "nothing": "def test_it(): pass",
    "mock-transport": "def test_it(cassette, base_url):\n"
    "    with httpx.Client(transport=httpx.MockTransport(answer)) as client:\n"
    "        assert client.get(base_url + '/items/item-1').json()['id']",
    "async-mock-transport": "def test_it(cassette, base_url):\n"
    "    import asyncio\n"
    "    async def call():\n"
    "        async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:\n"
    "            return await client.get(base_url + '/items/item-1')\n"
    "    assert asyncio.run(call()).json()['id']",
    "asgi-transport": "def test_it(cassette, base_url):\n"
    "    def app(environ, start):\n"
    "        start('200 OK', [('content-type', 'application/json')])\n"
    "        return [json.dumps(ITEM).encode()]\n"
    "    with httpx.Client(transport=httpx.WSGITransport(app)) as client:\n"
    "        assert client.get(base_url + '/items/item-1').json()['id']",
    "patched-transport": "def test_it(api, monkeypatch):\n"
    "    monkeypatch.setattr(httpx.HTTPTransport, 'handle_request', lambda self, request: answer(request))\n"
    "    assert api.get('/items/item-1').json()['id']",
    "patched-pool": "def test_it(api, monkeypatch):\n"
    "    import httpcore\n"
    "    body = json.dumps(ITEM).encode()\n"
    "    content = {'headers': [(b'content-type', b'application/json')], 'content': body}\n"
    "    respond = lambda self, request: httpcore.Response(200, **content)\n"
    "    monkeypatch.setattr(httpcore.ConnectionPool, 'handle_request', respond)\n"
    "    assert api.get('/items/item-1').json()['id']",
    "vcr-before-the-address": "def test_it(provider_url):\n"
    "    stored = pathlib.Path('stored.yaml')\n"
    "    stored.write_text(stored.read_text().replace(ORIGIN, provider_url))\n"
    "    with vcr.use_cassette('stored.yaml', record_mode='none'):\n"
    "        assert requests.get(provider_url + '/items/item-1').json()['id']",
    "no-provider-at-the-address": "def test_it(provider_url):\n"
    "    assert requests.get(provider_url + '/items/item-1').status_code == 502",
    "vcr-around-the-call": "def test_it(api, cassette, base_url):\n"
    "    with vcr.use_cassette('stored.yaml', record_mode='none'):\n"
    "        assert requests.get(base_url + '/items/item-1').json()['id']",
    "vcr-without-fixtures": "@vcr.use_cassette('stored.yaml', record_mode='none')\n"
    "def test_it(base_url): assert requests.get(base_url + '/items/item-1').json()['id']",
    "fake-on-another-port": "def test_it(cassette, httpserver):\n"
    "    httpserver.expect_request('/items/item-1').respond_with_json(ITEM)\n"
    "    assert requests.get(httpserver.url_for('/items/item-1')).json()['id']",
    "own-finding": "def test_it(findings):\n"
    "    from harness import Finding, Outcome\n"
    "    findings.add(Finding(item='workflow.core', outcome=Outcome.PASS, summary='all is well'))",
    "own-property": "def test_it(record_property):\n"
    "    from harness import Finding, Outcome\n"
    "    found = Finding(item='workflow.core', outcome=Outcome.PASS, summary='all is well')\n"
    "    record_property('harness.finding', found.to_json())",
    "finding-of-a-fixture": "@pytest.fixture\n"
    "def found(findings):\n"
    "    from harness import Finding, Outcome\n"
    "    yield\n"
    "    findings.add(Finding(item='workflow.core', outcome=Outcome.PASS, summary='all is well'))\n"
    "@CORE\n"
    "def test_it(found): pass",
}


def judged(folder: Folder, test: str, mode: str = "live") -> ItemResult:
    """Return what a run in the form of the gate finds about the core workflow."""
    marked = test if "@CORE" in test else f"@CORE\n{test}"
    folder.write("test_own.py", f"{START}\n{marked}\n")
    own = [word for name in SPARED if name == "pytest_httpserver" for word in ("-p", name)]
    ended = run(folder, mode, "--harness-gate", *own, "--harness-reports", str(folder.reports))
    report = read((folder.reports / "readiness.json").read_bytes())
    item = next(i for i in report.items if i.id == "workflow.core")
    assert "1 passed" in ended.out or "2 passed" in ended.out, ended.out
    return item


@pytest.mark.parametrize("test", SEEN.values(), ids=SEEN.keys())
@pytest.mark.usefixtures("provider")
def test_calls_that_the_harness_saw_are_live(test: str, folder: Folder) -> None:
    """A scenario verifies a live item by calls through the harness's fixtures, whatever client makes them."""
    item = judged(folder, test)

    assert item.outcome is Outcome.PASS, item.summary
    assert {f.mode for f in item.findings if f.test.endswith("::test_it")} == {Mode.LIVE}


@pytest.mark.parametrize("test", UNSEEN_WITH_THE_PROVIDER.values(), ids=UNSEEN_WITH_THE_PROVIDER.keys())
@pytest.mark.usefixtures("provider")
def test_calls_past_the_harness_are_not_live(test: str, folder: Folder) -> None:
    """A test whose calls the harness did not see is recorded evidence, though the provider answers."""
    item = judged(folder, test)

    assert item.outcome is Outcome.NOT_RUN
    assert {f.mode for f in item.findings} == {Mode.RECORDED}


@pytest.mark.parametrize("test", UNSEEN_WITHOUT_IT.values(), ids=UNSEEN_WITHOUT_IT.keys())
def test_answers_in_the_providers_place_are_not_live(test: str, folder: Folder, provider: Provider) -> None:
    """Whatever answers in the place of a provider that is switched off, the item is not verified live."""
    nobody = f"http://127.0.0.1:{free_port()}"
    folder.write("harness.toml", TOML.format(url=nobody))
    folder.write("stored.yaml", STORED.replace("URL", nobody))

    item = judged(folder, test.replace("ORIGIN", repr(nobody)))

    assert item.outcome is Outcome.NOT_RUN, item.summary
    assert provider.calls == []


@pytest.mark.usefixtures("provider")
def test_the_summary_says_how_to_make_it_live(folder: Folder) -> None:
    """The item names the test, what was not seen in it, and the ways to let the harness see it."""
    item = judged(folder, UNSEEN_WITH_THE_PROVIDER["no-fixture"])

    assert item.summary == (f"Seen recorded only; live evidence is required. test_own.py::test_it: {UNSEEN}. {HOW}")
    for name in ("`api`", "`cassette`", "`provider_url`"):
        assert name in HOW


@pytest.mark.usefixtures("provider")
def test_a_failure_counts_unseen(folder: Folder) -> None:
    """A test that fails before it calls anything fails its live item all the same."""
    folder.write("test_own.py", f"{START}\n@CORE\ndef test_it(): assert False\n")
    run(folder, "live", "--harness-gate", "--harness-reports", str(folder.reports))

    report = read((folder.reports / "readiness.json").read_bytes())
    assert next(i for i in report.items if i.id == "workflow.core").outcome is Outcome.FAIL


@pytest.mark.usefixtures("provider")
def test_plain_pytest_says_it_too(folder: Folder) -> None:
    """The section of plain pytest does not promise that the gate runs such a test live."""
    folder.write("test_own.py", f"{START}\n@CORE\n{UNSEEN_WITH_THE_PROVIDER['no-fixture']}\n")

    ended = run(folder, "replay", "-v")

    assert f"workflow.core: test_own.py::test_it: {UNSEEN}. {HOW}" in ended.out, ended.out


CLIENT = """
[client]
command = ["{python}", "-c", "import os, urllib.request as r; r.urlopen(os.environ['URL'] + '/items/item-1').read()"]
env = { URL = "{provider}" }
"""
PROCESS = """
[process.app]
command = ["{python}", "app.py", "{provider}"]
"""
APP = """
import pathlib, sys, time, urllib.request
while True:
    urllib.request.urlopen(sys.argv[1] + "/items/item-1").read()
    pathlib.Path("called").touch()
    time.sleep(0.05)
"""


RUNS_CLIENT = """
def test_it(client_run):
    _, ended = client_run([])
    assert ended.succeeded, ended.tail
"""
WAITS = """
def test_it(provider_url):
    import time
    called = pathlib.Path("called")
    called.unlink(missing_ok=True)
    while not called.exists():
        time.sleep(0.01)
"""
OWN_ITEMS = """
[[item]]
id = "own.seen"
level = "must"
text = "It is live."
remediation = "Call the provider."
evidence = "live"

[[item]]
id = "own.unseen"
level = "must"
text = "It is live."
remediation = "Call the provider."
evidence = "live"
"""
# The one begins before the other calls, and ends after it.
SEEN_BY_ONE = """
import pathlib, time, pytest, requests

@pytest.mark.verifies("own.seen")
def test_it(provider_url):
    while not pathlib.Path("begun").exists():
        time.sleep(0.01)
    assert requests.get(provider_url + "/items/item-1").ok
    pathlib.Path("called").touch()
"""
UNSEEN_BY_THE_OTHER = """
import pathlib, time, pytest

@pytest.mark.verifies("own.unseen")
def test_it(provider_url):
    pathlib.Path("begun").touch()
    while not pathlib.Path("called").exists():
        time.sleep(0.01)
"""


def test_a_run_of_the_client_in_a_test_is_seen(folder: Folder, provider: Provider) -> None:
    """A test that runs `[client]` verifies by the calls that this run makes at the address it is given."""
    folder.write("harness.toml", TOML.format(url=provider.url) + CLIENT)

    item = judged(folder, f"@CORE{RUNS_CLIENT}")

    assert item.outcome is Outcome.PASS, item.summary


def test_calls_of_a_process_beside_a_test_are_not_its_own(folder: Folder, provider: Provider) -> None:
    """A process of the target calls the provider all the time: that verifies nothing for the test that runs."""
    folder.write("harness.toml", TOML.format(url=provider.url) + PROCESS)
    folder.write("app.py", APP)

    item = judged(folder, f"@CORE{WAITS}")

    assert provider.calls
    assert item.outcome is Outcome.NOT_RUN, item.summary


def test_each_worker_sees_its_own_tests(folder: Folder, provider: Provider) -> None:
    """With pytest-xdist, a call in one worker is evidence of no test in another."""
    toml = TOML.format(url=provider.url).replace("[provider]", 'scenarios = ["own"]\n[provider]')
    folder.write("harness.toml", toml + OWN_ITEMS)
    folder.write("own/test_seen.py", SEEN_BY_ONE)
    folder.write("own/test_unseen.py", UNSEEN_BY_THE_OTHER)

    ended = folder.gate("-n2", "-k", "test_it", "--reports", str(folder.reports))

    assert ended.report is not None, ended.text
    outcomes = {i.id: i.outcome for i in ended.report.items if i.id.startswith("own.")}
    assert outcomes == {"own.seen": Outcome.PASS, "own.unseen": Outcome.NOT_RUN}
