"""The command line: a mistake is told with what was not understood, and the exit status tells whose it is."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness import __version__
from harness.cli.main import COMMANDS, main
from harness.errors import ConfigurationError, NetworkError
from harness.secrets import Vault

REFUSED = {
    "unknown command": (["gat"], "There is no command 'gat'. Did you mean 'gate'?"),
    "missing argument": (["deliver"], "Missing argument 'EVENTS...'"),
    "unknown option": (["sandbox", "--defct", "x"], "No such option"),
    "no target": (["gate"], "ERROR: harness.toml not found in"),
    "the gate's own option": (["gate", "--harness-target=x"], "harness gate --target NAME"),
}


@pytest.mark.parametrize("words, said", REFUSED.values(), ids=REFUSED.keys())
def test_wrong_usage_exits_with_4(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], said: str) -> None:
    """The message names what was not understood."""
    monkeypatch.chdir(tmp_path)

    result = CliRunner().invoke(main, words)

    assert said in result.output
    assert result.exit_code == 4


@pytest.mark.parametrize("error, status", [(ConfigurationError("mend it"), 4), (NetworkError("refused"), 1)])
def test_an_error_of_the_harness_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, error: Exception, status: int
) -> None:
    """Configuration exits with 4, everything else with 1; no traceback."""

    def gate(*_: object, **__: object) -> int:
        raise error

    monkeypatch.setattr("harness.cli.gate.run_gate", gate)

    result = CliRunner().invoke(main, ["gate"])

    assert result.output == f"ERROR: {error}\n"
    assert result.exit_code == status


CHOICE = (
    "--only",
    "auth.accepts, webhooks",
    "--skip",
    "webhooks.tls",
    "--only",
    "secrets,webhooks",
    "--skip=webhooks.ack",
)


def test_a_gate_takes_its_choices_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """`--only` and `--skip` may be given several times, each with several names."""
    chosen: dict[str, object] = {}
    monkeypatch.setattr("harness.cli.gate.run_gate", lambda *_, **given: chosen.update(given))

    CliRunner().invoke(main, ["gate", *CHOICE])

    assert chosen["only"] == ("auth.accepts", "webhooks", "secrets")
    assert chosen["skip"] == ("webhooks.tls", "webhooks.ack")


def test_a_gate_on_the_sandbox_takes_them_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is an option of the gate that runs there."""
    given: list[str] = []
    monkeypatch.setattr("harness.cli.run_sandbox.gate_on_sandbox", lambda options, _: given.extend(options))
    monkeypatch.setattr("harness.cli.gate.run_gate", lambda *_, **__: 0)

    CliRunner().invoke(main, ["gate", "--sandbox", *CHOICE])

    assert [option for option in given if option.startswith(("--only", "--skip"))] == [
        *("--only=auth.accepts, webhooks", "--only=secrets,webhooks", "--skip=webhooks.tls", "--skip=webhooks.ack")
    ]


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_explains_itself(command: str) -> None:
    """`harness COMMAND --help` begins with what it does, and the list of commands holds it."""
    assert CliRunner().invoke(main, [command, "--help"]).exit_code == 0
    assert f"  {command} " in CliRunner().invoke(main, ["--help"]).output


def test_the_version_is_told() -> None:
    """`harness --version` gives the package's."""
    assert __version__ in CliRunner().invoke(main, ["--version"]).output


@pytest.mark.parametrize(
    "words", [["replay", "{}.yaml"], ["{}"], ["deliver", "--{}"], ["waive", "a", "b", "{}"]], ids=lambda words: words[0]
)
def test_what_was_given_by_mistake_is_not_shown_where_it_is_a_secret(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, words: list[str]
) -> None:
    """Although no command has read the target."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KEY", value := secrets.token_hex(16))
    provider = 'base_url = "http://127.0.0.1:9"\nspec = "x.yaml"\nauth = {type = "bearer", token = "env:KEY"}\n'
    (tmp_path / "harness.toml").write_text(f'[target]\nname = "Tiny"\n[provider]\n{provider}')

    result = CliRunner().invoke(main, [word.format(value) for word in words])

    assert value not in result.output
    assert result.exit_code == 4


def test_a_fault_of_ours_shows_no_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Its traceback is redacted, and the exit status is 1."""
    value = secrets.token_hex(16)

    def gate(*_: object, **__: object) -> int:
        Vault(seed="", root=tmp_path).add("env:KEY", value)
        raise RuntimeError(f"no case for {value!r}")

    monkeypatch.setattr("harness.cli.gate.run_gate", gate)

    result = CliRunner().invoke(main, ["gate"])

    assert "Traceback" in result.output
    assert "RuntimeError: no case for '[REDACTED env:KEY]'" in result.output
    assert value not in result.output
    assert result.exit_code == 1


REFUSALS = {
    "no space": (OSError(28, "No space left on device", "/a/b"), "/a/b: No space left on device. Free space there, or"),
    "no permission": (PermissionError(13, "Permission denied", "/a/b"), "/a/b: Permission denied. Allow this user to"),
    "no file": (
        OSError(24, "Too many open files"),
        "Too many open files. Raise the limit of open files: ulimit -n 1024",
    ),
    "no temporary folder": (
        FileNotFoundError(2, "No usable temporary directory found in ['/tmp']"),
        "No usable temporary directory found in ['/tmp']. Free space in one of them, or set TMPDIR to a folder",
    ),
}


@pytest.mark.parametrize("error, said", REFUSALS.values(), ids=REFUSALS.keys())
def test_what_the_machine_refuses_is_a_sentence(monkeypatch: pytest.MonkeyPatch, error: OSError, said: str) -> None:
    """Whichever command it happens to: the file, the reason, what to do, and status 1."""

    def gate(*_: object, **__: object) -> int:
        raise error

    monkeypatch.setattr("harness.cli.gate.run_gate", gate)

    result = CliRunner().invoke(main, ["gate"])

    assert result.output.startswith("ERROR: ")
    assert said in result.output
    assert result.output.count("\n") == 1
    assert result.exit_code == 1


def test_a_fault_of_ours_is_shown_whole(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """An error that the machine has no part in has a traceback, also where its number is one of these."""

    def gate(*_: object, **__: object) -> int:
        raise OSError(27, "it is larger than 1 MiB")

    monkeypatch.setattr("harness.cli.gate.run_gate", gate)

    result = CliRunner().invoke(main, ["gate"])

    assert "Traceback" in result.output + capsys.readouterr().err
    assert result.exit_code == 1
