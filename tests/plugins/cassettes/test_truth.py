"""Whether a recording can be believed: its age, its spec, its scenario, and the provider of today."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import yaml

from harness.cassettes.store.cassette_file import CassetteFile
from harness.cassettes.store.storage import Storage

from .conftest import CASSETTE, CREATES, SPEC, TOML, recorded, run

if TYPE_CHECKING:
    from tests.plugins.conftest import Folder

    from .conftest import Provider

GONE = "(gone)"
SHOWS = "def test_creates(api):\n    assert api.get('/items/item-1').json()['id']\n"
VOLATILE = '[cassettes]\nvolatile = ["$..id", "$.state"]\n'


def edit(folder: Folder, **metadata: str) -> None:
    """Write other metadata into the cassette; an empty text takes a key out."""
    path, storage = folder.path / CASSETTE, Storage()
    document = storage.read(path)
    changed = {k: v for k, v in {**document.metadata, **metadata}.items() if v}
    path.unlink()
    storage.write(path, CassetteFile(document.interactions, changed))


def ago(days: float) -> str:
    return (dt.datetime.now(tz=dt.UTC) - dt.timedelta(days=days)).isoformat()


class Change(NamedTuple):
    """What the provider answers in addition to what it answered when it was recorded, and what is said of it."""

    answer: dict[str, Any]
    says: str = ""
    rules: str = ""


CHANGES = {
    "nothing": Change({}),
    "value": Change({"id": "another"}, '$.id: changed value, recorded "item-1", seen "another"'),
    "type": Change({"size": "7"}, '$.size: changed type, recorded 7, seen "7"'),
    "null": Change({"size": None}, "$.size: changed type, recorded 7, seen null"),
    "removed": Change({"size": GONE}, "$.size: removed, recorded 7"),
    "added": Change({"colour": "red"}),
    "volatile-value": Change({"id": "another"}, rules=VOLATILE),
    "volatile-type": Change({"id": 8}, '$.id: changed type, recorded "item-1", seen 8', rules=VOLATILE),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_verify_holds_live_answers_against_the_recording(change: Change, folder: Folder, provider: Provider) -> None:
    """A value that changed, changed its type or is gone fails with its path and both sides; what is new does not."""
    provider.answer = {"size": 7}
    folder.write("harness.toml", TOML.format(url=provider.url) + change.rules)
    folder.write("test_own.py", SHOWS)
    run(folder, "record")
    before = (folder.path / CASSETTE).read_bytes()
    provider.answer = {k: v for k, v in {"size": 7, **change.answer}.items() if v != GONE}

    ended = run(folder, "verify")

    assert ended.status == (1 if change.says else 0), ended.out
    assert change.says in ended.out
    if change.says:
        assert "workflow.recorded: GET /items/item-1: the live response differs from the recording" in ended.out
        assert "reproduce: pytest --harness-mode=rewrite test_own.py::test_creates" in ended.out
    assert (folder.path / CASSETTE).read_bytes() == before


def test_verify_follows_new_ids_and_any_number_of_polls(folder: Folder, provider: Provider) -> None:
    """Ids that the provider mints anew are read as the recorded ones, and polling may take longer or shorter."""
    folder.write("harness.toml", TOML.format(url=provider.url) + VOLATILE)
    run(folder, "record")
    provider.calls[:] = ["show"]

    ended = run(folder, "verify")

    assert provider.made == 2
    assert ended.status == 0, ended.out


def test_verify_tells_calls_that_are_not_recorded_and_recordings_that_are_not_made(
    folder: Folder, provider: Provider
) -> None:
    """What only one of the two sides has is a difference."""
    run(folder, "record")
    folder.write("test_own.py", "def test_creates(api):\n    api.get('/items/item-2')\n")

    ended = run(folder, "verify")

    assert ended.status == 1
    assert provider.made == 1
    assert (
        "GET /items/item-2: the live response differs from the recording: request: changed value, recorded" in ended.out
    )
    assert "POST /items is recorded but was not requested live" in ended.out


def test_verify_needs_a_recording(folder: Folder, provider: Provider) -> None:
    """Without a cassette there is nothing to verify, and nothing is sent."""
    ended = run(folder, "verify")

    assert ended.status == 1
    assert f"No recording: {CASSETTE} does not exist." in ended.out
    assert provider.calls == []


class Aged(NamedTuple):
    """What a cassette says of its age."""

    recorded_at: str
    says: str


AGES = {
    "young": Aged(ago(29), ""),
    "old": Aged(ago(31), f"{CASSETTE} is 31 days old, recorded at "),
    "unknown": Aged("", f"{CASSETTE} has no date of its recording (metadata: recorded_at)"),
    "garbled": Aged("yesterday", f"{CASSETTE} has no date of its recording"),
}


@pytest.mark.parametrize("aged", AGES.values(), ids=AGES.keys())
def test_an_old_recording_fails(aged: Aged, folder: Folder, provider: Provider) -> None:
    """Beyond `max_age` the scenario fails from its recording, which is not recorded anew without being asked for."""
    run(folder, "record")
    edit(folder, recorded_at=aged.recorded_at)
    folder.write("harness.toml", TOML.format(url=provider.url) + '[cassettes]\nmax_age = "30d"\n')
    before, sent = (folder.path / CASSETTE).read_bytes(), len(provider.calls)

    ended = run(folder, "replay")

    assert ended.status == (1 if aged.says else 0), ended.out
    assert aged.says in ended.out
    assert (folder.path / CASSETTE).read_bytes() == before
    assert len(provider.calls) == sent


def test_adding_to_a_recording_does_not_make_it_younger(folder: Folder, provider: Provider) -> None:
    """`record` keeps the date of the oldest call, or that it is not known; `rewrite` begins anew."""
    run(folder, "record")
    long_ago = ago(400)
    for kept in (long_ago, ""):
        edit(folder, recorded_at=kept)
        folder.write("test_own.py", CREATES + f"    api.get('/items/item-2?at={len(kept)}')\n")
        assert run(folder, "record").status == 0
        assert Storage().read(folder.path / CASSETTE).metadata.get("recorded_at", "") == kept

    run(folder, "rewrite")
    assert Storage().read(folder.path / CASSETTE).metadata["recorded_at"] > long_ago
    assert provider.made == 2


@pytest.mark.usefixtures("provider")
def test_recordings_that_are_not_used_fail(folder: Folder) -> None:
    """A scenario that asks for less than was recorded no longer is what was recorded."""
    run(folder, "record")
    folder.write("test_own.py", "def test_creates(api):\n    api.post('/items', json={'name': 'one'})\n")

    ended = run(folder, "replay")

    assert ended.status == 1
    assert f"{CASSETTE}: 3 of 4 recordings were not used: GET /items/item-1" in ended.out
    assert "reproduce: pytest --harness-mode=rewrite test_own.py::test_creates" in ended.out


@pytest.mark.usefixtures("provider")
def test_a_scenario_that_broke_off_is_not_blamed_for_the_rest(folder: Folder) -> None:
    """What was not asked for after a failed assertion says nothing of the recording."""
    run(folder, "record")
    folder.write("test_own.py", CREATES.replace("    while", "    assert not made\n    while"))

    ended = run(folder, "replay")

    assert ended.status == 1
    assert "were not used" not in ended.out


NAME = {"type": "object", "required": ["name", "size"]}
BODY = '"schema": {"type": "object"}'
REVISIONS = {
    "response": (
        '"state": {"type": "string"}',
        '"state": {"type": "null"}',
        "GET /items/{id} answering 200 breaks the spec",
    ),
    "request": (BODY, f'"schema": {json.dumps(NAME)}', "the recorded request of POST /items breaks the spec"),
    "operation": ('"/items/{id}"', '"/things/{id}"', "GET /items/item-1 breaks the spec"),
}


@pytest.mark.parametrize("was, now, says", REVISIONS.values(), ids=REVISIONS.keys())
def test_a_recording_is_held_against_the_spec_of_today(
    was: str, now: str, says: str, folder: Folder, provider: Provider
) -> None:
    """When the document changes, the recording fails offline: its responses, and the requests it was accepted with."""
    run(folder, "record")
    sent = len(provider.calls)
    document = json.dumps(SPEC)
    assert was in document
    folder.write("openapi.json", document.replace(was, now))

    ended = run(folder, "replay")

    assert ended.status == 1
    assert f"workflow.recorded: {says}" in ended.out
    assert len(provider.calls) == sent


STRAY = "cassettes/gone/test_gone.yaml"


class Stray(NamedTuple):
    """A further cassette, and what the run says of it."""

    metadata: dict[str, str]
    says: str
    name: str = STRAY
    uri: str = "/items/item-1"
    args: tuple[str, ...] = ()


STRAYS = {
    "its-file-is-gone": Stray(
        {"scenario": "test_gone.py::test_gone"}, "recorded by test_gone.py::test_gone, is an orphan"
    ),
    "its-test-is-gone": Stray(
        {"scenario": "test_own.py::test_gone"}, "recorded by test_own.py::test_gone, is an orphan"
    ),
    "beside-others": Stray({}, "cassettes/own/test_gone.yaml is an orphan", name="cassettes/own/test_gone.yaml"),
    "of-a-client-elsewhere": Stray({}, ""),
    "not-collected": Stray({"scenario": "test_other.py::test_gone"}, "", args=("test_own.py",)),
    "one-test-asked-for": Stray({"scenario": "test_own.py::test_gone"}, "", args=("test_own.py::test_creates",)),
    "at-odds-with-the-spec": Stray({}, "GET /undocumented breaks the spec", uri="/undocumented"),
    "too-old": Stray({"recorded_at": "2020-01-01T00:00:00Z"}, f"{STRAY} is 2"),
}


@pytest.mark.parametrize("stray", STRAYS.values(), ids=STRAYS.keys())
def test_cassettes_that_nothing_plays_are_judged(stray: Stray, folder: Folder, provider: Provider) -> None:
    """An orphan is told; what a client elsewhere recorded is held against spec and age; the rest is left alone."""
    run(folder, "record")
    folder.write("test_other.py", "def test_gone(): pass\n")
    first = Storage().read(folder.path / CASSETTE).interactions[1]
    first["request"]["uri"] = provider.url + stray.uri
    dated = {"recorded_at": ago(1), **stray.metadata}
    Storage().write(folder.path / stray.name, CassetteFile([first], dated))
    folder.write("harness.toml", TOML.format(url=provider.url) + '[cassettes]\nmax_age = "900d"\n')

    ended = run(folder, "replay", *stray.args)

    told = "workflow.recorded: " in ended.out
    assert told == bool(stray.says), ended.out
    assert stray.says in ended.out


def test_a_cassette_of_another_api_is_told_as_such(folder: Folder, provider: Provider) -> None:
    """When the spec describes none of the calls, one sentence says so instead of one for each."""
    run(folder, "record")
    interactions = Storage().read(folder.path / CASSETTE).interactions
    for number, interaction in enumerate(interactions):
        interaction["request"]["uri"] = f"{provider.url}/elsewhere/{number}"
    Storage().write(folder.path / STRAY, CassetteFile(interactions, {}))

    ended = run(folder, "replay")

    said = f"{STRAY}: none of its 4 calls is described by openapi.json. Was it recorded for another API?"
    assert ended.out.count(said) == 1, ended.out


@pytest.mark.usefixtures("provider")
def test_a_stray_that_cannot_be_read_is_told(folder: Folder) -> None:
    """A broken cassette is found though no scenario plays it."""
    run(folder, "record")
    folder.write(STRAY, "interactions: [")

    assert f"{STRAY}, line 2: not valid YAML" in run(folder, "replay").out


GOOD: dict[str, dict[str, Any]] = {
    "request": {"body": "", "headers": {}, "method": "GET", "uri": "http://127.0.0.1/undocumented"},
    "response": {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": "{}"}},
}
BAD: dict[str, tuple[str, Any, str]] = {
    "uri without its bracket": ("uri", "http://[::1/x", ": interactions[0].request.uri cannot be read: Invalid IPv6"),
    "port that is no number": ("uri", "http://127.0.0.1:abc/x", ": interactions[0].request.uri cannot be read: Port"),
    "uri with a line break": ("uri", "http://127.0.0.1/a\nb", " cannot be judged: InvalidURL: Invalid non-printable"),
    "uri without end": ("uri", "http://127.0.0.1/" + "a" * 70_000, " cannot be judged: InvalidURL: URL too long"),
    "uri of another type": ("uri", 5, ": interactions[0].request.uri: Expected `str`, got `int`"),
    "headers of another type": ("headers", ["a"], ": interactions[0].request.headers: Expected `object`, got `array`"),
    "body that is no body": (
        "body",
        {"a": dt.date(2026, 1, 1)},
        ": interactions[0]: The body of GET http://127.0.0.1/",
    ),
}
FINE: dict[str, tuple[str, Any]] = {
    "header beyond ASCII": ("headers", {"x-city": ["Zürich"], "x-town": ["北京"]}),
    "header without a value": ("headers", {"x-a": [], "x-b": [None], "x-c": ["a"]}),
    "header with a line break": ("headers", {"x-a": ["a\nb"], "x b": ["c"]}),
    "header with a number": ("headers", {"x-a": [5, 1.5, True]}),
    "mapping as body": ("body", {"a": 1}),
    "no body": ("body", None),
}


@pytest.mark.usefixtures("provider")
def test_one_bad_recording_never_hides_another(folder: Folder) -> None:
    """Whatever is wrong with one cassette, it is reported by its name, and all others are judged."""
    run(folder, "record")
    rows = {name: (key, value) for name, (key, value, _) in BAD.items()} | FINE
    for name, (key, value) in rows.items():
        interaction = {**GOOD, "request": {**GOOD["request"], key: value}}
        text = yaml.safe_dump({"interactions": [interaction], "version": 1}, allow_unicode=True)
        folder.write(f"cassettes/foreign/{name}.yaml", text)
    (folder.path / "cassettes/foreign/a folder.yaml").mkdir()

    ended = run(folder, "replay", "--harness-gate", "--harness-reports", str(folder.reports))

    report = (folder.reports / "readiness.json").read_text(encoding="utf-8")
    expected = {f"{name}.yaml{text}" for name, (_, _, text) in BAD.items()}
    expected |= {f"{name}.yaml: GET /undocumented breaks the spec" for name in FINE}
    assert {text for text in expected if f"cassettes/foreign/{text}" not in report} == set(), ended.out
    assert "a folder.yaml" not in report
    assert "raised an error" not in report


@pytest.mark.usefixtures("provider")
def test_workers_tell_of_orphans_as_one_process_does(folder: Folder) -> None:
    """With pytest-xdist the controller learns from its workers which cassettes belong to tests."""
    run(folder, "record")
    folder.write(
        STRAY, (folder.path / CASSETTE).read_text().replace("test_own.py::test_creates", "test_own.py::test_gone")
    )

    ended = folder.run("-m", "pytest", "-n2", "-p", "no:schemathesis", "-p", "no:hypothesispytest")

    assert ended.status == 0
    assert f"{STRAY}, recorded by test_own.py::test_gone, is an orphan" in ended.out
    assert f"{CASSETTE}, recorded" not in ended.out
    assert len(recorded(folder)) == 4
