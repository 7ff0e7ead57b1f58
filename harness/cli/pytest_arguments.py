"""What the user gives `harness gate` for pytest: all of it for the scenarios, and little for the shipped checks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

_VALUED = (
    "--color",
    "--dist",
    "--durations",
    "--durations-min",
    "--harness-fuzz",
    "--harness-seed",
    "--maxfail",
    "--maxprocesses",
    "--numprocesses",
    "--show-capture",
    "--tb",
    "--verbosity",
)
_PLAIN = ("--exitfirst", "--quiet", "--verbose", "-x")
_SHORT_VALUED = ("-n", "-r")
_SWITCHES = frozenset("vqxsl")
"""Letters without a value, which may stand together, as in ``-xvs``."""
_OF_SUITE = "vqx"


def for_the_suite(arguments: Sequence[str]) -> tuple[str, ...]:
    """Return those of the arguments that the shipped checks take too: how they are spread, generated, ended and shown.

    What selects tests or limits their time is for the scenarios alone.
    """
    return tuple(_chosen(arguments))


def verbosity(arguments: Sequence[str]) -> int:
    """Return what ``-v`` and ``-q`` add up to, as pytest counts them."""
    letters = "".join(argument for argument in arguments if _is_switches(argument))
    return letters.count("v") - letters.count("q") + arguments.count("--verbose") - arguments.count("--quiet")


def _chosen(arguments: Sequence[str]) -> Iterator[str]:
    rest = iter(arguments)
    for argument in rest:
        name, equals, _ = argument.partition("=")
        if argument in _PLAIN or (equals and name in _VALUED):
            yield argument
        elif _is_switches(argument):
            if letters := "".join(letter for letter in argument[1:] if letter in _OF_SUITE):
                yield f"-{letters}"
        elif argument in _VALUED or argument in _SHORT_VALUED:
            yield argument
            yield from islice(rest, 1)
        elif argument.startswith(_SHORT_VALUED) and not argument.startswith("--"):
            yield argument


def _is_switches(argument: str) -> bool:
    """Whether an argument is ``-v``, ``-qq``, ``-xvs`` and the like."""
    return len(argument) > 1 and argument[0] == "-" and set(argument[1:]) <= _SWITCHES
