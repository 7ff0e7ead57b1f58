"""Tests that play cassettes of their own count: their recordings are judged in the places that they have."""

from __future__ import annotations

import json
import secrets
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from harness.model import ItemResult, Mode, Outcome
from harness.readiness.live_evidence import HOW
from harness.reports.json import read

from .conftest import SPEC, run

if TYPE_CHECKING:
    from tests.plugins.conftest import Folder

BASE = "http://127.0.0.1:1/v1"
TOML = """
[target]
name = "Tiny"
scenarios = ["checks"]

[provider]
spec = "openapi.json"
base_url = "http://127.0.0.1:1/v1"
auth = { type = "bearer", token = "env:TINY_KEY" }
ours = true
"""
# What pytest-recording does, as far as the harness sees it.
CONFTEST = """
import os, pathlib, pytest, vcr as vcrpy

def pytest_configure(config):
    config.addinivalue_line("markers", "vcr: plays a cassette")

@pytest.fixture(scope="module")
def vcr_config():
    return {config}

@pytest.fixture(autouse=True)
def vcr(request, vcr_config):
    if not request.node.get_closest_marker("vcr"):
        yield
        return
    module = pathlib.Path(request.path)
    folder = module.parent / "cassettes" / module.stem
    with vcrpy.use_cassette(str(folder / f"{{request.node.name}}.{suffix}"), record_mode="none", **vcr_config) as own:
        yield own
"""
READS = """
import pytest, requests, vcr as vcrpy

@pytest.mark.vcr
def test_it():
    assert requests.get("http://127.0.0.1:1/v1/items/item-1").json()["id"] == "item-1"
"""
STORED = "checks/cassettes/test_own/test_it.yaml"


class Recording(NamedTuple):
    """What a project stored, and how its vcrpy is configured."""

    answer: dict[str, Any] = {"id": "item-1", "state": "done"}  # noqa: RUF012 - never changed
    url: str = f"{BASE}/items/item-1"
    request_headers: dict[str, list[str]] = {}  # noqa: RUF012
    config: str = "{}"
    suffix: str = "yaml"


def project(folder: Folder, recording: Recording, test: str = READS, spec: dict[str, Any] = SPEC) -> None:
    """Write a project with tests and one cassette."""
    folder.write("harness.toml", TOML)
    folder.write("openapi.json", json.dumps(spec))
    folder.write("checks/conftest.py", CONFTEST.format(config=recording.config, suffix=recording.suffix))
    folder.write("checks/test_own.py", test)
    response = {
        "status": {"code": 200, "message": "OK"},
        "headers": {"content-type": ["application/json"]},
        "body": {"string": json.dumps(recording.answer)},
    }
    request = {"method": "GET", "uri": recording.url, "body": None, "headers": recording.request_headers}
    document = {"interactions": [{"request": request, "response": response}], "version": 1}
    folder.write(STORED.replace("yaml", recording.suffix), json.dumps(document))  # JSON is YAML


def judged(folder: Folder, monkeypatch: pytest.MonkeyPatch, *args: str) -> dict[str, ItemResult]:
    """Run the folder in the form of the gate; return its items."""
    monkeypatch.setenv("TINY_KEY", "a-key-of-this-test")
    for name in [name for name in sys.modules if name.partition(".")[0] in ("checks", "conftest")]:
        monkeypatch.delitem(sys.modules, name)  # of the folder before
    run(folder, "live,replay", "--harness-gate", "--harness-reports", str(folder.reports), "checks", *args)
    report = read((folder.reports / "readiness.json").read_bytes())
    return {item.id: item for item in report.items}


CONFIGURATIONS = {
    "plain": Recording(),
    "json-files": Recording(config="{'serializer': 'json'}", suffix="json"),
    "filtered-headers": Recording(config="{'filter_headers': ['authorization']}"),
}


