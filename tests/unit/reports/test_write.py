"""Reports are written whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import HarnessError
from harness.reports import write


def test_files_are_replaced_whole_and_can_be_read_by_others(tmp_path: Path) -> None:
    """The new text is there, nothing temporary is left."""
    folder = tmp_path / "deep" / "reports"

    write({"a.md": "old", "b.md": "é"}, folder)
    write({"a.md": "new"}, folder)

    assert {p.name: p.read_text(encoding="utf-8") for p in folder.iterdir()} == {"a.md": "new", "b.md": "é"}
    assert (folder / "a.md").stat().st_mode & 0o044 == 0o044


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    """The message names the folder and the option that chooses another."""
    (tmp_path / "reports").write_text("a file")

    with pytest.raises(HarnessError, match=r"could not be written to .*reports: .*--harness-reports"):
        write({"a.md": "x"}, tmp_path / "reports")
