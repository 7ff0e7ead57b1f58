"""The text of a runbook file: its encoding, its front matter, and the Markdown below."""

from __future__ import annotations

import codecs
import re
from pathlib import Path
from typing import Any, NamedTuple

from harness.core.foreign_files import read_file
from harness.core.toml import UnreadableTomlError, read_toml
from harness.core.yaml import UnreadableYamlError, read_yaml

MAX_BYTES = 1 << 18
"""Size up to which a runbook is read. Public ones for a hundred alerts have 60,000 bytes."""
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
_FENCED = {
    "YAML": re.compile(r"\A\s*---[ \t]*\n((?:.*\n)*?)(?:---|\.\.\.)[ \t]*(?:\n|\Z)"),
    "TOML": re.compile(r"\A\s*\+\+\+[ \t]*\n((?:.*\n)*?)\+\+\+[ \t]*(?:\n|\Z)"),
}
_TOML_LINE = re.compile(r"at line (\d+)")


class RunbookSource(NamedTuple):
    """A file that was read."""

    front: dict[str, Any]
    body: str
    offset: int
    """Lines above the body."""
    problems: tuple[str, ...] = ()
    """What is wrong with the file as such, each as ``line: what, and what to do``."""
    front_is_readable: bool = True


def read_source(path: Path) -> RunbookSource:
    """Read a file; raises ValueError with line and reason where it holds no text or too much."""
    text, problems = _decoded(path)
    for language, fence in _FENCED.items():
        if match := fence.match(text):
            offset = text.count("\n", 0, match.end())
            above = text.count("\n", 0, match.start(1))
            front, problem = _front(language, match[1], above)
            found = (*problems, problem) if problem else problems
            return RunbookSource(front, text[match.end() :], offset, found, front_is_readable=not problem)
    return RunbookSource({}, text, 0, problems)


def _decoded(path: Path) -> tuple[str, tuple[str, ...]]:
    try:
        content = read_file(path, MAX_BYTES)
    except OSError as exc:
        raise ValueError(f"1: it cannot be read ({exc.strerror}).") from None
    encoding, text = _text(content)
    if text is None or "\0" in text:
        raise ValueError("1: it is not text in UTF-8. Save it as UTF-8.")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if encoding == "UTF-8":
        return text, ()
    command = f"iconv -f {encoding} -t UTF-8 {path.name} > new.md"
    return text, (f"1: it is {encoding}, which pages and terminals show as garbage. Convert it: {command}",)


def _text(content: bytes) -> tuple[str, str | None]:
    for mark, encoding in _BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return encoding, _decode(content, encoding)
    if (text := _decode(content, "utf-8-sig")) is not None:
        return "UTF-8", text
    # Windows-1252 is Latin-1 with letters where that has control characters, and leaves five bytes without any.
    return "WINDOWS-1252", _decode(content, "cp1252") or _decode(content, "latin-1")


def _decode(content: bytes, encoding: str) -> str | None:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        return None


def _front(language: str, text: str, above: int) -> tuple[dict[str, Any], str]:
    """Return the front matter, or the problem that it has; ``above`` is the number of lines above it."""
    try:
        front = read_toml(text) if language == "TOML" else read_yaml(text.encode())
    except UnreadableYamlError as exc:
        line = above + (getattr(exc, "line", None) or 1)
    except UnreadableTomlError as exc:
        found = _TOML_LINE.search(str(exc))
        line = above + int(found[1] if found else 1)
    else:
        if isinstance(front, dict):
            return {str(key): value for key, value in front.items()}, ""
        if front is None:
            return {}, ""
        return {}, f"{above + 1}: its front matter has no keys. Write each as `key: value`, such as `owner: team`."
    return {}, f"{line}: its front matter is not {language}. Correct it; quote a value that has a colon or a bracket."
