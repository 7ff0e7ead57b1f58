"""The signals with which a user, a service manager or a terminal ends a command."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager


def ending_signals() -> tuple[signal.Signals, ...]:
    """Return those that a command is to handle: SIGHUP not where nohup(1) has it ignored, to outlive the terminal."""
    ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    return (signal.SIGINT, signal.SIGTERM, *(() if ignored else (signal.SIGHUP,)))


@contextmanager
def until_ended() -> Iterator[None]:
    """Run the block until one of these signals, which ends it wherever it stands and is no error.

    What invites the user to press Ctrl-C belongs into the block, since a script answers before the next statement.
    """
    # A shell starts what it runs in the background deaf to Ctrl-C, so the handler of Python is set anew.
    before = {number: signal.signal(number, signal.default_int_handler) for number in ending_signals()}
    try:
        yield
    except KeyboardInterrupt:
        pass
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
