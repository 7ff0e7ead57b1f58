"""How a process shows that it is ready, when that is no URL; and what is reported when it does not."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest

from harness.errors import ProcessError
from harness.process.managed import ManagedProcess
from harness.process.ready import CommandSucceeds, PrintsLine, ReadyCheck, StaysAlive

SLEEP = "import time; time.sleep(600)"
PRINTS = "import time; time.sleep(0.2); print('listening on 1', flush=True); time.sleep(600)"
DIES = "import sys; print('no database'); sys.exit(0)"
TOUCHES = "import time, pathlib; time.sleep(0.2); pathlib.Path('up').touch(); time.sleep(600)"


def process(tmp_path: Path, script: str, ready: ReadyCheck, *, within_s: float = 60) -> ManagedProcess:
    return ManagedProcess(
        "worker",
        command=[sys.executable, "-c", script],
        ready=ready,
        ready_within_s=within_s,
        cwd=tmp_path,
        env={"MARK": "up"},
        log=tmp_path / "worker.log",
    )


@pytest.mark.parametrize(
    "script, ready",
    [
        (PRINTS, PrintsLine("listening on")),
        (TOUCHES, CommandSucceeds(["sh", "-c", 'test -e "$MARK"'])),  # in its folder, with its environment
        (SLEEP, StaysAlive()),
    ],
    ids=["log", "command", "none"],
)
def test_a_process_without_a_url_is_started_and_watched(tmp_path: Path, script: str, ready: ReadyCheck) -> None:
    """It is ready, lives, is reported when it is killed, and can be started again."""
    worker = process(tmp_path, script, ready)

    worker.start()
    assert worker.silence() is None
    assert worker._process is not None
    worker._process.send_signal(signal.SIGKILL)
    worker._process.wait()
    assert "[process.worker] was killed by SIGKILL" in (worker.silence() or "")

    worker.kill()
    worker.start()
    assert worker.silence() is None
    worker.stop()


def test_the_line_of_an_earlier_start_shows_nothing(tmp_path: Path) -> None:
    """After a restart, only what is printed since counts."""
    worker = process(tmp_path, "import time; time.sleep(600)", PrintsLine("listening on"), within_s=0.3)
    worker.log.write_text("listening on 1\n")

    with pytest.raises(ProcessError, match="no line of the output contained"):
        worker.start()


# What shows readiness, and how the messages name it: before an early end, and after the time is up.
MESSAGES: dict[str, tuple[ReadyCheck, str, str]] = {
    "log": (
        PrintsLine("listening on"),
        "before it printed 'listening on'. Run it by hand",
        "no line of the output contained 'listening on' within 0.3 s. Check the text, and whether the program buffers",
    ),
    "command": (
        CommandSucceeds(["false", "-q"]),
        "before `false -q` succeeded. Run it by hand",
        "`false -q` did not exit with status 0 within 0.3 s. Run that command by hand to see why, or give it more",
    ),
    "none": (
        StaysAlive(),
        "before it had run for half a second. Run it by hand",
        "it had not run for half a second within 0.3 s. Check the command, or give it more time with ready_within",
    ),
}


@pytest.mark.parametrize("ready, early, late", MESSAGES.values(), ids=MESSAGES)
def test_one_that_does_not_become_ready_is_named(
    tmp_path: Path, ready: ReadyCheck, early: str, late: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An end before it is ready is an error with the last output, even with status 0; so is the time that is up."""
    monkeypatch.setattr("harness.process.ready.ALIVE_S", 60)  # a busy machine takes long to end a program
    with pytest.raises(ProcessError) as ended:
        process(tmp_path, DIES, ready).start()
    with pytest.raises(ProcessError) as silent:
        process(tmp_path, SLEEP, ready, within_s=0.3).start()

    assert f"[process.worker] command exited with status 0 {early}" in str(ended.value)
    assert "no database" in str(ended.value)
    assert f"[process.worker] ready: {late}" in str(silent.value)


def test_a_missing_program_that_would_show_readiness_is_named(tmp_path: Path) -> None:
    """The message names the key ready and the program, before anything starts."""
    worker = process(tmp_path, SLEEP, CommandSucceeds(["no-such-program-here"]))

    with pytest.raises(ProcessError, match=r"\[process\.worker\] ready: 'no-such-program-here' is not a program"):
        worker.start()

    assert not worker.log.exists()
