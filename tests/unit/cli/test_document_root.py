"""Every command that reads an OpenAPI document takes `--root`: what else the document may refer to."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest
import yaml
from click.testing import CliRunner

from harness.cassettes.play.playback import Counts
from harness.cassettes.play.replay_server import ReplayServer
from harness.cli import replay as module
from harness.cli.main import COMMANDS, main

DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "t", "version": "1"},
    "paths": {},
    "webhooks": {
        "made": {
            "post": {
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "../shared.yaml#/Made"}}}},
                "responses": {"200": {"description": "taken"}},
            }
        }
    },
}
RECORDED = {
    "request": {"method": "GET", "uri": "https://api.example.com/", "body": "", "headers": {}},
    "response": {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": "1"}},
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Be in a folder whose document refers to a file beside the folder."""
    here = tmp_path / "api"
    here.mkdir()
    (tmp_path / "shared.yaml").write_text(
        "Made: {type: object, properties: {shared: {const: below}}, required: [shared]}"
    )
    (here / "openapi.json").write_text(json.dumps(DOCUMENT))
    (here / "cassette.yaml").write_text(yaml.safe_dump({"interactions": [RECORDED], "version": 1}))
    monkeypatch.chdir(here)
    return here


def output(*arguments: str) -> str:
    return CliRunner().invoke(main, arguments).output


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    "command",
    [
        ("spec", "check", "openapi.json"),
        ("deliver", "--spec", "openapi.json", "--to", "http://127.0.0.1:1/", "--scheme", "none", "--dry-run"),
    ],
    ids=["spec", "deliver"],
)
def test_root_is_the_folder_that_a_document_may_refer_to(command: tuple[str, ...]) -> None:
    """A file beside the working directory is refused, with what to do, unless ``--root`` is above both."""
    assert "the file is not below" in output(*command)
    assert "the file is not below" not in output(*command, "--root", "..")


@pytest.mark.usefixtures("folder")
def test_root_is_for_replay_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """The document that requests are validated against is read with it."""
    unread: list[int] = []

    def served(server: ReplayServer, **_: object) -> Counts:
        unread.append(len(server._check.__self__.bundle.unread))  # type: ignore[union-attr]  # a method of the document
        return server.playback.counts

    monkeypatch.setattr(module, "serve", served)

    output("replay", "cassette.yaml", "--spec", "openapi.json")
    output("replay", "cassette.yaml", "--spec", "openapi.json", "--root", "..")

    assert unread == [1, 0]


def test_whatever_names_a_document_has_the_option() -> None:
    """No command reads a document without it; `init` writes its path into harness.toml, whose folder counts."""
    for name in set(COMMANDS) - {"init"}:
        command = main.get_command(click.Context(main), name)
        assert command is not None
        options = {option for each in command.params for option in each.opts}
        assert "--spec" not in options or "--root" in options
