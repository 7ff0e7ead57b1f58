"""What a process of the target prints while something is done to it, read from its log."""

from __future__ import annotations

import json
import re
from pathlib import Path

from harness.core.cutting import cut
from harness.process.log_parts import log_part, log_size

MOST_BYTES = 64 * 1024
"""Of the log that are read, from its end."""
_MOST_CHARS = 300
_LINE_CHARS = 500
"""Of a line: the patterns would take long for one of a megabyte."""

_EXCEPTIONS = (
    # Python: the innermost frame, then the exception.
    re.compile(
        r'File "(?P<file>[^"\n]+)", line (?P<line>\d+), in \S+\n(?:    .*\n){0,20}(?P<what>[\w.]+(?:: .*)?)$',
        re.MULTILINE,
    ),
    # Node, and Java: the exception, then the innermost frame.
    re.compile(
        r"^(?:Uncaught )?(?P<what>[\w.]*(?:Error|Exception)\b.*)\n(?:.*\n){0,3}?"
        r"[ \t]+at (?:.*\()?(?P<file>[^()\n]+?):(?P<line>\d+)",
        re.MULTILINE,
    ),
    # Go.
    re.compile(r"(?P<what>panic: .*)\n(?:.*\n){0,60}?\t(?P<file>\S+):(?P<line>\d+)", re.MULTILINE),
    # PHP.
    re.compile(r"(?P<what>(?:Uncaught )[\w\\]+: .*?) in (?P<file>\S+?)(?::| on line )(?P<line>\d+)", re.MULTILINE),
    # Ruby.
    re.compile(r"(?<![^\s\"'])(?P<file>\S+\.rb):(?P<line>\d+):in [`'][^']*': (?P<what>.*)$", re.MULTILINE),
    re.compile(
        r"^.*?\b(?P<what>[A-Z]\w*(?:::\w+)*(?:Error|Exception) [-:(].*)\n\s*(?P<file>\S+\.rb):(?P<line>\d+)",
        re.MULTILINE,
    ),
)


class Printed:
    """The end of one log."""

    def __init__(self, log: Path) -> None:
        """``log`` need not exist yet."""
        self._log = log
        self._begun = 0

    def mark(self) -> None:
        """Begin again: what was printed before no longer counts."""
        self._begun = log_size(self._log)

    def text(self) -> str:
        """Return what was printed since `mark`, at most its last `MOST_BYTES` bytes."""
        return log_part(self._log, max(self._begun, log_size(self._log) - MOST_BYTES), MOST_BYTES)

    def exception(self) -> str:
        """Return the last exception in that text, with the place that raised it, in a line; empty for none."""
        return exception_in(self.text())


def exception_in(text: str) -> str:
    """Return the last exception that a log shows, of the usual languages, with the file and line; empty for none."""
    lines = (cut(line, _LINE_CHARS) for whole in text.splitlines() for line in _unfolded(whole).splitlines())
    text = "\n".join(lines)
    found = [match for pattern in _EXCEPTIONS for match in pattern.finditer(text)]
    if not found:
        return ""
    last = max(found, key=lambda match: match.start())
    what = cut(" ".join(last["what"].split()), _MOST_CHARS)
    return f"{what} ({Path(last['file'].removeprefix('file://')).name}:{last['line']})"


def _unfolded(line: str) -> str:
    """Return a line; of JSON its texts of several lines, since loggers write exceptions so."""
    if not line.startswith("{") or "\\n" not in line:
        return line
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        return line
    return (
        "\n".join(v for v in fields.values() if isinstance(v, str) and "\n" in v) if isinstance(fields, dict) else line
    )
