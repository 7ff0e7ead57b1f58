"""Whatever kills a command, no process of the target outlives it for long, and the next run removes its folders."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from harness.process.groups import has_proc
from tests.left_behind import ANY, FUZZ, OF_A_GATE, OF_FUZZING, RECORD, Blow, Killable, add_fuzzed
from tests.plugins.conftest import MUST, NAMED, OWN_ITEM, PROCESS, SERVE, Folder, waivers
from tests.waiting import wait_for

pytestmark = pytest.mark.skipif(not has_proc(), reason="what a command has started is found by its environment")

SLOW = """
import pathlib, time
def test_slow(harness_mode):
    pathlib.Path("began").touch()
    time.sleep(600)
"""


class Command(NamedTuple):
    """A command with the ways to kill it."""

    words: tuple[str, ...]
    blows: tuple[Blow, ...]
    began: str = "began"
    """File in the target's folder that shows that it does its work."""
    starts: str = "serve.py"
    """Program that it starts by then, empty for none."""


_PYTEST = ("-m", "pytest", "-p", "no:cacheprovider", "--harness-mode=live")
COMMANDS = {
    "gate": Command(("-m", "harness.cli", "gate", "-p", "no:cacheprovider"), OF_A_GATE),
    "pytest": Command((*_PYTEST, "scenarios"), ANY),
    "pytest -n2": Command((*_PYTEST, "-n2", "scenarios"), ANY[:1]),
    "fuzz": Command(FUZZ, OF_FUZZING, starts="hangs.py"),
    "record": Command(RECORD, ANY, began="recorded.yaml", starts=""),
}
Start = Callable[..., Killable]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a command in a folder with a target, ``start(*words, terminal=False)``; it is ended with the test."""
    started: list[Killable] = []
    folder, scratch = Folder(tmp_path / "target"), tmp_path / "scratch"
    scratch.mkdir()
    folder.write("harness.toml", NAMED + OWN_ITEM + waivers(MUST) + PROCESS)
    folder.write("serve.py", SERVE)
    folder.write("scenarios/test_slow.py", SLOW)
    add_fuzzed(folder)

    def begin(*words: str, terminal: bool = False) -> Killable:
        started.append(Killable(folder.path, words, scratch=scratch, terminal=terminal))
        return started[-1]

    yield begin
    for killable in started:
        killable.end()


@pytest.mark.parametrize(
    "killed, blow",
    [pytest.param(each, blow, id=f"{name}-{blow.id}") for name, each in COMMANDS.items() for blow in each.blows],
)
def test_nothing_of_the_target_outlives_a_command(start: Start, tmp_path: Path, killed: Command, blow: Blow) -> None:
    """Every process that the command started ends with it, directly started or not."""
    command = start(*killed.words, terminal=blow.terminal)
    wait_for((tmp_path / "target" / killed.began).exists)
    assert bool(command.named(killed.starts)) == bool(killed.starts)
    assert bool(list((tmp_path / "scratch").glob("harness-*"))) == bool(killed.starts)

    blow.strike(command)

    assert command.left() == []
    assert command.left_after_the_next() == []


WAITS = """
import pathlib, pytest, time
@pytest.mark.verifies("own.backup")
def test_it_waits():
    pathlib.Path("began").touch()
    for _ in range(600):
        if pathlib.Path("go").exists():
            return
        time.sleep(0.1)
    raise TimeoutError
"""


def test_a_gate_under_nohup_outlives_its_terminal(start: Start, tmp_path: Path) -> None:
    """Where SIGHUP is ignored from the beginning, the gate goes on, and so does all that it started."""
    target = tmp_path / "target"
    (target / "scenarios" / "test_slow.py").write_text(WAITS)
    ignores = (
        "import os, signal, sys; signal.signal(signal.SIGHUP, signal.SIG_IGN); os.execv(sys.executable, sys.argv[1:])"
    )
    command = start("-c", ignores, sys.executable, *COMMANDS["gate"].words)
    wait_for((target / "began").exists)

    os.killpg(command.process.pid, signal.SIGHUP)
    (target / "go").touch()

    assert command.process.wait(60) == 1  # one requirement has no check
    assert "interrupted" not in command.output
    assert "1 passed" in command.output


@pytest.mark.parametrize("blow", ANY, ids=[blow.id for blow in ANY])
def test_the_credentials_of_the_sandbox_end_with_it(start: Start, tmp_path: Path, blow: Blow) -> None:
    """Both processes and the file with the keys go, the rest of the folder with the next run."""
    sandbox = start("-m", "harness.cli", "sandbox", terminal=blow.terminal)
    wait_for(lambda: len(sandbox.named("harness.sandbox")) == 2 and _has_begun(tmp_path))
    [credentials] = (tmp_path / "scratch").glob("*/credentials.env")

    blow.strike(sandbox)

    assert sandbox.left() == []
    wait_for(lambda: not credentials.exists())
    assert sandbox.left_after_the_next() == []


def _has_begun(tmp_path: Path) -> bool:
    return any(log.stat().st_size for log in (tmp_path / "scratch").glob("*/integration.log"))