@pytest.mark.parametrize("recording", CONFIGURATIONS.values(), ids=CONFIGURATIONS.keys())
def test_its_recordings_count(recording: Recording, folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A marked test that passes from its cassette verifies `workflow.recorded`, and nothing live."""
    project(folder, recording)

    items = judged(folder, monkeypatch)

    assert items["workflow.recorded"].outcome is Outcome.PASS, items["workflow.recorded"].summary
    assert {f.mode for f in items["workflow.recorded"].findings} == {Mode.RECORDED}
    contract = items["workflow.contract"]
    assert contract.outcome is Outcome.NOT_RUN
    assert contract.summary.startswith("Seen recorded only; live evidence is required. ")
    assert contract.summary.endswith(HOW)


def test_a_recording_that_breaks_the_spec_fails(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A recorded response is held against the document of today."""
    project(folder, Recording(answer={"id": "item-1", "state": 7}))

    item = judged(folder, monkeypatch)["workflow.recorded"]

    assert item.outcome is Outcome.FAIL
    assert "GET /items/{id} answering 200 breaks the spec" in item.summary


def test_a_marked_test_that_fails_fails_the_item(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cassette without the call fails its test, and so the item, though nothing was played."""
    project(folder, Recording(url=f"{BASE}/items/item-2"))

    assert judged(folder, monkeypatch)["workflow.recorded"].outcome is Outcome.FAIL


def test_a_secret_in_the_file_fails(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is searched as it is, also for what vcrpy's configuration takes out while it reads."""
    secret = secrets.token_hex(16)
    headers = {"authorization": [f"Bearer {secret}"]}
    project(folder, Recording(request_headers=headers, config="{'filter_headers': ['authorization']}"))

    item = judged(folder, monkeypatch)["secrets.never-logged"]

    assert item.outcome is Outcome.FAIL
    assert f"The cassette contains a secret: {STORED}, interactions[0].request.headers.authorization" in item.summary
    assert secret not in (folder.reports / "readiness.json").read_text()


REQUIRED = {"name": "X-Tenant", "in": "header", "required": True, "schema": {"type": "string"}}
FILTERED = {
    "missing": ("{}", Outcome.FAIL),
    "filtered": ("{'filter_headers': ['x-tenant']}", Outcome.PASS),
    "filtered-with-a-value": ("{'filter_headers': [('X-Tenant', None)]}", Outcome.PASS),
    "by-a-function": ("{'before_record_request': lambda request: request}", Outcome.PASS),
}


@pytest.mark.parametrize("config, outcome", FILTERED.values(), ids=FILTERED.keys())
def test_what_its_configuration_filters_is_not_missing(
    config: str, outcome: Outcome, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A header that the document requires may be absent from a recording where `vcr_config` takes it out."""
    spec = json.loads(json.dumps(SPEC))
    spec["paths"]["/items/{id}"]["get"]["parameters"].append(REQUIRED)
    project(folder, Recording(config=config), spec=spec)

    assert judged(folder, monkeypatch)["workflow.recorded"].outcome is outcome


def test_use_cassette_in_a_test_counts_too(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a marker, the recordings that a test plays are judged all the same."""
    inside = READS.replace("@pytest.mark.vcr\n", f"@vcrpy.use_cassette('{STORED}', record_mode='none')\n")
    project(folder, Recording(answer={"id": "item-1", "state": 7}), test=inside)

    assert judged(folder, monkeypatch)["workflow.recorded"].outcome is Outcome.FAIL


def test_another_providers_recordings_are_left_alone(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls of hosts that neither harness.toml nor the document names are of another API."""
    url = "https://hooks.example.net/x"
    project(folder, Recording(url=url), test=READS.replace(f"{BASE}/items/item-1", url))

    assert judged(folder, monkeypatch)["workflow.recorded"].outcome is Outcome.NOT_RUN


def test_another_providers_file_is_searched_too(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret in a recording of another API is in the repository all the same."""
    url, secret = "https://hooks.example.net/x", secrets.token_hex(16)
    headers = {"authorization": [f"Bearer {secret}"]}
    project(folder, Recording(url=url, request_headers=headers), test=READS.replace(f"{BASE}/items/item-1", url))

    assert judged(folder, monkeypatch)["secrets.never-logged"].outcome is Outcome.FAIL


BROKEN = {
    "no-file": ("", Outcome.FAIL),
    "no-recordings": ("interactions: []\nversion: 1\n", Outcome.FAIL),
    "no-yaml": ("{", Outcome.ERROR),
}


@pytest.mark.parametrize("text, outcome", BROKEN.values(), ids=BROKEN.keys())
def test_a_cassette_that_cannot_be_played_fails_its_test(
    text: str, outcome: Outcome, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a recording, the marked test fails, and with it the item."""
    project(folder, Recording())
    (folder.path / STORED).unlink()
    if text:
        folder.write(STORED, text)

    assert judged(folder, monkeypatch)["workflow.recorded"].outcome is outcome


def test_a_server_of_the_document_is_the_provider(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was recorded at the address in production counts, though the target is elsewhere."""
    url = "https://api.example.net/v1/items/item-1"
    spec = SPEC | {"servers": [{"url": "https://api.example.net/v1"}]}
    test = READS.replace(f"{BASE}/items/item-1", url)
    project(folder, Recording(url=url), test=test, spec=spec)

    assert judged(folder, monkeypatch)["workflow.recorded"].outcome is Outcome.PASS


def test_its_cassettes_are_no_orphans(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cassettes beside harness.toml, where the harness's own would be, belong to the tests that play them."""
    project(folder, Recording())
    toml = TOML.replace('["checks"]', '["test_own.py"]')
    folder.write("harness.toml", toml)
    for name in ("conftest.py", "test_own.py", "cassettes/test_own/test_it.yaml"):
        (folder.path / name).parent.mkdir(parents=True, exist_ok=True)
        (folder.path / "checks" / name).rename(folder.path / name)
    (folder.path / "checks").mkdir(exist_ok=True)

    items = judged(folder, monkeypatch, "test_own.py")

    assert items["workflow.recorded"].outcome is Outcome.PASS, items["workflow.recorded"].summary


def test_outside_the_scenarios_nothing_changes(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A project's own tests are judged only where `[target] scenarios` names their folder."""
    project(folder, Recording(answer={"id": "item-1", "state": 7}))
    folder.write("harness.toml", TOML.replace('["checks"]', '["elsewhere"]'))

    monkeypatch.setenv("TINY_KEY", "a-key-of-this-test")
    ended = run(folder, "replay", "checks")

    assert ended.status == 0, ended.out
