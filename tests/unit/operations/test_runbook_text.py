"""A runbook is read in whatever encoding it is, and where that is a fault the complaint says how to convert it."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from harness.operations.runbook_text import MAX_BYTES, read_source

TEXT = "---\nowner: Zahlung \N{EN DASH} Ärger\n---\n\n## Impact\n\nKäufer können nicht zahlen.\n"

ENCODINGS = {
    "UTF-8": (TEXT.encode(), ""),
    "UTF-8 with a byte order mark": (codecs.BOM_UTF8 + TEXT.encode(), ""),
    "UTF-16 of Windows": (
        codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"),
        "iconv -f UTF-16 -t UTF-8 runbook.md > new.md",
    ),
    "UTF-16, big end first": (
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
        "it is UTF-16, which pages and terminals",
    ),
    "UTF-32": (codecs.BOM_UTF32_LE + TEXT.encode("utf-32-le"), "iconv -f UTF-32 -t UTF-8"),
    "Windows-1252": (TEXT.encode("cp1252"), "iconv -f WINDOWS-1252 -t UTF-8"),
}


@pytest.mark.parametrize("content, problem", ENCODINGS.values(), ids=ENCODINGS)
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_every_encoding_is_read(tmp_path: Path, content: bytes, problem: str, line_end: str) -> None:
    """Front matter and body are the same whatever the bytes; only what others cannot read is a problem."""
    width = 4 if content.startswith(codecs.BOM_UTF32_LE) else 2 if content[:2] in (b"\xff\xfe", b"\xfe\xff") else 1
    order = "be" if content.startswith(codecs.BOM_UTF16_BE) else "le"
    feed, end = (
        "".join(c.ljust(width, "\0") if order == "le" else c.rjust(width, "\0") for c in text)
        for text in ("\n", line_end)
    )
    path = tmp_path / "runbook.md"
    path.write_bytes(content.replace(feed.encode(), end.encode()))

    source = read_source(path)

    assert source.front["owner"].startswith("Zahlung")
    assert source.front["owner"].endswith("Ärger")
    assert source.body == "\n## Impact\n\nKäufer können nicht zahlen.\n"
    assert source.offset == 3
    assert (problem in source.problems[0]) if problem else not source.problems


def test_bytes_that_windows_leaves_free_are_read(tmp_path: Path) -> None:
    """They are control characters of Latin-1."""
    path = tmp_path / "runbook.md"
    path.write_bytes(b"## Impact\n\nK\xe4ufer\x81\n")

    assert read_source(path).body == "## Impact\n\nKäufer\x81\n"


REFUSED = {
    "a picture": (b"\x89PNG\r\n\0\0\0\rIHDR", "1: it is not text in UTF-8. Save it as UTF-8."),
    "UTF-16 without a mark": ("## Impact".encode("utf-16-le"), "1: it is not text in UTF-8. Save it as UTF-8."),
    "half a character of UTF-16": (codecs.BOM_UTF16_LE + b"a", "1: it is not text in UTF-8. Save it as UTF-8."),
    "too much": (b"a" * (MAX_BYTES + 1), "1: it cannot be read (it is larger than 262,144 bytes)."),
}


@pytest.mark.parametrize("content, reason", REFUSED.values(), ids=REFUSED)
def test_what_is_no_text_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    """The reason says what to do."""
    path = tmp_path / "runbook.md"
    path.write_bytes(content)

    with pytest.raises(ValueError) as refused:  # noqa: PT011 - compared below
        read_source(path)

    assert str(refused.value) == reason


def test_a_file_that_cannot_be_opened_is_refused(tmp_path: Path) -> None:
    """The reason is the system's."""
    with pytest.raises(ValueError, match=r"1: it cannot be read \(No such file or directory\)\."):
        read_source(tmp_path / "runbook.md")


FRONT_MATTER = {
    "none": ("# Title\n", {}, ""),
    "YAML": ("---\nowner: a\n---\n", {"owner": "a"}, ""),
    "YAML after an empty line": ("\n---\nowner: a\n---\n", {"owner": "a"}, ""),
    "YAML that ends with dots": ("---\nowner: a\n...\n", {"owner": "a"}, ""),
    "YAML at the end of the file": ("---\nowner: a\n---", {"owner": "a"}, ""),
    "TOML": ('+++\nowner = "a"\n+++\n', {"owner": "a"}, ""),
    "empty": ("---\n---\n", {}, ""),
    "a comment alone": ("---\n# nothing yet\n---\n", {}, ""),
    "a rule, not front matter": ("---\n\nText.\n", {}, ""),
    "broken YAML": ("---\nowner: a\nname: [b\n---\n", {}, "4: its front matter is not YAML. Correct it; quote"),
    "broken TOML": ("+++\nowner = a\n+++\n", {}, "2: its front matter is not TOML."),
    "a list": ("---\n- a\n---\n", {}, "2: its front matter has no keys. Write each as `key: value`"),
}


@pytest.mark.parametrize("text, front, problem", FRONT_MATTER.values(), ids=FRONT_MATTER)
def test_front_matter_is_yaml_or_toml(tmp_path: Path, text: str, front: dict[str, str], problem: str) -> None:
    """What is neither is a problem with its line, and the text below is still read."""
    path = tmp_path / "runbook.md"
    path.write_text(text)

    source = read_source(path)

    assert source.front == front
    assert source.front_is_readable is not bool(problem)
    assert source.problems[0].startswith(problem) if problem else not source.problems
