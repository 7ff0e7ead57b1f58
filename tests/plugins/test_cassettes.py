"""Scenarios under pytest itself, in every mode: what is sent, what is kept, and what a person is told."""

from __future__ import annotations

import contextlib
import io
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from pytest_httpserver import HTTPServer

from harness.cassettes.storage import Storage

if TYPE_CHECKING:
    from tests.plugins.conftest import Folder

TEXT = {"type": "string"}
ITEM = {"type": "object", "required": ["id", "state"], "properties": {"id": TEXT, "state": TEXT}}
ANSWER = {"description": "An item", "content": {"application/json": {"schema": ITEM}}}
SPEC = {
    "openapi": "3.1.0",
    "info": {"title": "Items", "version": "1"},
    "paths": {
        "/items": {
            "post": {
                "requestBody": {"content": {"application/json": {"schema": {"type": "object"}}}},
                "responses": {"201": ANSWER},
            }
        },
        "/items/{id}": {
            "get": {
                "parameters": [{"name": "id", "in": "path", "required": True, "schema": TEXT}],
                "responses": {"200": ANSWER},
            }
        },
    },
}
TOML = '[target]\nname = "Tiny"\n[provider]\nspec = "openapi.json"\nbase_url = "{url}"\n'
CREATES = """
def test_creates(api):
    made = api.post("/items", json={"name": "one"}).raise_for_status().json()
    while api.get(f"/items/{made['id']}").raise_for_status().json()["state"] != "done":
        pass
"""
CASSETTE = "cassettes/own/test_creates.yaml"
POLLS = 3
SPARED = ("schemathesis", "hypothesispytest", "pytest_httpserver")


class Provider:
    """A provider whose items are done after a few looks at them."""

    def __init__(self, server: HTTPServer) -> None:
        self.url = f"http://127.0.0.1:{server.port}"
        self.server = server
        self.calls: list[str] = []
        self.made = 0
        self.answer: dict[str, Any] = {}
        server.expect_request("/items", method="POST").respond_with_handler(self._make)
        server.expect_request("/items/item-1", method="GET").respond_with_handler(self._show)
        server.expect_request("/items/item-2", method="GET").respond_with_handler(self._show)
        server.expect_request("/undocumented").respond_with_handler(self._show)

    def _make(self, _request: Any) -> Any:
        self.calls.append("make")
        self.made += 1
        return self._json({"id": f"item-{self.made}", "state": "new"}, 201)

    def _show(self, request: Any) -> Any:
        self.calls.append("show")
        state = "done" if self.calls.count("show") % POLLS == 0 else "busy"
        return self._json({"id": request.path.rpartition("/")[2], "state": state}, 200)

    def _json(self, value: dict[str, Any], status: int) -> Any:
        from werkzeug import Response

        return Response(json.dumps({**value, **self.answer}), status, content_type="application/json")


@pytest.fixture
def provider(httpserver: HTTPServer, folder: Folder) -> Provider:
    provider = Provider(httpserver)
    folder.write("openapi.json", json.dumps(SPEC))
    folder.write("harness.toml", TOML.format(url=provider.url))
    folder.write("test_own.py", CREATES)
    return provider


class Ended(NamedTuple):
    """How a run of pytest ended."""

    status: int
    out: str


def run(folder: Folder, mode: str, *args: str) -> Ended:
    """Run pytest in the folder, within this process: what takes long, importing the rooms, is done once."""
    out = io.StringIO()
    words = [f"--harness-mode={mode}", "-q", "--import-mode=importlib", "--assert=plain", f"--rootdir={folder.path}"]
    for name in (*SPARED, "xdist", "cacheprovider"):
        words += ["-p", f"no:{name}"]
    sys.modules.pop("test_own", None)
    sys.dont_write_bytecode, before = True, sys.dont_write_bytecode
    try:
        with contextlib.chdir(folder.path), contextlib.redirect_stdout(out):
            status = pytest.main([*words, *args])
    finally:
        sys.dont_write_bytecode = before
    return Ended(int(status), out.getvalue())


