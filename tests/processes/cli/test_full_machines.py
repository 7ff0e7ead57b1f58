"""Every command that writes, on a machine that refuses it: a sentence, a status that is not 0, the old files intact."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from harness.cli.deliver import BESIDES
from harness.process.open_files import ENOUGH, NEEDED
from tests.processes.cli.test_failure_modes import AS_OTHERS
from tests.processes.cli.test_recordings import CASSETTE, SPEC
from tests.unit.cli.test_waive import last_gate

OLD = "the old file\n"
EVENT = json.dumps({"id": "evt_1", "type": "run.completed"})
TARGET = """\
[target]
name = "T"
environment = "staging"
[provider]
spec = "openapi.json"
base_url = "http://127.0.0.1:9"
"""
UPSTREAM = "http://127.0.0.1:9"
HOOK = f"{UPSTREAM}/hook"
TIMEOUT_S = 60
DELIVER = ("deliver", "event.json", "--to", HOOK, "--scheme", "github", "--secret", "env:HOOK_SECRET")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with what the commands read, and with files that they may only replace whole."""
    for name, text in {
        "c.yaml": CASSETTE,
        "event.json": EVENT,
        "openapi.json": SPEC,
        "harness.toml": TARGET,
        "out.yaml": OLD,
        "out.har": OLD,
        "harness.schema.json": OLD,
    }.items():
        (tmp_path / name).write_text(text)
    last_gate(tmp_path, None)
    (tmp_path / "fresh").mkdir()
    (tmp_path / "fresh" / ".gitignore").write_text(OLD)
    return tmp_path


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def run(
    folder: Path,
    *words: str,
    through: Sequence[str] = (),
    limits: Sequence[tuple[int, int]] = (),
    stdout: int | None = subprocess.PIPE,
) -> subprocess.CompletedProcess[str]:
    """Run a command, perhaps ``through`` another one, with limits of the system."""

    def limited() -> None:
        for which, most in limits:
            resource.setrlimit(which, (most, most))

    return subprocess.run(
        [*through, sys.executable, "-m", "harness.cli", *words],
        cwd=folder,
        env={**os.environ, "HOOK_SECRET": "x" * 20, "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=limited,
        check=False,
        timeout=TIMEOUT_S,
    )


def refused(done: subprocess.CompletedProcess[str], sentence: str) -> None:
    """Require one sentence, no traceback, and a status that stands for it."""
    said = " ".join(done.stderr.split())
    assert sentence in said
    assert "Traceback" not in said
    assert "Exception ignored" not in said
    assert done.returncode in (1, 4)


class Writer(NamedTuple):
    """One command that writes, and what it says where it cannot."""

    words: tuple[str, ...]
    full: str
    """Its sentence where no byte can be written."""
    closed: str
    """Its sentence where the folder is not this user's; empty where it goes on."""
    below: str = "."
    """The working folder."""


WRITERS = {
    "convert": Writer(
        ("convert", "c.yaml", "out.yaml", "--rewrite"),
        "out.yaml could not be written: File too large. The old recording is unchanged.",
        "out.yaml could not be written: Permission denied. The old recording is unchanged.",
    ),
    "convert to HAR": Writer(
        ("convert", "c.yaml", "out.har", "--rewrite"),
        "out.har could not be written: File too large. Check space and permissions.",
        "out.har could not be written: Permission denied. Check space and permissions.",
    ),
    "record": Writer(
        ("record", "--upstream", UPSTREAM, "--cassette", "out.yaml", "--rewrite"),
        "out.yaml could not be written: File too large. The old recording is unchanged.",
        "out.yaml could not be written: Permission denied. The old recording is unchanged.",
    ),
    "capture": Writer(
        ("capture", "--into", "."),
        "--into .: File too large. Name a folder that you can write to.",
        "--into .: Permission denied. Name a folder that you can write to.",
        below="fresh",
    ),
    "waive": Writer(
        ("waive", "--item", "auth.accepts", "--owner", "me", "--reason", "known", "--expires", "9d"),
        "It is as it was. Check space and permissions, and run the command again.",
        "harness.toml could not be written: Permission denied. It is as it was.",
    ),
    "fuzz": Writer(
        ("fuzz",),
        "Free space in one of them, or set TMPDIR to a folder on another disk.",
        "",
    ),
    "schema": Writer(
        ("schema", "--write"),
        "the schemas cannot be written: File too large. Choose another folder.",
        "the schemas cannot be written: Permission denied. Choose another folder.",
    ),
    "init": Writer(
        ("init", "--receiver", HOOK, "--yes"),
        "Free space in one of them, or set TMPDIR to a folder on another disk.",
        "harness.toml: cannot be written: Permission denied. Nothing was written; choose another folder.",
        below="fresh",
    ),
}


@pytest.mark.parametrize("writer", WRITERS.values(), ids=WRITERS.keys())
def test_a_disk_that_takes_nothing(folder: Path, writer: Writer) -> None:
    """What was there is there, whole, and nothing is beside it."""
    before = contents(folder)

    done = run(folder / writer.below, *writer.words, limits=[(resource.RLIMIT_FSIZE, 0)])

    refused(done, writer.full)
    assert contents(folder) == before


@pytest.mark.parametrize("writer", [pytest.param(writer, id=name) for name, writer in WRITERS.items() if writer.closed])
def test_a_folder_that_is_not_ones_own(folder: Path, writer: Writer) -> None:
    """The sentence has the system's reason."""
    before = contents(folder)
    (folder / writer.below).chmod(0o500)

    done = run(folder / writer.below, *writer.words, through=AS_OTHERS if os.geteuid() == 0 else ())

    (folder / writer.below).chmod(0o700)
    refused(done, writer.closed)
    assert contents(folder) == before


PRINTERS = {
    "deliver": DELIVER,
    "deliver, dry": (*DELIVER, "--dry-run"),
    "plan": ("gate", "--plan"),
    "packs": ("packs",),
    "spec check": ("spec", "check", "openapi.json"),
    "schema": ("schema",),
    "faults": ("faults", "--fault", "503", "--", "true"),
}


@pytest.mark.parametrize("words", PRINTERS.values(), ids=PRINTERS.keys())
def test_an_output_that_takes_nothing(folder: Path, words: Sequence[str]) -> None:
    """As with `> FILE` on a full disk: what is cut does not pass for all, whatever it would have shown."""
    with Path("/dev/full").open("wb") as full:
        done = run(folder, *words, stdout=full.fileno())

    refused(done, "No space left on device. Free space there, or choose another place, and run the command again.")


HUNGRY = {
    "deliver": ((*DELIVER, "--concurrency", "64"), 64, 64 + BESIDES),
    "deliver, few": ((*DELIVER, "--concurrency", "8"), 20, 8 + BESIDES),
    "record": (("record", "--upstream", UPSTREAM, "--cassette", "new.yaml"), 64, NEEDED),
    "capture": (("capture", "--into", "fresh"), 64, NEEDED),
    "faults": (("faults", "--fault", "503", "--", "true"), 64, NEEDED),
    "replay": (("replay", "c.yaml"), 64, NEEDED),
}


@pytest.mark.parametrize("words, most, needed", HUNGRY.values(), ids=HUNGRY.keys())
def test_too_few_open_files(folder: Path, words: Sequence[str], most: int, needed: int) -> None:
    """A connection that cannot be opened here would count against who is called: nothing is sent or served."""
    before = contents(folder)

    done = run(folder, *words, limits=[(resource.RLIMIT_NOFILE, most)])

    sentence = f"No more than {most} files may be open at once, and a run needs {needed}."
    refused(done, f"{sentence} Raise the limit of the system: ulimit -n {ENOUGH}.")
    assert done.stdout == ""
    assert contents(folder) == before
