"""The JSON Schemas of harness.toml: made from the sections, and of one mind with the reader."""

from __future__ import annotations

import copy
import datetime as dt
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from click.testing import CliRunner

from harness.cli.main import main
from harness.context.configuration_checks import check_configuration
from harness.context.configuration_schema import OVERLAY_SCHEMA, SCHEMA, schema_line, shipped_schema, write_schemas
from harness.context.referred_urls import with_referred_urls
from harness.context.schema_of_sections import schemas
from harness.core.pointers import child, leaves
from harness.errors import ConfigurationError, HarnessError
from harness.model.config import Configuration
from harness.model.filled import check_filled
from harness.model.strict import convert

ROOT = Path(__file__).parents[3]
FILES = [
    path
    for path in sorted([*ROOT.glob("harness.toml"), *(ROOT / "tests").rglob("harness*.toml")])
    if "node_modules" not in path.parts
]
WHOLE = """
[target]
name = "Shop"
environment = "staging"
[target.absent]
client = "we only listen"
[provider]
spec = "openapi.yaml"
base_url = "https://api.example.com"
auth = { type = "basic", username = "env:USER", password = "env:PASSWORD" }
[provider.webhooks]
register = "POST /hooks"
secret_at = "secret"
body = { url = "{catcher}" }
port = 8080
"""
BASE = '[target]\nname = "Shop"\n'
PROVIDER = f'{BASE}[provider]\nspec = "o.yaml"\nbase_url = "http://a"\n'
RECEIVER = f'{BASE}[receiver]\nurl = "http://a"\n'
WRONG = {
    "no target": "",
    "no name": "[target]\n",
    "blank name": '[target]\nname = " "\n',
    "unknown section": f"{BASE}[provder]\n",
    "unknown key": f"{BASE}envronment = 1\n",
    "unknown environment": f'{BASE}environment = "prod"\n',
    "wrong type": f"{BASE}scenarios = 3\n",
    "text for a list": f'{BASE}scenarios = "tests"\n',
    "no duration": f'{BASE}waivers_within = "a year"\n',
    "number as duration": f"{BASE}waivers_within = 365\n",
    "declared absent without reason": f'{BASE}[target.absent]\nclient = " "\n',
    "skip without end": f'{BASE}skips = [{{ test = "a", reason = "b" }}]\n',
    "skip with a day that does not exist": f'{BASE}skips = [{{ test = "a", reason = "b", expires = "2027-02-30" }}]\n',
    "no URL": f'{BASE}[provider]\nspec = "o.yaml"\nbase_url = "api.example.com"\n',
    "secret that is no reference": f'{PROVIDER}auth = {{ type = "bearer", token = "t0k" }}\n',
    "auth without type": f'{PROVIDER}auth = {{ token = "env:T" }}\n',
    "auth of unknown type": f'{PROVIDER}auth = {{ type = "digest" }}\n',
    "auth with the key of another type": f'{PROVIDER}auth = {{ type = "bearer", token = "env:T", header = "x" }}\n',
    "auth scheme of two words": f'{PROVIDER}auth = {{ type = "bearer", token = "env:T", scheme = "a b" }}\n',
    "whoami that writes": f'{PROVIDER}whoami = "POST /me"\n',
    "webhooks secret of nothing": f'{PROVIDER}[provider.webhooks]\nsecret_at = "a"\n',
    "port out of range": f"{PROVIDER}[provider.webhooks]\nport = 65536\n",
    "coverage beyond 100": f"{BASE}[contract]\ncoverage = {{ operations = 101 }}\n",
    "empty command": f"{BASE}[process.app]\ncommand = []\n",
    "process without command": f'{BASE}[process.app]\nready = "http://a"\n',
    "two signs of readiness": f'{BASE}[process.app]\ncommand = ["a"]\nready = {{ log = "x", url = "http://a" }}\n',
    "status without URL": f'{BASE}[process.app]\ncommand = ["a"]\nready = {{ log = "x", status = 401 }}\n',
    "two probes": f'{RECEIVER}effects = {{ url = "http://a", command = ["b"] }}\n',
    "no probe": f'{RECEIVER}effects = {{ count = "n" }}\n',
    "SQL without database": f'{RECEIVER}effects = {{ sql = "SELECT 1" }}\n',
    "stop without start": f'{RECEIVER}stop = ["a"]\n',
    "unknown digest": f'{RECEIVER}signature = {{ scheme = "hmac", secret = "env:S", digest = "md5" }}\n',
    "no attempts": f'{BASE}[client]\ncommand = ["a"]\npolicy = {{ max_attempts = 0 }}\n',
    "header with a space": f'{BASE}[client]\ncommand = ["a"]\nidempotency_header = "a b"\n',
    "no JSON path": f'{BASE}[cassettes]\nvolatile = ["id"]\n',
    "unknown part of a request": f'{BASE}[cassettes]\nmatch_on = ["verb"]\n',
    "unknown series": f'{BASE}[telemetry.series]\ndelivery = "a"\n',
    "blank series": f'{BASE}[telemetry.series]\ndelivered = " "\n',
    "unknown fault": f'{BASE}[telemetry.alerts.fires]\nDown = "crsh"\n',
    "empty command of a fault": f"{BASE}[telemetry.alerts.fires]\nDown = []\n",
    "unknown signal": f'{BASE}[telemetry.shown_by]\ncrash = ["pager"]\n',
    "fault that nothing causes": f'{BASE}[telemetry.shown_by]\ncrsh = ["log"]\n',
    "rotation without day": f'{BASE}[[operations.secrets]]\nref = "env:S"\n',
    "waiver without owner": f'{BASE}[[waiver]]\nitem = "a.b"\nreason = "r"\nexpires = 2026-12-31\n',
    "item of unknown level": f'{BASE}[[item]]\nid = "a.b"\nlevel = "may"\ntext = "t"\nremediation = "r"\n',
    "item that concerns nothing": f'{BASE}[[item]]\nid = "a.b"\nlevel = "must"\ntext = "t"\nremediation = "r"\n'
    'concerns = ["queue"]\n',
}
BEYOND_THE_SCHEMA = re.compile(
    r"\[provider\] auth is set: a request carries one|no key of harness\.toml, so nothing reads it"
    r"|has a `previous`, but is not a credential|is empty: write its text|`timeout` ends each run after"
    r"|is a fresh: secret|is missing: write a reference|`match_on` is empty|is not a folder|`secrets` has two records"
    r"|the scheme 'none' has no secret"
)
"""What depends on other keys, on files, or on the first entry of a list, which the schema leaves to the reader."""