def recorded(folder: Folder, name: str = CASSETTE) -> list[str]:
    found = Storage().read(folder.path / name).interactions
    return [f"{i['request']['method']} {i['request']['uri']}" for i in found]


def test_a_scenario_is_recorded_and_played_back(folder: Folder, provider: Provider) -> None:
    """Recorded once, a scenario with polling runs offline: the sequence advances, and nothing is sent."""
    assert run(folder, "record").status == 0
    sent = len(provider.calls)

    ended = run(folder, "replay")

    assert ended.status == 0, ended.out
    assert len(provider.calls) == sent == 1 + POLLS
    assert recorded(folder) == ["POST http://127.0.0.1/items", *["GET http://127.0.0.1/items/item-1"] * POLLS]
    metadata = Storage().read(folder.path / CASSETTE).metadata
    assert metadata["scenario"] == "test_own.py::test_creates"
    assert metadata["recorded_at"].endswith("Z")
    assert len(metadata["spec_digest"]) == 64


def test_without_a_recording_the_command_that_makes_it_is_named(folder: Folder, provider: Provider) -> None:
    """A missing cassette is told with its file and the command, and nothing is sent."""
    ended = run(folder, "replay")

    assert ended.status == 1
    assert (
        f"No recording: {CASSETTE} does not exist. "
        "Record it with: pytest --harness-mode=record test_own.py::test_creates" in ended.out
    )
    assert provider.calls == []


@pytest.mark.usefixtures("provider")
def test_a_call_that_is_not_recorded_shows_what_differs(folder: Folder) -> None:
    """The message has the closest recorded call, the place in its body, both values, and the command."""
    run(folder, "record")
    folder.write("test_own.py", CREATES.replace('"one"', '"two"'))

    ended = run(folder, "replay")

    assert ended.status == 1
    for said in (
        f"{CASSETTE} holds no recording of POST /items.",
        "  1. POST /items\n",
        '$.name: changed value, recorded "one", seen "two"',
        "record it anew: pytest --harness-mode=rewrite test_own.py::test_creates",
    ):
        assert said in ended.out, ended.out


@pytest.mark.usefixtures("provider")
def test_a_refused_call_counts_though_the_client_hides_it(folder: Folder) -> None:
    """A client that swallows the error does not make the scenario pass."""
    run(folder, "record")
    hidden = "    try: api.get('/items/other')\n    except Exception: pass\n"
    folder.write("test_own.py", CREATES + hidden)

    ended = run(folder, "replay")

    assert ended.status == 1
    assert f"workflow.recorded: {CASSETTE} holds no recording of GET /items/other." in ended.out


@pytest.mark.usefixtures("provider")
def test_a_write_is_played_as_often_as_it_was_recorded(folder: Folder) -> None:
    """A scenario that writes once more than before fails; one that looks once more sees the last answer again."""
    run(folder, "record")
    again = "    assert api.get('/items/item-1').json()['state'] == 'done'\n"
    folder.write("test_own.py", CREATES + again)
    assert run(folder, "replay").status == 0

    folder.write("test_own.py", CREATES + '    api.post("/items", json={"name": "one"})\n')
    ended = run(folder, "replay")

    assert ended.status == 1
    assert "POST /items was recorded 1 time, and is asked for once more." in ended.out


def test_recording_adds_and_rewriting_replaces(folder: Folder, provider: Provider) -> None:
    """`record` plays what is there and adds what is missing; `rewrite` begins anew."""
    run(folder, "record")
    folder.write("test_own.py", CREATES + "    api.get('/items/item-2')\n")

    assert run(folder, "record").status == 0
    assert provider.calls.count("make") == 1
    assert len(recorded(folder)) == 2 + POLLS

    folder.write("test_own.py", CREATES)
    assert run(folder, "rewrite").status == 0
    assert provider.calls.count("make") == 2
    assert recorded(folder)[1] == "GET http://127.0.0.1/items/item-2"


