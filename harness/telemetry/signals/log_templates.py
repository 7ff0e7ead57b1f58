"""Log lines as templates, whatever their format: JSON, logfmt, access logs, plain text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping

from harness.telemetry.signals.masking import MASK, flattened, masked, masked_fields

MAX_LINES = 20_000
"""Of one file in one window; further lines are ignored."""
_MAX_LINE = 16_384

_ACCESS = re.compile(
    r'"(?P<method>[A-Z]{3,8}) (?P<path>\S+)(?: HTTP/[\d.]+)?"(?: from \S+)?(?: -)? (?P<status>\d{3})\b'
    r"|(?:^|\s)(?P<method2>GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) (?P<path2>/\S*) (?P<status2>\d{3})\b"
)
"""Access lines of nginx, Apache, gunicorn, uvicorn, chi; then of morgan."""
_PAIR = re.compile(r'(?<!\S)([A-Za-z_@][\w.@/-]*+)=("(?:[^"\\]|\\.)*"|[^\s"]*)(?:\s+|$)')
_LEVELS = {
    "fatal": 4, "critical": 4, "panic": 4, "alert": 4, "emergency": 4, "60": 4,
    "error": 3, "err": 3, "exception": 3, "traceback": 3, "severe": 3, "50": 3,
    "warning": 2, "warn": 2, "40": 2,
}  # fmt: skip
"""How loud a line is, by a word in it; 40 to 60 are the levels of Pino and Bunyan."""
_LEVEL_NAMES = ("level", "severity", "levelname", "log.level", "loglevel", "@l", "lvl", "severitytext")
_MESSAGE_NAMES = ("event", "message", "msg", "@m", "@mt", "body", "textpayload")
_WORD = re.compile(r"[a-z]{3,9}")


class LogLine:
    """One line, in whatever format."""

    def __init__(self, text: str) -> None:
        self._prefix, self._fields = _parsed(text)
        if self._fields is not None and isinstance(inner := self._fields.get("log"), str) and "stream" in self._fields:
            text = inner.strip()  # Docker's wrapping of each line (driver json-file)
            self._prefix, self._fields = _parsed(text)
        self._text = text

    @property
    def template(self) -> str:
        """What it has in common with the lines of other events."""
        if self._fields is not None:
            return f"{masked(self._prefix)} {masked_fields(self._fields)}"
        if access := _ACCESS.search(self._text):
            method, path, status = (access[name] or access[f"{name}2"] for name in ("method", "path", "status"))
            return f"{method} {masked(path.partition('?')[0])} {status}"
        return masked(self._text)

    @property
    def loudness(self) -> int:
        """From 0 for information to 4 for what ends a process."""
        text = self._text if self._fields is None else self._prefix
        fields = (self._fields or {}).items()
        named = [str(value).lower() for key, value in fields if str(key).lower() in _LEVEL_NAMES]
        return max((_LEVELS.get(word, 0) for word in (*named, *_WORD.findall(text[:200].lower()))), default=0)

    @property
    def shown(self) -> str:
        """The line; of one with fields level and message first, and no field that only identifies the event."""
        if self._fields is None:
            return self._text
        named = {name.lower(): str(value) for name, value in self._fields.items()}
        level, message = (next((named[n] for n in names if n in named), "") for names in (_LEVEL_NAMES, _MESSAGE_NAMES))
        level = f"level {level}" if level.isdigit() else level
        used = (*_LEVEL_NAMES, *_MESSAGE_NAMES)
        rest = (f for f in flattened(self._fields) if f.name.lower() not in used and f.template != MASK)
        prefix = masked(self._prefix).replace(MASK, "").strip()
        return " ".join(filter(None, (prefix, level, message, *(f"{f.name}={f.value}" for f in rest))))


def log_lines(text: str) -> Iterator[LogLine]:
    """Yield the lines of a log that are not empty, at most `MAX_LINES`."""
    lines = (stripped for line in text.split("\n") if (stripped := line.strip()))
    for number, line in enumerate(lines):
        if number >= MAX_LINES:
            return
        yield LogLine(line[:_MAX_LINE])


def templates(logs: Mapping[str, str]) -> frozenset[tuple[str, str]]:
    """Return the templates of all lines, each with that of its file's name."""
    return frozenset((masked(name), line.template) for name, text in logs.items() for line in log_lines(text))


def novel_lines(logs: Mapping[str, str], known: Iterable[tuple[str, str]]) -> list[str]:
    """Return one line of each template that is not ``known``, with its file's name; the loudest first."""
    seen = set(known)
    found: list[tuple[int, str]] = []
    for name, text in logs.items():
        for line in log_lines(text):
            key = masked(name), line.template
            if key not in seen:
                seen.add(key)
                found.append((line.loudness, f"{name}: {line.shown}"))
    return [text for _, text in sorted(found, key=lambda pair: -pair[0])]


def _parsed(text: str) -> tuple[str, Mapping[str, object] | None]:
    """Return what precedes the fields of a line, and the fields: of a JSON object or logfmt, else None."""
    start = text.find("{")
    if start >= 0 and text.endswith("}"):
        try:
            found = json.loads(text[start:])
        except (ValueError, RecursionError):
            return "", None
        return text[:start], found if isinstance(found, dict) else None
    pairs = _PAIR.findall(text)
    if len(pairs) < 2 or _PAIR.sub("", text).strip():
        return "", None
    return "", {key: value.strip('"') for key, value in pairs}