def validator(name: str = SCHEMA) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(json.loads(shipped_schema(name)), validate_formats=True)


def as_json(raw: dict[str, Any]) -> Any:
    """Return a document of TOML as its schema sees it, with dates as text."""
    return json.loads(json.dumps(raw, default=dt.date.isoformat))


def refusal(raw: dict[str, Any]) -> str:
    """Return why the reader refuses a document, empty where it does not."""
    try:
        check_filled(raw, Configuration, "harness.toml")
        referred = with_referred_urls(raw, ROOT, "harness.toml")
        config = convert(referred, Configuration, "harness.toml")
        check_configuration(config, (), ROOT, "harness.toml")
    except ConfigurationError as exc:
        return str(exc)
    return ""


@pytest.mark.parametrize("name", [SCHEMA, OVERLAY_SCHEMA])
def test_the_shipped_schema_is_that_of_the_sections(name: str) -> None:
    """What the package ships is what `make pages` makes today."""
    assert shipped_schema(name) == dict(schemas())[name]


@pytest.mark.parametrize("path", FILES, ids=[str(path.relative_to(ROOT)) for path in FILES])
def test_every_file_of_the_repository_is_valid(path: Path) -> None:
    """The sandbox's harness.toml and those of the tests fit the schema, and overlays that of overlays."""
    raw = as_json(tomllib.loads(path.read_text(encoding="utf-8")))

    name = SCHEMA if path.name == "harness.toml" else OVERLAY_SCHEMA
    assert [f"{error.instance_path}: {error.message}" for error in validator(name).iter_errors(raw)] == []


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG)
def test_reader_and_schema_refuse_the_same(text: str) -> None:
    """What is wrong in one file is refused by both."""
    raw = tomllib.loads(text)

    assert refusal(raw)
    assert not validator().is_valid(as_json(raw))


