"""What the plugins begin beside the tests: what several selected tests will ask for, and nothing else."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness.context.client_checks import ClientChecks
from harness.context.crash_drills import CrashDrills
from harness.context.run_context import RunContext
from harness.plugins import resilience, webhooks
from harness.resilience.client_cases import CASES
from harness.webhooks.drills import CRASHES

CLIENT = """
[provider]
spec = "openapi.yaml"
base_url = "http://127.0.0.1:1"
auth = { type = "bearer", token = "env:KEY" }
[client]
command = ["client"]
"""
RECEIVER = """
[process.app]
command = ["app"]
ready = "http://127.0.0.1:1/"
[receiver]
url = "http://127.0.0.1:1/hook"
events = "events"
effects = { url = "http://127.0.0.1:1/{event_id}" }
signature = { scheme = "hmac", secret = "env:KEY" }
"""
SPEC = """
openapi: 3.1.0
info: {title: Tiny, version: "1"}
paths: {/things: {get: {responses: {"200": {description: All things}}}}}
"""
TARGET = '[target]\nname = "Tiny"\nenvironment = "local"\n'


def item(fixture: str, *, skipped: bool = False, **params: Any) -> Any:
    """Return a selected test that uses a fixture, and is given ``params``."""
    marker = "skip" if skipped else None
    return SimpleNamespace(
        fixturenames=[fixture],
        callspec=SimpleNamespace(params=params),
        get_closest_marker=lambda name: name if name == marker else None,
    )


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Ids of what was begun; nothing of it is done."""
    ids: list[str] = []
    monkeypatch.setenv("KEY", "a-secret-for-this-test")
    for kind in (ClientChecks, CrashDrills):
        monkeypatch.setattr(kind, "begin", lambda _self, *rows: ids.extend(row.id for row in rows))
    return ids


def begin(plugin: Any, folder: Path, toml: str, *items: Any) -> None:
    """Let a plugin begin what the tests of a run ask for."""
    (folder / "harness.toml").write_text(toml)
    (folder / "openapi.yaml").write_text(
        '{openapi: 3.1.0, info: {title: t, version: "1"}, paths: {/a: {get: {responses: {"200": {description: d}}}}}}'
    )
    (folder / "events").mkdir(exist_ok=True)
    (folder / "events" / "a.json").write_text('{"id": "evt_1", "type": "a"}')
    with RunContext.begun(folder, overlay=None) as context:
        plugin.pytest_harness_begin(session=SimpleNamespace(items=list(items)), context=context)
        context.background.close()


@pytest.mark.parametrize(
    "toml, number, expected",
    [
        (TARGET + CLIENT, 3, ["undisturbed", *(case.id for case in CASES[:3])]),
        (TARGET + CLIENT, 1, []),
        (TARGET + CLIENT.partition("[client]")[0], 3, []),
        (TARGET.replace("local", "production") + CLIENT, 3, []),
        (TARGET, 3, []),
    ],
    ids=["several", "one", "no-client", "production", "no-provider"],
)
def test_the_clients_cases_are_begun(
    tmp_path: Path, begun: list[str], toml: str, number: int, expected: list[str]
) -> None:
    """The plain run comes first, then each case of the selected tests, if there are several and a client."""
    items = [item("_client", case=case) for case in CASES[:number]]

    begin(resilience, tmp_path, toml, *items, item("_client"), item("other", case=CASES[5]))

    assert begun == expected


@pytest.mark.parametrize(
    "toml, number, expected",
    [
        (TARGET + RECEIVER, 3, [drill.id for drill in CRASHES[:3] if drill.needs == ("receiver.effects",)]),
        (TARGET + RECEIVER, 1, []),
        (TARGET + RECEIVER.replace("effects", "#effects"), 3, []),
        (TARGET + RECEIVER.replace('events = "events"', 'events = "harness.toml"'), 3, []),
        (TARGET, 3, []),
    ],
    ids=["several", "one", "no-effects", "unreadable-events", "no-receiver"],
)
def test_the_crash_drills_are_begun(
    tmp_path: Path, begun: list[str], toml: str, number: int, expected: list[str]
) -> None:
    """Each drill of the selected tests whose keys harness.toml sets is begun; what is wrong, the tests report."""
    drills = [item("crash_drill", drill=drill) for drill in CRASHES[:number]]

    begin(webhooks, tmp_path, toml, *drills, item("crash_drill", skipped=True, drill=CRASHES[4]))

    assert begun == expected
