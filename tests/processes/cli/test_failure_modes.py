"""What goes wrong around a gate gets a sentence, and nothing is READY: full disks, wrong folders, few files."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from harness.model import Verdict
from harness.reports.json import read
from tests.plugins.conftest import (
    MUST,
    NAMED,
    OWN_ITEM,
    PASSES,
    PROCESS,
    SERVE,
    TIMEOUT_S,
    Folder,
    environment,
    waivers,
)

FILLS = (
    PASSES
    + '''
@pytest.fixture(autouse=True)
def full():
    """Fill the folder for temporary files, as a log without end does."""
    import os, pathlib
    try:
        with pathlib.Path(os.environ["TMPDIR"], "fill").open("wb", buffering=0) as file:
            while True:
                file.write(bytes(512))
    except OSError:
        pass
'''
)
Mount = Callable[[str, int], Path]
AS_OTHERS = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
"""For root, who may otherwise write into every folder (capabilities(7))."""


class Ended(NamedTuple):
    """How a gate ended."""

    status: int
    text: str
    verdict: Verdict | None


@pytest.fixture
def target(tmp_path: Path) -> Folder:
    """A target that is READY where nothing goes wrong, and has a process."""
    folder = Folder(tmp_path)
    unproven = [item for item in MUST if item != "secrets.never-logged"]
    folder.write("harness.toml", NAMED + OWN_ITEM + waivers(unproven) + PROCESS)
    folder.write("serve.py", SERVE)
    folder.write("scenarios/test_own.py", PASSES)
    return folder


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Mount]:
    """Mount a file system with few bytes: ``mount(name, size)``; the test is skipped where that is not allowed."""
    mounted: list[Path] = []

    def make(name: str, size: int) -> Path:
        (tmp_path / name).mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(tmp_path / name)]
        try:
            done = subprocess.run(command, capture_output=True, check=False)
        except OSError:
            pytest.skip("there is no mount")
        if done.returncode:
            pytest.skip("this user may not mount a file system")
        mounted.append(tmp_path / name)
        return mounted[-1]

    yield make
    for folder in mounted:
        subprocess.run(["umount", str(folder)], check=True)


def gate(target: Folder, *args: str, files: tuple[int, int] | None = None, **env: str) -> Ended:
    """Run a gate, perhaps with a limit of open ``files``, and the one to which it may be raised."""
    return run(target, "-m", "harness.cli", "gate", "-p", "no:cacheprovider", *args, files=files, through=(), **env)


def run(target: Folder, *words: str, files: tuple[int, int] | None, through: tuple[str, ...] = (), **env: str) -> Ended:
    """Run Python in the folder of the target, perhaps ``through`` another command."""

    def limited() -> None:
        if files is not None:
            resource.setrlimit(resource.RLIMIT_NOFILE, files)

    done = subprocess.run(
        [*through, sys.executable, *words],
        cwd=target.path,
        env=environment(**env),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=limited,
        check=False,
        timeout=TIMEOUT_S,
    )
    written = target.reports / "readiness.json"
    return Ended(done.returncode, done.stdout, read(written.read_bytes()).verdict if written.is_file() else None)


def failed(ended: Ended, *sentences: str) -> None:
    """Require that a gate ended without READY and said why, in sentences and not in a traceback."""
    assert ended.status in (1, 4), ended.text
    assert ended.verdict in (None, Verdict.INCOMPLETE)
    assert "Traceback" not in ended.text
    for sentence in sentences:
        assert sentence in ended.text


@pytest.mark.parametrize(
    "place, why", [("file", "File exists"), ("file/below", "Not a directory"), ("/dev/full/below", "Not a directory")]
)
def test_a_folder_for_reports_that_cannot_be_made(target: Folder, place: str, why: str) -> None:
    """Nothing runs, and the sentence names the folder and the option."""
    target.write("file", "")

    ended = gate(target, "--reports", place)

    failed(ended, f"ERROR: --reports: cannot write to {target.path / place}: {why}. Choose another folder.")
    assert ended.status == 4


def test_a_folder_for_reports_that_is_not_writable(target: Folder) -> None:
    """The message has the system's reason."""
    (target.path / "closed").mkdir(mode=0o500)
    words = ("-m", "harness.cli", "gate", "-p", "no:cacheprovider", "--reports", "closed")

    ended = run(target, *words, files=None, through=AS_OTHERS if os.geteuid() == 0 else ())

    failed(ended, "cannot write to", "Permission denied. Choose another folder.")


def test_a_disk_that_is_full_when_the_report_is_written(target: Folder, mount: Mount) -> None:
    """The tests ran, but without a report nothing is READY."""
    mount("reports", 12 * 1024)

    ended = gate(target)

    failed(ended, "ERROR: The report could not be written to", "No space left on device. Free space there, or choose")
    assert ended.verdict is None


def test_a_scratch_folder_on_a_disk_that_is_full(target: Folder, mount: Mount) -> None:
    """What a pytest saw is lost, and both it and the report say so."""
    scratch = mount("scratch", 512 * 1024)
    target.write("scenarios/test_own.py", FILLS)

    ended = gate(target, TMPDIR=str(scratch))

    failed(
        ended,
        f"ERROR: The findings of this pytest could not be stored in the scratch folder {scratch}/harness-",
        "No space left on device. Free space there, or set TMPDIR to another folder.",
        "The part 'scenarios' of the gate is missing",
    )
    assert list(scratch.glob("harness-*")) == []


@pytest.mark.parametrize("most", [16, 64, 255])
def test_too_few_open_files(target: Folder, most: int) -> None:
    """What fails under `ulimit -n 64` would count against the integration: nothing runs."""
    ended = gate(target, files=(most, most))

    failed(
        ended,
        f"ERROR: No more than {most} files may be open at once, and a run needs 256. "
        "Raise the limit of the system: ulimit -n 1024.",
    )
    assert ended.status == 4


def test_a_limit_of_open_files_that_may_be_raised(target: Folder) -> None:
    """The harness raises its own limit where the system allows it, as macOS does."""
    ended = gate(target, files=(64, 1024))

    assert (ended.status, ended.verdict) == (0, Verdict.READY), ended.text


def test_too_few_open_files_for_a_live_pytest(target: Folder) -> None:
    """It is pytest's wrong usage."""
    words = ("-m", "pytest", "-p", "no:cacheprovider", "--harness-mode=live", "scenarios")
    ended = run(target, *words, files=(64, 64))

    failed(ended, "ERROR: No more than 64 files may be open at once, and a run needs 256. Raise the limit")
    assert ended.status == 4


JUMPS = """
import itertools, os, sys, time
from harness.cli.gate_process import main
from harness.context import gate_verdict
from harness.context.gate_request import GateRequest
from harness.process.run_clock import RunClock

reads = itertools.count()

def jumping():
    return time.time() + (3600 if 2 <= next(reads) < 5 else 0)  # it is read twice when the run begins

gate_verdict.RunClock = lambda: RunClock(clock=jumping)
order = GateRequest(
    parent=os.getppid(), directory=os.getcwd(), overlay=None, reports="reports", scenarios=("scenarios",),
    suite_arguments=(), scenario_arguments=("-p", "no:cacheprovider"), only=(), skip=(),
)
sys.exit(main(order.to_json()))
"""


def test_a_clock_that_jumps(target: Folder) -> None:
    """An hour forward and back again while the tests run: the report names it, and nothing is READY."""
    ended = run(target, "-c", JUMPS, files=None)

    failed(ended, "The clock of this machine jumped", "by 3600 s during the run, or the machine slept")
    assert ended.verdict is Verdict.INCOMPLETE