def mutants(raw: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield documents that differ in one value from ``raw``, each with what was done."""
    places = {steps[:length] for steps, _ in leaves(raw) for length in range(1, len(steps) + 1)}
    for steps in sorted(places):
        for value in (None, 7, -1, "", " ", "x", "env:X", [], [""], {}, {"x": "y"}, True, 1.5):
            changed = copy.deepcopy(raw)
            around = changed
            for step in steps[:-1]:
                around = child(around, step)
            key: Any = int(steps[-1]) if isinstance(around, list) else steps[-1]
            if value is None:
                del around[key]
            else:
                around[key] = value
            yield f"{'.'.join(steps)} = {value!r}", changed


@pytest.mark.parametrize("text", [(ROOT / "harness.toml").read_text(), WHOLE], ids=["sandbox", "whole"])
def test_reader_and_schema_agree_on_every_change_of_one_value(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The schema refuses nothing that the reader takes; what it takes in vain depends on other keys or on files."""
    monkeypatch.setenv("X", "http://127.0.0.1:9")
    schema = validator()
    strict, lenient = [], []
    for what, changed in mutants(tomllib.loads(text)):
        why, fits = refusal(changed), schema.is_valid(as_json(changed))
        if not why and not fits:
            strict.append(what)
        elif why and fits and not BEYOND_THE_SCHEMA.search(why):
            lenient.append(f"{what}: {why}")

    assert strict == []
    assert lenient == []


@pytest.mark.parametrize(
    "text, valid",
    [
        ("", True),
        ('[provider]\nbase_url = "https://b"\n', True),
        ("waiver = []\n", True),
        ('[receiver.effects]\ndatabase = "env:D"\n', True),
        ('[[waiver]]\nitem = "a.b"\nreason = "other"\n', True),
        ('[[waiver]]\nreason = "other"\n', False),
        ("[process.app]\ncommand = []\n", False),
        ('[provider]\nbase_ulr = "https://b"\n', False),
        ('[provider]\nauth = { token = "env:T" }\n', False),
    ],
)
def test_an_overlay_may_leave_out_what_the_file_below_has(text: str, valid: bool) -> None:  # noqa: FBT001
    """No key of an overlay is required but those that name a variant, or find a table of a list."""
    assert validator(OVERLAY_SCHEMA).is_valid(as_json(tomllib.loads(text))) is valid


def described(node: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Yield each key of a schema with its description."""
    if isinstance(node, dict):
        for key, inside in node.get("properties", {}).items():
            if "const" not in inside:
                yield f"{place}.{key}", inside.get("description", "")
        for key, inside in node.items():
            yield from described(inside, f"{place}.{key}")
    elif isinstance(node, list):
        for inside in node:
            yield from described(inside, place)


def test_every_key_is_explained() -> None:
    """An editor shows a sentence for each key, in Markdown of one backtick."""
    texts = dict(described(json.loads(shipped_schema())))

    assert [key for key, text in texts.items() if not text or "``" in text] == []
    assert len(texts) > 150


def test_only_what_all_drafts_know_is_used() -> None:
    """Editors that know draft-07 alone read it in the same way, and no reference has to be followed."""
    allowed = {"$schema", "title", "description", "type", "properties", "required", "additionalProperties", "items"}
    allowed |= {
        "enum",
        "const",
        "anyOf",
        "oneOf",
        "allOf",
        "not",
        "pattern",
        "format",
        "minimum",
        "maximum",
        "minItems",
    }
    allowed |= {"default"}

    def keywords(node: Any) -> set[str]:
        if isinstance(node, list):
            return set().union(*map(keywords, node))
        if not isinstance(node, dict):
            return set()
        below = [
            node.get("properties", {}).values(),
            [v for k, v in node.items() if k not in {"properties", "default"}],
        ]
        return set(node).union(*(keywords(each) for group in below for each in group))

    assert keywords(json.loads(shipped_schema())) <= allowed


def test_the_command_prints_either_schema() -> None:
    """`harness schema` prints that of harness.toml, and with --overlay that of overlays."""
    assert CliRunner().invoke(main, ["schema"]).stdout == shipped_schema()
    assert CliRunner().invoke(main, ["schema", "--overlay"]).stdout == shipped_schema(OVERLAY_SCHEMA)


def test_the_command_writes_both_and_names_the_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`harness schema --write` stores both, in place of former ones, and shows how an editor finds them."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / SCHEMA).write_text("{}")

    result = CliRunner().invoke(main, ["schema", "--write"])

    assert (tmp_path / SCHEMA).read_text() == shipped_schema()
    assert (tmp_path / OVERLAY_SCHEMA).read_text() == shipped_schema(OVERLAY_SCHEMA)
    assert schema_line() == "#:schema ./harness.schema.json"
    assert f"{SCHEMA} written. Begin the file that it describes with the line: {schema_line()}" in result.stdout


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """The error names the folder, and what to do."""
    with pytest.raises(HarnessError, match=r"absent: the schemas cannot be written: .*\. Choose another folder\.$"):
        write_schemas(tmp_path / "absent")
