"""Secrets that a command prints, in a whole target: who runs the command, and how often."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli.main import main
from harness.context.isolated_copy import isolated_copy
from harness.context.run_context import RunContext
from harness.model import SecretRef
from harness.process.run import Run

# Stands for a password manager: prints a secret, and notes that it was asked.
MANAGER = "#!/bin/sh\necho x >> asked\necho not-a-real-secret-$1\n"
REF = SecretRef("command:./manager read")


@pytest.fixture
def target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "manager").write_text(MANAGER)
    (tmp_path / "manager").chmod(0o755)
    (tmp_path / "harness.toml").write_text(
        '[target]\nname = "Tiny"\n[provider]\nspec = "openapi.yaml"\nbase_url = "http://127.0.0.1:9"\n'
        f'auth = {{ type = "bearer", token = "{REF}" }}\n'
        f'[process.app]\ncommand = ["sleep", "600"]\nenv = {{ TOKEN = "{REF}" }}\n'
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_run_asks_once(target: Path, request: pytest.FixtureRequest) -> None:
    """The copy for drills and the workers know what the controller's command printed, by memory and pipe alone."""
    run = Run.begin()
    request.addfinalizer(run.end)
    context = RunContext.load(target, run=run, overlay=None, reports=target / "reports")
    context.secrets.resolve_all(strict=True)
    worker = RunContext.load(target, run=Run.from_json(run.to_json()), overlay=None, reports=target / "reports")

    with isolated_copy(context) as copy:
        values = {each.reveal(REF) for each in (context, copy, worker)}
        assert next(iter(copy.processes)).env["TOKEN"] in values

    assert values == {"not-a-real-secret-read"}
    assert (target / "asked").read_text() == "x\n"
    assert "not-a-real" not in repr(run)
    written = [p for folder in (target, run.path) for p in folder.rglob("*") if p.is_file() and p.name != "manager"]
    assert [p for p in written if b"not-a-real" in p.read_bytes()] == []


@pytest.mark.parametrize("words", [["explain", "auth.accepts"], ["gate", "--plan"]], ids=lambda words: words[0])
def test_a_command_that_needs_no_secret_asks_for_none(target: Path, words: list[str]) -> None:
    """Explaining and planning do not run the command."""
    CliRunner().invoke(main, words)

    assert not (target / "asked").exists()


def test_a_secret_among_the_words_is_refused(target: Path) -> None:
    """A command with a literal credential is no reference: its words are shown."""
    toml = (target / "harness.toml").read_text()
    (target / "harness.toml").write_text(toml.replace(str(REF), "command:curl https://me:hunter2hunter2@vault/key", 1))

    ended = CliRunner().invoke(main, ["gate", "--plan"])

    assert "[provider] auth.token looks like a literal secret" in ended.output
    assert "hunter2" not in ended.output
