"""`harness init`: the first files are true, whole, and over none that is there; bad answers write nothing."""

from __future__ import annotations

import datetime as dt
import errno
import hmac
import json
import os
import re
import secrets
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from harness.cli.main import main
from harness.context.examination.examination import examine
from harness.context.starting import file_plan
from harness.context.starting.first_files import CI_FILES
from harness.context.target import load_target
from harness.model import Outcome
from harness.operations.runbooks import judge_runbooks
from harness.packs.shelf import pack_named, pack_names

ORDER = {
    "type": "object",
    "required": ["id", "sku"],
    "properties": {"id": {"type": "string"}, "sku": {"type": "string"}},
}
NEW = {"type": "object", "required": ["sku"], "properties": {"sku": {"type": "string"}}, "example": {"sku": "TEA-1"}}
SPEC: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Acme Orders", "version": "1"},
    "servers": [{"url": "https://{region}.example.com/v1", "variables": {"region": {"default": "eu"}}}],
    "security": [{"key": []}],
    "components": {
        "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}},
        "schemas": {"Order": ORDER, "New": NEW},
    },
    "paths": {
        "/orders": {
            "get": {"responses": {"200": {"description": "All"}}},
            "post": {
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/New"}}}},
                "responses": {
                    "201": {
                        "description": "Made",
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}},
                    }
                },
            },
        },
        "/orders/{id}": {
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
            "get": {
                "responses": {
                    "200": {
                        "description": "One",
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}},
                    }
                }
            },
        },
    },
    "webhooks": {
        "order.paid": {
            "post": {
                "requestBody": {
                    "content": {
                        "application/json": {
                            "schema": {"type": "object"},
                            "example": {"id": "evt_1", "type": "order.paid"},
                        }
                    }
                },
                "responses": {"200": {"description": "Thanks"}},
            }
        }
    },
}
HOOK = "http://127.0.0.1:9/hook"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an OpenAPI document alone."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "openapi.json").write_text(json.dumps(SPEC), encoding="utf-8")
    return tmp_path


def init(*words: str, answers: str | None = None) -> Result:
    return CliRunner().invoke(main, ["init", *words], input=answers)


