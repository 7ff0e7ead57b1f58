"""Times within a query or a rule: read in seconds, and multiplied by a factor in the text itself."""

from __future__ import annotations

import re

_UNIT_S = {"y": 365 * 86400.0, "w": 7 * 86400.0, "d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_DURATION = re.compile("".join(rf"(?:([0-9]+){unit})?" for unit in _UNIT_S))
_TIME = r"(?:[0-9]+(?:ms|[ywdhms]))+|[0-9]+(?:\.[0-9]+)?"
_TOKENS = re.compile(
    rf"""
    (?P<skipped> "(?:\\.|[^"\\])*+(?:"|\Z|\\\Z) | '(?:\\.|[^'\\])*+(?:'|\Z|\\\Z) | `[^`]*+(?:`|\Z) | \#[^\n]*+ )
    | (?P<bracket> \[ [^\]]*+ (?:\]|\Z) )
    | (?P<offset> \b offset \s*+ (?:[-+]\s*+)? ) (?P<time> {_TIME} )
    """,
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)


def prometheus_duration_s(text: str) -> float:
    """Read a duration as Prometheus writes it, such as ``1h30m`` or ``0``, in seconds; raises ValueError.

    Source: Prometheus, Configuration, ``<duration>``: units from large to small, each at most once.
    """
    match = _DURATION.fullmatch(text)
    if text == "0":
        return 0.0
    if not text or match is None:
        raise ValueError(f"{text!r} is not a duration of Prometheus; write 30s, 5m or 1h30m")
    return sum(int(number) * unit for number, unit in zip(match.groups(), _UNIT_S.values(), strict=True) if number)


def duration_text(seconds: float) -> str:
    """Write a length of time for Prometheus, in whole milliseconds and at least one: ``4s``, ``1500ms``."""
    ms = max(1, round(seconds * 1000))
    return f"{ms}ms" if ms % 1000 else f"{ms // 1000}s"


def scale_durations(query: str, factor: float) -> str:
    """Return a query with every range, offset, and subquery range and step multiplied; nothing else changes."""

    def scaled(match: re.Match[str]) -> str:
        if match["skipped"]:
            return match[0]
        if match["bracket"]:
            return re.sub(_TIME, lambda m: _scaled_time(m[0], factor), match[0])
        return match["offset"] + _scaled_time(match["time"], factor)

    return _TOKENS.sub(scaled, query)


def without_texts(query: str) -> str:
    """Return a query whose quoted texts are empty and whose comments are gone."""
    return _TOKENS.sub(lambda m: m[0] if not m["skipped"] else '""' if m[0][0] != "#" else " ", query)


def without_times(query: str) -> str:
    """Return a query without quoted texts and without its times; a plain number in brackets leaves them empty."""

    def emptied(match: re.Match[str]) -> str:
        if match["bracket"]:
            return "[]" if re.search(r"[\[:]\s*+[0-9]+(?:\.[0-9]*)?\s*+[\]:]", match[0]) else "[5]"
        return " offset []" if re.fullmatch(r"[0-9.]+", match["time"]) else " "

    return _TOKENS.sub(lambda m: m[0] if m["skipped"] else emptied(m), without_texts(query))


def _scaled_time(text: str, factor: float) -> str:
    seconds = float(text) if re.fullmatch(r"[0-9.]+", text) else prometheus_duration_s(text.lower())
    return duration_text(seconds * factor) if seconds else text
