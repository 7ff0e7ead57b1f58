"""Scratch folders: made empty and private, and removed by a later run where their owner has ended."""

from __future__ import annotations

import fcntl
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from harness.errors import ConfigurationError
from harness.process.run import Run


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files, of this test alone."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def _abandoned(temporary: Path, name: str = "harness-abandoned") -> Path:
    """Leave what a killed run leaves."""
    folder = temporary / name
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "file").write_text("left")
    (temporary / f"{name}.owner").touch()
    return folder


def test_a_new_folder_is_empty_and_private(temporary: Path) -> None:
    """Nothing is in it, and only its owner can read it; at the end nothing is left, not even beside it."""
    run = Run.begin()

    assert list(run.path.iterdir()) == []
    assert run.path.stat().st_mode & 0o777 == 0o700
    run.end()
    assert list(temporary.iterdir()) == []


def test_the_next_run_removes_what_was_left(temporary: Path) -> None:
    """Also a folder from which nothing can be removed, and the trace of one that was never made."""
    folder = _abandoned(temporary)
    (folder / "sub").chmod(0o500)
    (temporary / "harness-not-made.owner").touch()

    Run.begin().end()

    assert list(temporary.iterdir()) == []


def test_the_folder_of_a_living_run_stays(temporary: Path) -> None:
    """Of this process or of another, however old it is."""
    mine = Run.begin()
    program = "from harness.process.run import Run; print(Run.begin().directory, flush=True); input()"
    other = subprocess.Popen(
        [sys.executable, "-c", program],
        env={"TMPDIR": str(temporary)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert other.stdout is not None
    its = Path(other.stdout.readline().strip())
    Run.begin().end()

    assert (mine.path.is_dir(), its.is_dir(), its.parent) == (True, True, temporary)
    other.communicate()  # ends it by the end of its input
    Run.begin().end()
    assert (mine.path.is_dir(), its.is_dir()) == (True, False)
    mine.end()


def test_what_is_not_ours_stays(temporary: Path) -> None:
    """A folder without an owner's file, as older versions left; and what a link leads to, in the place of either."""
    old = temporary / "harness-of-before"
    old.mkdir()
    precious = temporary / "precious"
    precious.mkdir()
    (precious / "file").write_text("kept")
    (temporary / "harness-link").symlink_to(precious)
    (temporary / "harness-link.owner").touch()
    (temporary / "harness-owner-link").mkdir()
    (temporary / "harness-owner-link.owner").symlink_to(precious / "file")
    inside = _abandoned(temporary)
    (inside / "link").symlink_to(precious)

    Run.begin().end()

    assert (precious / "file").read_text() == "kept"
    assert old.is_dir()
    assert (temporary / "harness-owner-link").is_dir()
    assert not inside.exists()


def test_no_folder_can_be_made(monkeypatch: pytest.MonkeyPatch, temporary: Path) -> None:
    """The message has the reason, and what to do."""
    monkeypatch.setattr(tempfile, "tempdir", str(temporary / "absent"))

    with pytest.raises(ConfigurationError, match=r"scratch folder of the run cannot be made: No such file .*TMPDIR"):
        Run.begin()


def test_an_owner_that_was_removed_before_it_was_locked_is_made_again(
    monkeypatch: pytest.MonkeyPatch, temporary: Path
) -> None:
    """Another run's beginning may take the file of this one for one that was left."""
    lock = fcntl.flock
    taken: list[Path] = []

    def late(descriptor: int, how: int) -> None:
        if not taken:
            [owner] = temporary.glob("*.owner")
            owner.unlink()
            taken.append(owner)
        lock(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", late)
    run = Run.begin()

    assert [path.name for path in temporary.glob("*.owner")] == [f"{run.path.name}.owner"]
    run.end()
