"""Faults in words: one grammar for a script, a marker and a command line.

A line is ``WHERE: FAULT, FAULT``, with ``WHERE: `` left out for every call. `TABLE` has the words of a fault; behind
each may stand ``x3``, for three calls, or ``always``, for all calls from then on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase

import msgspec

from harness.core.dates import DURATION, duration_s
from harness.errors import ConfigurationError, nearest
from harness.resilience.faults import (
    CLOSE,
    RESET,
    SILENCE,
    STALE,
    TRICKLE,
    Action,
    Corruption,
    Fault,
    corrupted,
    respond,
)

MOST_LINES = 10_000
MOST_TIMES = 10_000
_PLAIN: dict[str, tuple[Fault | None, str]] = {
    "pass": (None, "the call is passed on"),
    "reset": (RESET, "the connection is reset before any byte of a response"),
    "close": (CLOSE, "the connection is closed before any byte of a response"),
    "stale": (STALE, "a call on a connection that was used before ends it; met only by such a call"),
    "silence": (SILENCE, "no response"),
    "trickle": (TRICKLE, "a response that arrives one byte at a time, without end"),
    "cut head": (corrupted(Corruption.CUT_HEAD), "the provider's response, closed in the middle of its head"),
    "cut after head": (corrupted(Corruption.HEAD_ALONE), "closed after its head"),
    "cut body": (corrupted(Corruption.CUT), "reset in the middle of its body"),
    "short": (corrupted(Corruption.SHORT), "closed in the middle of its body: shorter than its Content-Length"),
    "long": (corrupted(Corruption.LONG), "longer than its Content-Length"),
    "half json": (corrupted(Corruption.MALFORMED), "with the second half of its body missing"),
}
_STATUS = re.compile(r"[2-5]\d\d")
_TIMES = re.compile(r"x(\d+)")
_RATE = re.compile(r"(\d+)(KB|MB)?(?:/s)?")
_DATE = re.compile(r"date([+-]\d+)")
_UNITS = {None: 1, "KB": 1_000, "MB": 1_000_000}
_AIM = re.compile(r"(?:([A-Z]+|\*) )?(/\S*|\*)")
_OPTIONS = ("retry-after", "location")

TABLE: Sequence[tuple[str, str]] = (
    ("503", "that status, from 200 to 599, with an error as the provider writes it"),
    ("429 retry-after=2", "with Retry-After in seconds, as a date (`date+2`, `date-60`), or as any word"),
    ("307 location=/other", "with that Location; `{target}` is the target of the call"),
    *((words, meaning) for words, (_, meaning) in _PLAIN.items()),
    ("slow 2s", "the provider's response, after that time"),
    ("bandwidth 10KB/s", "at that rate"),
    ("interim 103", "behind an interim response of that status"),
)
"""The words of a fault, each with its meaning."""


class FaultRule(msgspec.Struct, frozen=True, kw_only=True):
    """The faults of one line."""

    method: str = "*"
    path: str = "*"
    """As `fnmatch` reads it."""
    faults: tuple[Fault | None, ...]
    """One for each call, in order; None passes it on."""
    then: Fault | None = None
    """For all later calls, where it is endless; None passes them on."""
    endless: bool = False
    """Whether no later line is ever read for such a call."""

    def aims_at(self, method: str, target: str) -> bool:
        """Whether a call of that method and target meets the faults."""
        return self.method in ("*", method) and fnmatchcase(target.partition("?")[0], self.path)


def rules_of(lines: Iterable[str], where: Callable[[int], str]) -> tuple[FaultRule, ...]:
    """Read the lines of a script; ``where`` names the place of a line, the first being 1.

    Raises `ConfigurationError` with the place and the nearest words.
    """
    found = []
    for number, line in enumerate(lines, 1):
        if number > MOST_LINES:
            raise ConfigurationError(f"{where(number)}: a script has at most {MOST_LINES} lines. Write x3 or always.")
        text = line.partition("#")[0].strip()
        if text:
            found.append(_rule(text, where(number)))
    return tuple(found)


def _rule(text: str, where: str) -> FaultRule:
    aim, colon, rest = text.partition(": ")
    named = _AIM.fullmatch(aim) if colon else None
    if colon and named is None:
        raise ConfigurationError(
            f"{where}: {aim!r} names no calls. Write a path, such as /runs/*, or a method with it, such as POST /runs."
        )
    method, path = (named[1] or "*", named[2]) if named else ("*", "*")
    parts = [part.strip() for part in (rest if colon else text).split(",")]
    faults: list[Fault | None] = []
    for number, part in enumerate(parts, 1):
        fault, times = _fault(part, where)
        if times is not None:
            faults += [fault] * times
        elif number == len(parts):
            return FaultRule(method=method, path=path, faults=tuple(faults), then=fault, endless=True)
        else:
            why = f"{parts[number]!r} would never happen after {part!r}"
            raise ConfigurationError(f"{where}: {why}. Remove one of them.")
    return FaultRule(method=method, path=path, faults=tuple(faults))


def _fault(text: str, where: str) -> tuple[Fault | None, int | None]:
    """Return the fault behind some words, and for how many calls; None for all from then on."""
    words = [word for joined in text.split() for word in _apart(joined)]
    times: int | None = 1
    if words[-1:] == ["always"]:
        times = None
        words.pop()
    elif words and (found := _TIMES.fullmatch(words[-1])):
        times = int(found[1])
        words.pop()
        if not 1 <= times <= MOST_TIMES:
            raise ConfigurationError(f"{where}: {found[0]} in {text!r}: write x1 to x{MOST_TIMES}, or always.")
    return _one(words, text, where), times


def _apart(word: str) -> list[str]:
    """Return ``503x2`` as two words."""
    status, times = word[:3], word[3:]
    return [status, times] if _STATUS.fullmatch(status) and _TIMES.fullmatch(times) else [word]


def _one(words: Sequence[str], text: str, where: str) -> Fault | None:
    joined = " ".join(words).lower()
    if joined in _PLAIN:
        return _PLAIN[joined][0]
    first, rest = (words[0].lower(), words[1:]) if words else ("", ())
    if _STATUS.fullmatch(first):
        return _response(int(first), rest, text, where)
    amount = rest[0] if len(rest) == 1 else ""
    if first == "slow" and DURATION.fullmatch(amount):
        return Fault(action=Action.DELAY, amount=duration_s(amount))
    if first == "bandwidth" and (rate := _RATE.fullmatch(amount)) and int(rate[1]):
        return Fault(action=Action.NARROW, amount=int(rate[1]) * _UNITS[rate[2]])
    if first == "interim" and amount in ("100", "102", "103"):
        return Fault(action=Action.INTERIM, amount=int(amount))
    raise ConfigurationError(f"{where}: {text!r} is not a fault. {nearest(joined, [words for words, _ in TABLE])}")


def _response(status: int, options: Sequence[str], text: str, where: str) -> Fault:
    given = dict(option.partition("=")[::2] for option in options)
    for name, value in given.items():
        if name not in _OPTIONS or not value:
            raise ConfigurationError(
                f"{where}: {name!r} in {text!r} is not known. {nearest(name, _OPTIONS)} Write NAME=VALUE."
            )
    headers = (("Location", given["location"]),) if "location" in given else ()
    wait = given.get("retry-after")
    date = _DATE.fullmatch(wait or "")
    made = respond(status) if wait is None else respond(status, retry_after=wait)
    if date:
        made = respond(status, retry_after=int(date[1]), as_date=True)
    return msgspec.structs.replace(made, headers=headers)
