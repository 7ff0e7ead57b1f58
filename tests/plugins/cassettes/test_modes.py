"""Scenarios under pytest itself, in every mode: what is sent, what is kept, and what a person is told."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.cassettes.store.storage import Storage

from .conftest import CASSETTE, CREATES, POLLS, SPARED, recorded, run

if TYPE_CHECKING:
    from tests.plugins.conftest import Folder

    from .conftest import Provider


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
        f"{CASSETTE} has no recording of POST /items.",
        "  1. POST /items\n",
        '$.name: changed value, recorded "one", seen "two"',
        "record it again: pytest --harness-mode=rewrite test_own.py::test_creates",
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
    assert f"workflow.recorded: {CASSETTE} has no recording of GET /items/other." in ended.out


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
    assert "POST /items was recorded 1 time, and is requested once more." in ended.out


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
    assert "Refused to send GET to stranger.example: harness.toml does not name that host" in ended.out


@pytest.mark.usefixtures("provider")
def test_what_bypasses_the_cassette_does_not_leave_the_machine(folder: Folder) -> None:
    """In replay a connection of some other client to another machine is refused, and says which fixture helps."""
    run(folder, "record")
    call = "    __import__('httpx').get('http://203.0.113.7/', trust_env=False)\n"
    folder.write("test_own.py", CREATES + call)

    ended = run(folder, "replay")

    assert ended.status == 1
    assert "Refused to connect to 203.0.113.7: in replay no request leaves this machine." in ended.out
    assert "request the fixture `cassette`" in ended.out


@pytest.mark.usefixtures("provider")
def test_workers_record_the_same_as_one_process(folder: Folder) -> None:
    """Two workers that record at once leave what one would, and play it back."""
    tests = "\n".join(f"def test_{n}(api): api.get('/items/item-1')" for n in range(4))
    folder.write("test_own.py", tests)

    words = ["-m", "pytest", "-n2", *(word for name in SPARED for word in ("-p", f"no:{name}"))]

    assert folder.run(*words, "--harness-mode=record").status == 0
    assert len(list((folder.path / "cassettes" / "test_own").iterdir())) == 4
    assert run(folder, "replay").status == 0


@pytest.mark.usefixtures("provider")
def test_a_cassette_is_where_its_test_is(folder: Folder) -> None:
    """The cassette's name is the module's and the test's, with its parameters, the same in every mode."""
    test = "import pytest\n@pytest.mark.parametrize('name', ['a b', 'c'])\ndef test_creates(api, name):\n"
    folder.write("test_own.py", test + "    api.get('/items/item-1')\n")

    assert run(folder, "rewrite,live").status == 0
    assert sorted(p.name for p in Path(folder.path / "cassettes" / "test_own").iterdir()) == [
        "test_creates-a_b-fa5e4d482e.yaml",
        "test_creates-c.yaml",
    ]
    assert run(folder, "replay").status == 0


@pytest.mark.usefixtures("provider")
def test_what_only_a_recording_shows_is_marked_as_such(folder: Folder) -> None:
    """Plain pytest marks an item that needs live evidence as seen recorded only, and reports nothing as missing."""
    folder.write("test_own.py", "import pytest\n@pytest.mark.verifies('workflow.core')" + CREATES)
    run(folder, "record")

    ended = run(folder, "replay", "-vv")
    folder.write("test_own.py", (folder.path / "test_own.py").read_text() + "    assert not made\n")
    failed = run(folder, "replay")

    assert "pass    workflow.core: test_creates passed; seen recorded only; the gate runs it live" in ended.out
    assert "pass    workflow.recorded: " in ended.out
    assert "INCOMPLETE" not in ended.out
    assert "fail    workflow.recorded, workflow.core: test_creates: AssertionError" in failed.out