def files_of(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_the_first_files_are_those_of_the_answers(folder: Path) -> None:
    """A configuration that is read without a complaint, a scenario, fixtures, runbooks, a CI file, ignored folders."""
    result = init("--spec", "openapi.json", "--credential", "env:ACME_KEY", "--receiver", HOOK, "--ci", "gitlab")

    assert result.exit_code == 0, result.output
    assert files_of(folder) == {
        *("openapi.json", "harness.toml", "harness.schema.json", "scenarios/test_first.py", ".gitignore"),
        *("runbooks/auth.md", "runbooks/webhooks.md", "fixtures/webhooks/order.paid.json", "readiness.gitlab-ci.yml"),
    }
    config = load_target(folder).config
    assert config.provider is not None
    assert config.provider.base_url == "https://eu.example.com/v1"
    raw = tomllib.loads((folder / "harness.toml").read_text())
    assert raw["provider"]["auth"] == {"type": "api-key", "header": "X-Key", "key": "env:ACME_KEY"}
    assert "probes" not in raw["provider"]
    assert result.output.splitlines()[-2:] == ["Set first: ACME_KEY, WEBHOOK_SECRET", "Next: harness gate"]
    assert (folder / ".gitignore").read_text() == "reports/\n.harness/\n"


def test_a_doctor_finds_only_what_the_user_alone_can_fill_in(folder: Path) -> None:
    """Variables that are not set, and the skeletons of runbooks."""
    init("--spec", "openapi.json", "--credential", "env:ACME_NO_SUCH_KEY", "--receiver", HOOK)

    found = examine(folder, overlay=None, live=False)

    assert {obstacle.symptom for obstacle in found.obstacles} == {"variables", "runbooks"}


def test_a_scenario_writes_only_where_the_provider_is_ours(folder: Path) -> None:
    """At a vendor's API it reads; at one of ours it creates, with the example of the document, and reads that again."""
    init("--spec", "openapi.json", "--ci", "none")
    vendor = (folder / "scenarios" / "test_first.py").read_text()
    for name in ("harness.toml", "harness.schema.json", "runbooks/auth.md"):
        (folder / name).unlink()
    (folder / "scenarios" / "test_first.py").unlink()
    init("--spec", "openapi.json", "--provider", "own", "--ci", "none")
    own = (folder / "scenarios" / "test_first.py").read_text()

    assert "api.get('/orders').raise_for_status()" in vendor
    assert "post" not in vendor
    assert "body = {'sku': 'TEA-1'}" in own
    assert "api.get(f\"/orders/{created['id']}\")" in own
    compile(own, "test_first.py", "exec")
    assert tomllib.loads((folder / "harness.toml").read_text())["provider"]["probes"] == "write"


def test_only_runbooks_that_apply_are_written(folder: Path) -> None:
    """Without a receiver there are no webhook incidents; once that is declared, no doctor asks for their runbook."""
    init("--spec", "openapi.json", "--ci", "none")
    before = [obstacle.text for obstacle in examine(folder, overlay=None, live=False).obstacles]
    written = folder / "harness.toml"
    text = written.read_text().replace("# [target.absent]", "[target.absent]").replace("# receiver =", "receiver =")
    written.write_text(text)
    after = [obstacle.text for obstacle in examine(folder, overlay=None, live=False).obstacles]

    assert [path.name for path in (folder / "runbooks").iterdir()] == ["auth.md"]
    assert any("The runbook for webhook incidents is missing, incomplete or out of date" in text for text in before)
    assert any("The runbook for auth incidents" in text for text in after)
    assert not any("webhook incidents" in text for text in after)


@pytest.mark.parametrize(
    "variable, secret, comment",
    [
        ("ACME_KEY", "ACME_KEY", ""),
        ("GITHUB_KEY", "GH_KEY", "  # add it as GH_KEY: GitHub takes no name that begins with GITHUB_"),
    ],
)
def test_a_secret_has_a_name_that_github_takes(folder: Path, variable: str, secret: str, comment: str) -> None:
    """The variable that the gate reads is that of harness.toml all the same."""
    init("--spec", "openapi.json", "--credential", f"env:{variable}")
    workflow = (folder / CI_FILES["github"]).read_text()

    assert f"          {variable}: ${{{{ secrets.{secret} }}}}{comment}\n" in workflow
    step = next(s for s in yaml.safe_load(workflow)["jobs"]["gate"]["steps"] if s.get("run") == "harness gate")
    assert list(step["env"]) == [variable]


@pytest.mark.parametrize("name", pack_names())
def test_a_vendor_needs_no_document(folder: Path, name: str) -> None:
    """With a receiver alone, its scheme, its limit and its events are there, and the fixtures are read."""
    result = init("--provider", name, "--receiver", HOOK, "--ci", "github")

    assert result.exit_code == 0, result.output
    found = examine(folder, overlay=None, live=False)
    assert {obstacle.symptom for obstacle in found.obstacles} <= {"variables", "runbooks"}
    workflow = yaml.safe_load((folder / ".github/workflows/readiness.yml").read_text())
    steps = workflow["jobs"]["gate"]["steps"]
    variable = pack_named(name, "").signing_secret.removeprefix("env:")
    assert next(s for s in steps if s.get("run") == "harness gate")["env"] == {
        variable: f"${{{{ secrets.{variable} }}}}"
    }


def test_a_captured_delivery_gives_the_scheme(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is searched, and its section is in harness.toml."""
    secret = secrets.token_hex(20)
    monkeypatch.setenv("WEBHOOK_SECRET", secret)
    body = b'{"id": "evt_1", "type": "order.paid"}'
    signature = hmac.digest(secret.encode(), body, "sha512").hex()
    (folder / "d.http").write_bytes(f"Host: a.example\r\nX-Acme-Signature: {signature}\r\n\r\n".encode() + body)

    result = init("--receiver", HOOK, "--delivery", "d.http", "--ci", "none")

    assert result.exit_code == 0, result.output
    described = tomllib.loads((folder / "harness.toml").read_text())["receiver"]["signature"]
    assert (described["header"], described["digest"]) == ("x-acme-signature", "sha512")
    assert secret not in "".join(path.read_text() for path in folder.rglob("*") if path.suffix in {".toml", ".yml"})


def test_nothing_is_overwritten(folder: Path) -> None:
    """Neither a target that is there, nor one file of those that would be written."""
    (folder / "runbooks").mkdir()
    (folder / "runbooks" / "auth.md").write_text("ours")
    before = files_of(folder)
    one = init("--spec", "openapi.json")
    (folder / "harness.toml").write_text("ours")
    all_of_them = init("--spec", "openapi.json")

    assert "runbooks/auth.md: there already, and nothing is overwritten. Move it away" in one.output
    assert "harness.toml describes a target already, and nothing is overwritten." in all_of_them.output
    assert (one.exit_code, all_of_them.exit_code) == (4, 4)
    assert files_of(folder) == before | {"harness.toml"}


def test_a_disk_that_cannot_be_written_leaves_nothing(folder: Path) -> None:
    """A file in the place of a folder stops half-way: what was written before is removed again."""
    (folder / "scenarios").write_text("a file")
    before = files_of(folder)

    result = init("--spec", "openapi.json")

    assert "cannot be written: " in result.output
    assert "Nothing was written; choose another folder." in result.output
    assert result.exit_code == 4
    assert files_of(folder) == before


def test_the_lines_of_gitignore_stay_as_they_are(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its line ends are its owner's, and a disk that fills up leaves it whole."""
    (folder / ".gitignore").write_bytes(b"a\r\nreports/\r\nb")
    before = files_of(folder)
    with monkeypatch.context() as full:
        full.setattr(file_plan, "write_atomically", refused)
        result = init("--spec", "openapi.json")

    assert ".gitignore: cannot be written: No space left on device. Nothing was written" in result.output
    assert files_of(folder) == before

    init("--spec", "openapi.json")
    assert (folder / ".gitignore").read_bytes() == b"a\r\nreports/\r\nb\r\n.harness/\r\n"


def refused(path: Path, _: bytes) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))


