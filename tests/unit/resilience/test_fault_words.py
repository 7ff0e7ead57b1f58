"""Faults in words: each row of the table means what it states, and what is no fault is named with its place."""

from __future__ import annotations

import pytest

from harness.errors import ConfigurationError
from harness.resilience.fault_words import TABLE, FaultRule, rules_of
from harness.resilience.faults import CLOSE, RESET, Action, Corruption, Fault, corrupted, respond


def rule(*lines: str) -> FaultRule:
    (found,) = rules_of(lines, lambda number: f"script:{number}")
    return found


@pytest.mark.parametrize("words", [words for words, _ in TABLE])
def test_each_row_of_the_table_is_a_fault(words: str) -> None:
    """What the help shows can be written, once, several times and always."""
    once, thrice, always = rule(words), rule(f"{words} x3"), rule(f"{words} always")

    assert thrice.faults == once.faults * 3
    assert (always.then, always.faults, always.endless) == (once.faults[0], (), True)


@pytest.mark.parametrize(
    "words, fault",
    [
        ("503", respond(503)),
        ("429 retry-after=2", respond(429, retry_after="2")),
        ("503 retry-after=-5", respond(503, retry_after="-5")),
        ("503 retry-after=soon", respond(503, retry_after="soon")),
        ("429 retry-after=date-60", respond(429, retry_after=-60, as_date=True)),
        ("307 location={target}", Fault(status=307, headers=(("Location", "{target}"),))),
        ("RESET", RESET),
        ("cut  body", corrupted(Corruption.CUT)),
        ("slow 250ms", Fault(action=Action.DELAY, amount=0.25)),
        ("bandwidth 10KB/s", Fault(action=Action.NARROW, amount=10_000)),
        ("bandwidth 7", Fault(action=Action.NARROW, amount=7)),
        ("interim 100", Fault(action=Action.INTERIM, amount=100)),
        ("pass", None),
    ],
)
def test_words_mean_a_fault(words: str, fault: Fault | None) -> None:
    """Options, units and capitals are read as they are documented."""
    assert rule(words).faults == (fault,)


def test_a_line_has_several_faults_for_some_calls() -> None:
    """In order, repeated, and aimed by method and path; a comment and an empty line count for nothing."""
    found = rule("# a script", "", "POST /runs/*: 503x2, pass, reset, close always  # and so on")

    assert found.faults == (respond(503), respond(503), None, RESET)
    assert found.then == CLOSE
    calls = [("POST", "/runs/1?x=/y"), ("GET", "/runs/1"), ("POST", "/runs")]
    assert [found.aims_at(*call) for call in calls] == [True, False, False]


@pytest.mark.parametrize(
    "line, message",
    [
        ("5o3", "script:1: '5o3' is not a fault. Did you mean '503'?"),
        ("rest x2", "'rest x2' is not a fault. Did you mean 'reset'?"),
        ("cut hed", "'cut hed' is not a fault. Did you mean 'cut head'?"),
        ("slow", "'slow' is not a fault. Did you mean 'slow 2s'?"),
        ("slow 2", "Did you mean 'slow 2s'?"),
        ("bandwidth 0", "'bandwidth 0' is not a fault"),
        ("interim 200", "'interim 200' is not a fault"),
        ("x3", "'x3' is not a fault. Known: 307 location="),
        ("503,", "'' is not a fault"),
        ("99", "'99' is not a fault"),
        ("503 x0", "x0 in '503 x0': write x1 to x10000, or always"),
        ("503 x99999", "write x1 to x10000, or always"),
        ("503 retry_after=2", "'retry_after' in '503 retry_after=2' is not known. Did you mean 'retry-after'?"),
        ("503 retry-after=", "Write NAME=VALUE"),
        ("get /x: 503", "'get /x' names no calls. Write a path, such as /runs/*"),
        ("503 always, reset", "'reset' would never happen after '503 always'. Remove one of them"),
    ],
)
def test_what_is_no_fault_is_named(line: str, message: str) -> None:
    """The message has the place, the words and what to write."""
    with pytest.raises(ConfigurationError) as raised:
        rules_of([line], lambda number: f"script:{number}")

    assert message in str(raised.value)


def test_a_script_has_a_bound() -> None:
    """A file that is no script at all is not read for ever."""
    with pytest.raises(ConfigurationError, match="script:10001: a script has at most 10000 lines"):
        rules_of(["reset"] * 10_001, lambda number: f"script:{number}")
