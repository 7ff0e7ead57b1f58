"""Files that are never half written."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from harness.core.files import PRIVATE, PUBLIC, write_atomically


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("durable", [False, True])
def test_a_new_file_can_be_read_by_others(tmp_path: Path, *, durable: bool) -> None:
    """Reports and cassettes are meant to be read; nothing else is left in the folder."""
    write_atomically(tmp_path / "a.json", b"{}", durable=durable)

    assert [(p.name, p.read_bytes(), mode_of(p)) for p in tmp_path.iterdir()] == [("a.json", b"{}", PUBLIC)]


def test_a_file_keeps_its_mode(tmp_path: Path) -> None:
    """Whoever took a file away from others does not give it back by writing it anew."""
    path = tmp_path / "a.yaml"
    path.write_bytes(b"old")
    path.chmod(0o640)

    write_atomically(path, b"new")

    assert (path.read_bytes(), mode_of(path)) == (b"new", 0o640)


def test_a_private_file_is_private(tmp_path: Path) -> None:
    """The mode that is asked for holds, whatever the file had."""
    path = tmp_path / "sealed"
    path.write_bytes(b"old")

    write_atomically(path, b"new", mode=PRIVATE)

    assert mode_of(path) == PRIVATE


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    """What is written is the file behind it."""
    (tmp_path / "there").mkdir()
    (tmp_path / "a").symlink_to("there/b")

    write_atomically(tmp_path / "a", b"new")

    assert (tmp_path / "a").is_symlink()
    assert (tmp_path / "there" / "b").read_bytes() == b"new"


def test_a_long_name_is_no_trouble(tmp_path: Path) -> None:
    """The file beside it has a name that the file system takes."""
    path = tmp_path / ("x" * 255)

    write_atomically(path, b"new")

    assert path.read_bytes() == b"new"


@pytest.mark.parametrize("broken", ["fsync", "replace"])
def test_what_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    """A full disk costs the new content, never the old."""

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    path = tmp_path / "a"
    path.write_bytes(b"old")
    if broken == "fsync":
        monkeypatch.setattr(os, "fsync", refuse)
    else:
        monkeypatch.setattr(Path, "replace", refuse)

    with pytest.raises(OSError, match="No space left"):
        write_atomically(path, b"new", durable=True)

    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("a", b"old")]


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    """Where the file goes is for the caller to make."""
    with pytest.raises(FileNotFoundError):
        write_atomically(tmp_path / "none" / "a", b"new")

    assert os.listdir(tmp_path) == []  # noqa: PTH208 - hidden files too


def test_an_error_names_the_file_and_not_the_part_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write has no file name of its own, and nobody knows the name of the part."""
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))

    for path in (tmp_path / "a", tmp_path / "none" / "a"):
        with pytest.raises(OSError) as caught:  # noqa: PT011 - its file name is read below
            write_atomically(path, b"new", durable=True)
        assert caught.value.filename == str(path)


def test_a_device_is_not_replaced(tmp_path: Path) -> None:
    """As root, a file would else take the place of /dev/null, or of a pipe that somebody reads."""
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(FileExistsError, match="it is not a regular file"):
        write_atomically(tmp_path / "pipe", b"new")

    assert (tmp_path / "pipe").is_fifo()
    assert os.listdir(tmp_path) == ["pipe"]  # noqa: PTH208 - hidden files too
