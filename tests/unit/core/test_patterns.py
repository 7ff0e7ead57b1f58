"""No pattern of ours takes time that grows with the square of a text: an answer could keep the harness busy."""

from __future__ import annotations

import importlib
import pkgutil
import re
import sys
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from re import _constants as codes
from re import _parser
from typing import Any, NamedTuple

import pytest

import harness

SHORT, LONG = 1_000, 16_000
SUSPECT, MOST = 0.1, 0.25
"""Parts of the processor time of a pattern that is known to be quadratic; a linear one needs a hundredth of it."""
RUNS = (*"aA0 \n.-/(", "a ", "a.")
BOUNDED = {
    "harness.process.printed._EXCEPTIONS",  # of lines of at most 500 characters
    "harness.telemetry.rules.alertmanager_config._MATCHER",  # of at most 5,000 characters
    "harness.telemetry.metrics._LABEL",  # of a series in harness.toml
}
"""Patterns whose texts are short, or the user's own."""
SEARCHES = "search|finditer|findall|sub|subn|split"


class Found(NamedTuple):
    """A pattern and where it is."""

    place: str
    pattern: re.Pattern[Any]
    searched: bool
    """Whether it is looked for in a text, and not only compared with the beginning of one."""


def collected() -> Iterator[Found]:
    """Yield every pattern that a module of the harness, or one of its classes, holds by a name."""
    modules = [m.name for m in pkgutil.walk_packages(harness.__path__, "harness.")]
    for name in modules:
        if not name.startswith(("harness.suite", "harness.sandbox")) and not name.endswith("__main__"):
            importlib.import_module(name)
    source = "\n".join(path.read_text() for path in Path(harness.__file__).parent.rglob("*.py"))
    searched = set(re.findall(rf"(\w+)\.(?:{SEARCHES})\(", source))
    compared = set(re.findall(r"(\w+)\.(?:match|fullmatch)\b", source))
    for name in modules:
        holder = sys.modules.get(name)
        for key, value in vars(holder).items() if holder else ():
            for pattern in patterns_in(value):
                yield Found(f"{name}.{key}", pattern, key in searched or key not in compared)


def patterns_in(value: object) -> Iterator[re.Pattern[Any]]:
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, tuple | list | frozenset | set):
        for each in value:
            yield from patterns_in(each)
    elif isinstance(value, dict):
        yield from patterns_in([*value.values()])


def written(parsed: Any, pieces: set[str]) -> str:
    """Return a text that a pattern describes more or less, and add what its parts describe to ``pieces``."""
    text = ""
    for code, argument in parsed:
        if code is codes.LITERAL:
            text += chr(argument)
        elif code in (codes.ANY, codes.NOT_LITERAL):
            text += "a"
        elif code is codes.IN:
            simple = (chr(a if c is codes.LITERAL else a[0]) for c, a in argument if c in (codes.LITERAL, codes.RANGE))
            text += next(simple, "a")
        elif code in (codes.MAX_REPEAT, codes.MIN_REPEAT):
            text += written(argument[2], pieces) * max(1, min(argument[0], 20))
        elif code is codes.SUBPATTERN:
            text += written(argument[3], pieces)
        elif code is codes.BRANCH:
            text += next(written(branch, pieces) for branch in argument[1])
        if text:
            pieces.add(text[-40:])
    return text


def seconds(found: Found, text: str) -> float:
    subject = text.encode("latin-1", "replace") if isinstance(found.pattern.pattern, bytes) else text
    begun = time.process_time()
    if found.searched:
        for number, _ in enumerate(found.pattern.finditer(subject)):
            if number > LONG:
                break
    else:
        found.pattern.fullmatch(subject)
        found.pattern.match(subject)
    return time.process_time() - begun


@cache
def quadratic_s(length: int) -> float:
    """Return what a pattern for blanks at the end needs, on this machine and as busy as it is."""
    return seconds(Found("", re.compile(r"\s+$"), searched=True), " " * length + "\0!")


def slowest(found: Found) -> str:
    """Return the text with which a pattern takes too long, empty for none."""
    pieces: set[str] = set()
    written(_parser.parse(found.pattern.pattern, found.pattern.flags & ~re.DEBUG), pieces)
    heads = ("", *sorted(pieces, key=len)[-1:])
    for run in (*RUNS, *sorted(pieces)[:8]):
        for head in heads:
            for tail in ("\0!",):
                if seconds(found, head + (run * SHORT)[:SHORT] + tail) < SUSPECT * quadratic_s(SHORT):
                    continue
                if seconds(found, head + (run * LONG)[:LONG] + tail) > MOST * quadratic_s(LONG):
                    return f"{head!r} and then {run!r} again and again"
    return ""


def test_no_pattern_is_slow() -> None:
    """Each is tried with long runs of what it describes, behind beginnings that it takes."""
    found = [*collected()]

    slow = {each.place: why for each in found if each.place not in BOUNDED and (why := slowest(each))}

    assert len(found) > 200
    assert not slow


@pytest.mark.parametrize("pattern", [r"\[x.*?\]", r"\s+$", r"\d+\.\d+"])
def test_a_slow_pattern_is_found(pattern: str) -> None:
    """The texts that are tried include those with which patterns are known to be slow."""
    assert slowest(Found("", re.compile(pattern), searched=True))
