"""Parts of a log are read while a process writes it."""

from __future__ import annotations

from pathlib import Path

from harness.process.log_parts import log_part, log_size


def test_a_part_begins_and_ends_where_it_is_asked(tmp_path: Path) -> None:
    """A log that does not exist yet is empty, and bytes that are no text do no harm."""
    log = tmp_path / "log"
    assert (log_size(log), log_part(log, 0, 9)) == (0, "")

    log.write_bytes(b"one\xff two")
    assert log_size(log) == 8
    assert log_part(log, 3, 3) == "\ufffd t"
    assert log_part(log, 9, 3) == ""
