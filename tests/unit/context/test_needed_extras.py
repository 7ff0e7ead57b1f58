"""What a target needs that is not installed is named before anything runs."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from harness.context.needed_extras import require_extras
from harness.context.run_context import RunContext
from harness.errors import ConfigurationError
from harness.process.run import Run

TARGET = '[target]\nname = "Tiny"\nenvironment = "staging"\n'
PROVIDER = '[provider]\nspec = "openapi.yaml"\nbase_url = "http://127.0.0.1:1"\n'
RECEIVER = """
[receiver]
url = "http://127.0.0.1:1/hooks"
signature = { scheme = "stripe", secret = "env:HOOK" }
"""
CLIENT = '[client]\ncommand = ["true"]\n'
ORDER = '[receiver.order]\nearlier = "a.json"\nlater = "b.json"\nobject = "id"\n'
SQL = '{{ sql = "SELECT 1", database = "{}" }}\n'
NEEDS = {
    "effects": (
        RECEIVER + "effects = " + SQL.format("sqlite://"),
        "sqlalchemy",
        "the SQL of [receiver] effects",
        "sql",
    ),
    "dead letters": (
        RECEIVER + "dead_letters = " + SQL.format("sqlite://"),
        "sqlalchemy",
        "the SQL of [receiver] dead_letters",
        "sql",
    ),
    "order": (
        RECEIVER + ORDER + "state = " + SQL.format("sqlite://"),
        "sqlalchemy",
        "the SQL of [receiver.order] state",
        "sql",
    ),
    "persisted ids": (
        PROVIDER + CLIENT + "persisted = " + SQL.format("sqlite://"),
        "sqlalchemy",
        "the SQL of [client] persisted",
        "sql",
    ),
    "created resources": (
        PROVIDER + CLIENT + "created = " + SQL.format("sqlite://"),
        "sqlalchemy",
        "the SQL of [client] created",
        "sql",
    ),
    "driver of the client": (
        PROVIDER + CLIENT + "created = " + SQL.format("postgresql+psycopg://host/name"),
        "psycopg",
        "[client] created: the driver of `database`",
        "postgres",
    ),
    "driver": (
        RECEIVER + "effects = " + SQL.format("postgresql+psycopg://host/name"),
        "psycopg",
        "[receiver] effects: the driver of `database`",
        "postgres",
    ),
    "otlp": ('[telemetry]\notlp = "127.0.0.1:4318"\n', "opentelemetry.proto", "[telemetry] otlp", "telemetry"),
    "alerts": ('[telemetry.alerts]\nrules = ["r.yml"]\n', "promql_parser", "[telemetry] alerts", "telemetry"),
    "dashboards": ('[telemetry]\ndashboards = ["d.json"]\n', "promql_parser", "[telemetry] dashboards", "telemetry"),
    "redis": (PROVIDER, "redis", "HARNESS_EXAMPLES, which names a Redis server,", "redis"),
}
"""What harness.toml has, the module that is missing, who is named, and the extra."""


def context(folder: Path, sections: str) -> RunContext:
    (folder / "harness.toml").write_text(TARGET + sections, encoding="utf-8")
    run = Run(run_id="", seed="", directory="")
    return RunContext.load(folder, run=run, overlay=None, reports=folder)


@pytest.mark.parametrize("sections, module, wanted_by, extra", NEEDS.values(), ids=NEEDS.keys())
def test_what_needs_a_missing_extra_is_named(
    sections: str, module: str, wanted_by: str, extra: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names the key and the extra; with the extra installed there is none."""
    monkeypatch.setenv("HOOK", "secret of this test")
    monkeypatch.setenv("HARNESS_EXAMPLES", "redis://127.0.0.1:1")
    target = context(tmp_path, sections)
    require_extras(target)
    monkeypatch.setitem(sys.modules, module, None)

    with pytest.raises(ConfigurationError) as raised:
        require_extras(target)

    assert wanted_by in str(raised.value)
    assert f"[{extra}]'" in str(raised.value)


def test_all_missing_extras_are_named_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One run shows everything that is to be installed."""
    sections = '[telemetry]\notlp = "127.0.0.1:4318"\n' + RECEIVER + "effects = " + SQL.format("sqlite://")
    for module in ("opentelemetry.proto", "sqlalchemy"):
        monkeypatch.setitem(sys.modules, module, None)

    with pytest.raises(ConfigurationError) as raised:
        require_extras(context(tmp_path, sections))

    assert [line.partition(" needs ")[0] for line in str(raised.value).splitlines()] == [
        "harness.toml: the SQL of [receiver] effects",
        "harness.toml: [telemetry] otlp",
    ]


def test_a_target_without_such_a_section_needs_no_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider alone, and probes by URL, need nothing beyond the package."""
    for module in ("opentelemetry.proto", "sqlalchemy", "promql_parser", "redis"):
        monkeypatch.setitem(sys.modules, module, None)

    require_extras(context(tmp_path, PROVIDER + RECEIVER + 'effects = { url = "http://127.0.0.1:1/{event_id}" }\n'))