BASIC, BEARER = {"type": "http", "scheme": "basic"}, {"type": "http", "scheme": "bearer"}
KEY = {"type": "apiKey", "in": "header", "name": "X-Key"}
IN_QUERY = {**KEY, "in": "query"}
BY_PASSWORD = {"type": "basic", "username": "env:API_USER", "password": "env:KEY"}


@pytest.mark.parametrize(
    "schemes, asked, credential, auth",
    [
        ({}, [], "env:KEY", {"type": "bearer", "token": "env:KEY"}),
        ({"a": BASIC}, [], "env:KEY", BY_PASSWORD),
        ({"a": BASIC}, [], "bot:env:KEY", {**BY_PASSWORD, "username": "bot"}),
        ({"a": BASIC, "b": BEARER}, [{"a": []}, {"b": []}], "env:KEY", {"type": "bearer", "token": "env:KEY"}),
        ({"a": BEARER, "b": BASIC}, [], "bot:file:k", {"type": "basic", "username": "bot", "password": "file:k"}),
        ({"a": BEARER, "b": KEY}, [{"b": []}], "env:KEY", {"type": "api-key", "header": "X-Key", "key": "env:KEY"}),
        ({"a": {"type": "oauth2", "flows": {}}}, [], "env:KEY", {"type": "bearer", "token": "env:KEY"}),
        ({"a": {"type": "http", "scheme": "Token"}}, [], "env:KEY", {"type": "bearer", "scheme": "Token"}),
        ({"a": IN_QUERY, "b": BASIC}, [], "env:KEY", {"type": "api-key", "query": "X-Key", "key": "env:KEY"}),
        ({"a": IN_QUERY, "b": KEY}, [], "env:KEY", {"type": "api-key", "header": "X-Key", "key": "env:KEY"}),
        ({"a": {**KEY, "in": "cookie"}}, [], "env:KEY", {"type": "api-key", "cookie": "X-Key", "key": "env:KEY"}),
    ],
    ids=["none", "basic", "user", "one-value", "two-values", "asked", "oauth", "word", "query", "no-query", "cookie"],
)
def test_the_credential_is_sent_as_the_document_asks(
    folder: Path, schemes: dict[str, Any], asked: list[Any], credential: str, auth: dict[str, str]
) -> None:
    """One value goes to a scheme of one value, and a user name to Basic; each variable is named, for CI too."""
    components = {**SPEC["components"], "securitySchemes": schemes}
    (folder / "openapi.json").write_text(json.dumps({**SPEC, "components": components, "security": asked}))

    result = init("--spec", "openapi.json", "--credential", credential)

    assert result.exit_code == 0, result.output
    written = tomllib.loads((folder / "harness.toml").read_text())["provider"]["auth"]
    assert auth.items() <= written.items()
    if auth.get("username") == "env:API_USER":
        assert "Set first: API_USER, KEY" in result.output
        assert "API_USER: ${{ secrets.API_USER }}" in (folder / ".github/workflows/readiness.yml").read_text()


