"""A command that serves until Ctrl-C ends well from the moment in which it says so."""

from __future__ import annotations

import signal
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli import run_sandbox
from harness.cli.main import main
from harness.process.ending_signals import ending_signals

CASSETTE = """
version: 1
interactions:
- request: {method: GET, uri: "https://api.example.com/users", headers: {}, body: null}
  response: {status: {code: 200, message: OK}, headers: {}, body: {string: "[]"}}
"""
COMMANDS = {
    "capture": ("capture", "--into", "captured"),
    "faults": ("faults", "--fault", "503"),
    "record": ("record", "--upstream", "http://127.0.0.1:9", "--cassette", "new.yaml"),
    "replay": ("replay", "one.yaml"),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with a cassette."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "one.yaml").write_text(CASSETTE)
    return tmp_path


def _stopped_by(number: signal.Signals, shown: list[str]) -> Callable[..., None]:
    """Return a `say` after which the command receives the signal before its next statement."""

    def say(text: str, **_: object) -> None:
        shown.append(text)
        if "Press Ctrl-C" in text:
            signal.raise_signal(number)

    return say


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("number", ending_signals())
@pytest.mark.parametrize("name", COMMANDS)
def test_the_invitation_is_true_at_once(monkeypatch: pytest.MonkeyPatch, name: str, number: signal.Signals) -> None:
    """A signal right after "Press Ctrl-C" ends the command without an error, and its summary is shown."""
    shown: list[str] = []
    monkeypatch.setattr(import_module(f"harness.cli.{name}"), "say", _stopped_by(number, shown))
    before = signal.getsignal(number)

    done = CliRunner().invoke(main, COMMANDS[name])

    assert (done.exit_code, done.output) == (0, "")
    assert "Press Ctrl-C" in shown[-2]
    assert "Press Ctrl-C" not in shown[-1]
    assert signal.getsignal(number) == before


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("number", ending_signals())
def test_the_sandbox_ends_its_processes(number: signal.Signals) -> None:
    """The same holds for the sandbox, whose credentials are removed."""
    shown: list[str] = []

    status = run_sandbox.run_sandbox((), echo=_stopped_by(number, shown))

    assert status == 0
    assert "Credentials" in shown[0]
    credentials = next(line for line in shown[0].splitlines() if line.startswith("Credentials")).split()[-1]
    assert not Path(credentials).exists()
