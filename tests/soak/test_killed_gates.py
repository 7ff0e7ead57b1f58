"""A command that is killed at any moment, in any of its processes, is never READY and leaves nothing behind."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest

from harness.model import Level, Report, Verdict
from harness.readiness.checklist import shipped
from harness.reports.json import read
from tests.left_behind import ANY, FUZZ, OF_A_GATE, OF_FUZZING, RECORD, Blow, Killable, add_fuzzed
from tests.plugins.conftest import NAMED, OWN_ITEM, PASSES, PROCESS, SERVE, Folder, environment, waivers

KILLS = int(os.environ.get("GATE_KILLS", "100"))
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
ENDS_WITHIN_S = 120
SPREADS: tuple[tuple[str, ...], ...] = ((), ("-n2",))
MOST = 3
"""Attempts for each kill: some gates are over before."""
_WORKER = "import sys;exec(eval(sys.stdin.readline()))"
"""In the command line of a worker of pytest-xdist, which execnet starts."""
SLOW = "import time\ndef test_slow(): time.sleep(4)\n"
LIVE = ("-m", "pytest", "-p", "no:cacheprovider", "--harness-mode=live", "scenarios")
BLOWS: tuple[tuple[tuple[str, ...], Blow], ...] = (
    *((("-m", "harness.cli", "gate"), blow) for blow in OF_A_GATE),
    *((("-m", "harness.cli", "gate", "-n2"), blow) for blow in OF_A_GATE),
    *((LIVE, blow) for blow in ANY),
    *(((*LIVE, "-n2"), blow) for blow in ANY),
    *((("-m", "harness.cli", "sandbox"), blow) for blow in ANY),
    *((FUZZ, blow) for blow in OF_FUZZING),
    *((RECORD, blow) for blow in ANY),
)
"""Commands of Python that start processes, each with every way to kill it."""
BEGINS_S, TAKES_S = 0.05, 8.0
"""When a command is killed, at random: most take longer."""


@pytest.fixture
def slow(tmp_path: Path) -> Folder:
    """A target that is READY, with two scenarios and a process, whose gate takes some seconds."""
    folder = Folder(tmp_path)
    must = [item.id for item in shipped() if item.level is Level.MUST and item.id != "secrets.never-logged"]
    folder.write("harness.toml", NAMED + OWN_ITEM + waivers(must) + PROCESS)
    folder.write("serve.py", SERVE)
    folder.write("scenarios/test_own.py", PASSES)
    folder.write("scenarios/test_slow.py", SLOW)
    add_fuzzed(folder)
    return folder


def test_a_gate_that_is_killed_is_never_ready(slow: Folder) -> None:
    """Whatever signal reaches the gate, a pytest or a worker before the report is complete, there is no exit 0.

    A worker that is killed between its last word to its pytest and its end takes nothing with it: such a kill does not
    count where the report has everything that an undisturbed gate finds.
    """
    seed = random.SystemRandom().randrange(2**32)
    chance = random.Random(seed)
    whole = {spread: _undisturbed(slow, spread) for spread in SPREADS}
    killed = 0
    for attempt in range(MOST * KILLS):
        if killed == KILLS:
            break
        spread, number = SPREADS[attempt % len(SPREADS)], SIGNALS[attempt // len(SPREADS) % len(SIGNALS)]
        killed += _killed(slow, spread, whole[spread], number, chance, seed)
        assert not slow.runs(), f"seed {seed}, kill {killed}: the target's process was left behind"
    assert killed == KILLS


def test_a_command_that_is_killed_leaves_nothing_behind(slow: Folder, tmp_path: Path) -> None:
    """Whatever is killed at whatever moment: no process after five seconds, no scratch folder after the next start."""
    seed = random.SystemRandom().randrange(2**32)
    chance = random.Random(seed)
    blows = [BLOWS[number % len(BLOWS)] for number in range(MOST * max(KILLS, len(BLOWS)))]
    chance.shuffle(blows)
    left, killed = [], 0
    for number, (words, blow) in enumerate(blows):
        if killed == KILLS:
            break
        scratch = tmp_path / f"scratch-{number}"
        scratch.mkdir()
        after_s = chance.uniform(BEGINS_S, TAKES_S)
        command = Killable(slow.path, words, scratch=scratch, terminal=blow.terminal)
        time.sleep(after_s)
        is_over = command.process.poll() is not None
        is_killed = not is_over and blow.strike(command)
        killed += is_killed
        if is_killed or is_over:
            what = f"seed {seed}: {blow.id} of {' '.join(words)} after {after_s:.2f} s"
            left += [f"{what} left {process}" for process in command.left()]
            left += [f"{what} left {name}" for name in command.left_after_the_next()]
        command.end()
    assert left == []
    assert killed == KILLS


class Undisturbed(NamedTuple):
    """What a gate that nothing disturbs takes, and what it finds."""

    takes_s: float
    found: Counter[str]


def _undisturbed(folder: Folder, spread: tuple[str, ...]) -> Undisturbed:
    began_s = time.monotonic()
    ended = folder.gate(*spread)
    assert (ended.status, ended.verdict) == (0, Verdict.READY), ended.text
    assert ended.report is not None
    return Undisturbed(time.monotonic() - began_s, _found(ended.report))


def _found(report: Report) -> Counter[str]:
    return Counter(finding.summary for item in report.items for finding in item.findings)


def _killed(
    folder: Folder,
    spread: tuple[str, ...],
    whole: Undisturbed,
    number: signal.Signals,
    chance: random.Random,
    seed: int,
) -> bool:
    """Run a gate and kill one of its processes; False where that one was over before."""
    after_s = chance.uniform(0.2, whole.takes_s)
    command = [sys.executable, "-m", "harness.cli", "gate", *spread]
    gate = subprocess.Popen(
        command, cwd=folder.path, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    with suppress(subprocess.TimeoutExpired):
        gate.wait(after_s)
        gate.communicate()
        return False
    victim = chance.choice([process for process in _processes(gate.pid) if process.is_running()])
    command_of_victim = victim.cmdline()
    victim.send_signal(number)
    complete = (folder.reports / "readiness.json").is_file()
    output, _ = gate.communicate(timeout=ENDS_WITHIN_S)
    _wait_for_the_rest(folder.path)
    if complete:
        return False
    context = f"seed {seed}: {number.name} to {command_of_victim[:8]} after {after_s:.1f} s\n{output}"
    written = folder.reports / "readiness.json"
    report = read(written.read_bytes()) if written.is_file() else None
    if gate.returncode == 0 and _WORKER in command_of_victim:
        assert report is not None
        assert _found(report) == whole.found, context
        return False
    verdict = report.verdict if report is not None else None
    assert gate.returncode != 0, context
    assert verdict in (None, Verdict.INCOMPLETE), context
    return True


def _processes(pid: int) -> Iterator[psutil.Process]:
    """Yield the gate, its pytests and their workers: what runs Python, without the target."""
    gate = psutil.Process(pid)
    for process in [gate, *gate.children(recursive=True)]:
        with suppress(psutil.Error):  # it has ended
            if not any(part in word for word in process.cmdline() for part in ("serve.py", "guardian_process.py")):
                yield process


def _wait_for_the_rest(folder: Path) -> None:
    """Wait until no process works in the folder any more."""
    deadline_s = time.monotonic() + ENDS_WITHIN_S
    while any(_works_in(process, folder) for process in psutil.process_iter()):
        assert time.monotonic() < deadline_s, "processes were left behind"
        time.sleep(0.1)


def _works_in(process: psutil.Process, folder: Path) -> bool:
    try:
        return bool(process.cwd() == str(folder))
    except psutil.Error:
        return False