@pytest.mark.parametrize("ci", ["github", "gitlab"])
def test_the_guide_shows_the_file_that_is_written(folder: Path, ci: str) -> None:
    """docs/gate-in-ci.md has it to the byte, for the secrets of its example."""
    words = (
        "--credential",
        "env:PRODUCT_API_KEY",
        "--receiver",
        HOOK,
        "--signing-secret",
        "env:PRODUCT_WEBHOOK_SECRET",
    )

    init("--spec", "openapi.json", *words, "--ci", ci)

    guide = Path(__file__).parents[3] / "docs" / "gate-in-ci.md"
    assert f'"\n{(folder / CI_FILES[ci]).read_text()}```\n' in guide.read_text()


@pytest.mark.parametrize(
    "required, command",
    [
        ("httpx  # for readiness-harness\n", 'pip install "readiness-harness[all]" -r requirements.txt'),
        ("httpx\nReadiness_Harness[all] @ file:///w.whl\n", "pip install -r requirements.txt"),
    ],
    ids=["others", "the-harness"],
)
def test_the_ci_file_installs_what_a_folder_requires(folder: Path, required: str, command: str) -> None:
    """With a requirements.txt it installs what that names, and the harness by its name where that does not."""
    (folder / "requirements.txt").write_text(required)

    init("--spec", "openapi.json")

    assert f"- run: {command}\n" in (folder / CI_FILES["github"]).read_text()


def test_a_skeleton_asks_for_what_the_gate_asks(folder: Path) -> None:
    """It fails; with its head and each of its sections filled in, it passes."""
    init("--spec", "openapi.json", "--receiver", HOOK, "--ci", "none")
    paths = sorted((folder / "runbooks").iterdir())
    today = dt.datetime.now(tz=dt.UTC).date()
    skeletons = list(judge_runbooks(paths, today=today, review_within_s=86_400, root=folder))
    for path in paths:
        text = path.read_text().replace("owner:", "owner: payments").replace("reviewed:", f"reviewed: {today}")
        path.write_text(re.sub(r"^(## .*)$", r"\1\n\nRun `tool --do` and call the team.", text, flags=re.MULTILINE))

    filled = list(judge_runbooks(paths, today=today, review_within_s=86_400, root=folder))

    assert {finding.outcome for finding in skeletons} == {Outcome.FAIL}
    assert {finding.outcome for finding in filled} == {Outcome.PASS}, [f.observed for f in filled]
