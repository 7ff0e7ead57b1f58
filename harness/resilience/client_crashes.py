"""Whether a client broke down, or reported a failure: both end with another exit status than 0."""

from __future__ import annotations

import re
import signal

from harness.resilience.client_process import ClientRun

_SIGNALS = (signal.SIGILL, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGSEGV)
_MISTAKES: tuple[tuple[str, str], ...] = (
    (  # Python
        r'^ +File "',
        r"^(?:(?:Key|Type|Attribute|Index|Name|ZeroDivision)Error(?:: .*)?|ValueError: .* is not a valid \w+)$",
    ),
    (r"^Node\.js v\d", r"^(?:Type|Reference|Range)Error[: ].*$"),
    (r"^Exception in thread ", r"java\.lang\.(?:NullPointer|ClassCast|ArithmeticE|\w*IndexOutOfBounds)\w*.*$"),
    (r"^Exception in thread ", r"No enum constant .*$"),
    (r"^goroutine \d", r"^panic: .*$"),
    (r"^thread '[^']*'.* panicked at ", r"panicked at .*$"),
    (r"^Unhandled exception", r"System\.(?:NullReference|InvalidCast|KeyNotFound|IndexOutOfRange)\w*.*$"),
    (r"^PHP Fatal error", r"Uncaught (?:Type|Value|UnhandledMatch)Error.*$"),
    (r"^\S+\.rb:\d", r"\((?:NoMethodError|KeyError|TypeError|NameError)\)$"),
)
"""By runtime: what it prints of an error that nothing caught, and those that are mistakes of the program.

An error that a program raises on purpose reports a failure, and is none of them.
"""
_READ = tuple((re.compile(sign, re.MULTILINE), re.compile(what, re.MULTILINE)) for sign, what in _MISTAKES)
MOST_SHOWN = 120
"""Characters of a mistake."""


def crash_of(run: ClientRun) -> str:
    """Return how the client broke down; empty where it succeeded, reported a failure, or had to be killed."""
    status = run.exit_status
    if not status:
        return ""
    for number in _SIGNALS:
        if status in (-number, 128 + number):
            return f"the client was ended by {number.name}"
    for sign, what in _READ:
        if sign.search(run.tail) and (found := what.search(run.tail)):
            return f"the client broke down: {found[0].strip()[:MOST_SHOWN]}"
    return ""