BROKEN = {
    "assertion": (CREATES + "    assert False\n", {}),
    "breaks-the-spec": (CREATES, {"id": 7}),
    "undocumented": (CREATES + "    api.get('/undocumented')\n", {}),
}


@pytest.mark.parametrize("test, answer", BROKEN.values(), ids=BROKEN.keys())
@pytest.mark.parametrize("mode", ["record", "rewrite"])
def test_a_failed_test_leaves_a_good_cassette(
    mode: str, test: str, answer: dict[str, Any], folder: Folder, provider: Provider
) -> None:
    """Whatever made the test fail, the recording is byte for byte what it was."""
    run(folder, "record")
    before = (folder.path / CASSETTE).read_bytes()
    folder.write("test_own.py", test.replace('"one"', '"new"'))
    provider.answer = answer
    provider.made = 0

    ended = run(folder, mode)

    assert ended.status == 1
    assert (folder.path / CASSETTE).read_bytes() == before
    assert [p.name for p in (folder.path / CASSETTE).parent.iterdir()] == ["test_creates.yaml"]


@pytest.mark.usefixtures("provider")
def test_nothing_is_kept_of_a_first_run_that_fails(folder: Folder) -> None:
    """A scenario that broke off leaves no half recording."""
    folder.write("test_own.py", CREATES + "    assert False\n")

    assert run(folder, "record").status == 1
    assert not (folder.path / "cassettes").exists()


def test_responses_are_held_against_the_spec_in_every_mode(folder: Folder, provider: Provider) -> None:
    """A field of the wrong type and an undocumented call fail live, while recording, and from the recording."""
    folder.write("test_own.py", "def test_creates(api):\n    api.get('/items/item-1')\n    api.get('/undocumented')\n")
    provider.answer = {"state": 7}

    for mode, item in (("live", "workflow.contract"), ("record", "workflow.contract"), ("replay", "workflow.recorded")):
        ended = run(folder, mode)
        assert ended.status == 1
        assert f"{item}: GET /items/{{id}} answering 200 breaks the spec" in ended.out, ended.out
        assert "no operation of openapi.json describes this call" in ended.out


CLIENTS = {
    "httpx": "import httpx\n    return httpx.get(url, trust_env=False).json()",
    "requests": "import requests\n    return requests.get(url, timeout=5).json()",
    "urllib3": "import urllib3\n    return urllib3.request('GET', url).json()",
    "urllib": "import json, urllib.request\n    return json.load(urllib.request.urlopen(url))",
}


@pytest.mark.parametrize("client", CLIENTS.values(), ids=CLIENTS.keys())
def test_the_clients_of_users_are_recorded_too(client: str, folder: Folder, provider: Provider) -> None:
    """The fixture `cassette` records and plays back code that makes its own client, and checks what it was answered."""
    test = f"def get(url):\n    {client}\n"
    test += f"def test_creates(cassette):\n    assert get('{provider.url}/items/item-1')['id'] == 'item-1'\n"
    folder.write("test_own.py", test)

    assert run(folder, "record").status == 0
    sent = len(provider.calls)
    replayed = run(folder, "replay")
    provider.answer = {"state": 7}
    live = run(folder, "live")

    assert (replayed.status, sent, len(provider.calls)) == (0, 1, 2), replayed.out
    assert live.status == 1
    assert "GET /items/{id} answering 200 breaks the spec" in live.out


ASYNC = """
import pytest

@pytest.fixture
def anyio_backend(): return "asyncio"

@pytest.mark.anyio
async def test_creates(async_api):
    async with async_api as client:
        made = (await client.post("/items", json={"name": "one"})).raise_for_status().json()
        while (await client.get(f"/items/{made['id']}")).json()["state"] != "done":
            pass
"""


def test_coroutines_have_a_fixture_of_their_own(folder: Folder, provider: Provider) -> None:
    """`async_api` records and plays back as `api` does; neither of them minds who closes it."""
    for text in (ASYNC, ASYNC.replace("async with async_api as client:", "for client in [async_api]:")):
        folder.write("test_own.py", text)
        provider.calls.clear()
        provider.made = 0
        assert run(folder, "rewrite", "-W", "error").status == 0
        assert len(provider.calls) == 1 + POLLS
        ended = run(folder, "replay", "-W", "error")
        assert ended.status == 0, ended.out
        assert len(provider.calls) == 1 + POLLS


def test_one_cassette_serves_both_fixtures(folder: Folder, provider: Provider) -> None:
    """`api` and a client of the user's own share one sequence of recordings."""
    test = "def test_creates(api, cassette):\n    import httpx\n"
    test += "    api.get('/items/item-1')\n"
    test += f"    assert httpx.get('{provider.url}/items/item-1', trust_env=False).json()['state'] == 'busy'\n"
    test += "    assert api.get('/items/item-1').json()['state'] == 'done'\n"
    folder.write("test_own.py", test)

    assert run(folder, "record").status == 0
    assert len(recorded(folder)) == POLLS
    ended = run(folder, "replay")
    assert ended.status == 0, ended.out


@pytest.mark.parametrize("mode", ["record", "rewrite", "verify", "live"])
@pytest.mark.parametrize("fixture", ["api", "cassette"])
@pytest.mark.usefixtures("provider")
def test_hosts_that_the_target_does_not_name_are_refused(mode: str, fixture: str, folder: Folder) -> None:
    """Nothing is sent to a stranger, by whichever client; the message says how to allow it."""
    run(folder, "record")
    call = {
        "api": "api.get('http://stranger.example/')",
        "cassette": "__import__('httpx').get('http://stranger.example/')",
    }
    folder.write("test_own.py", f"def test_creates({fixture}):\n    {call[fixture]}\n")

    ended = run(folder, mode)

    assert ended.status == 1
    assert "Refused to send GET to stranger.example: harness.toml names no such host" in ended.out


@pytest.mark.usefixtures("provider")
def test_what_bypasses_the_cassette_does_not_leave_the_machine(folder: Folder) -> None:
    """In replay a connection of some other client to another machine is refused, and says which fixture helps."""
    run(folder, "record")
    call = "    __import__('httpx').get('http://203.0.113.7/', trust_env=False)\n"
    folder.write("test_own.py", CREATES + call)

    ended = run(folder, "replay")

    assert ended.status == 1
    assert "Refused to connect to 203.0.113.7: in replay nothing leaves this machine." in ended.out
    assert "ask for the fixture `cassette`" in ended.out


@pytest.mark.usefixtures("provider")
def test_workers_record_the_same_as_one_process(folder: Folder) -> None:
    """Two workers that record at once leave what one would, and play it back."""
    tests = "\n".join(f"def test_{n}(api): api.get('/items/item-1')" for n in range(4))
    folder.write("test_own.py", tests)

    words = ["-m", "pytest", "-n2", *(word for name in SPARED for word in ("-p", f"no:{name}"))]

    assert folder.run(*words, "--harness-mode=record").status == 0
    assert len(list((folder.path / "cassettes" / "own").iterdir())) == 4
    assert run(folder, "replay").status == 0


@pytest.mark.usefixtures("provider")
def test_a_cassette_is_where_its_test_is(folder: Folder) -> None:
    """The cassette's name is the module's and the test's, with its parameters, the same in every mode."""
    test = "import pytest\n@pytest.mark.parametrize('name', ['a b', 'c'])\ndef test_creates(api, name):\n"
    folder.write("test_own.py", test + "    api.get('/items/item-1')\n")

    assert run(folder, "rewrite,live").status == 0
    assert sorted(p.name for p in Path(folder.path / "cassettes" / "own").iterdir()) == [
        "test_creates-a_b.yaml",
        "test_creates-c.yaml",
    ]
    assert run(folder, "replay").status == 0
