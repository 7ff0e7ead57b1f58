"""The standard streams of a command: they take any text, and show no secret of the target."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from harness.cli.machine_errors import drop_unwritable, machine_error
from harness.cli.say import say
from harness.core.output import redacted_streams


@contextmanager
def safe_streams() -> Iterator[None]:
    """Redact what the block prints, and show here what it raises by a fault of ours or of the machine: status 1."""
    _print_anything()
    with redacted_streams():
        try:
            yield
        except Exception as exc:  # noqa: BLE001 - outside the block, Python would show it with its secrets
            _show(exc)
            sys.exit(1)


def _show(exc: Exception) -> None:
    """Print what ended the command; what a full stream refuses is lost, and the exit status shows that."""
    drop_unwritable()
    with suppress(OSError):
        if sentence := machine_error(exc):
            say(f"ERROR: {sentence}", err=True)
        else:
            sys.excepthook(type(exc), exc, exc.__traceback__)


def _print_anything() -> None:
    """Let the standard streams write out characters that they cannot encode, such as half of a surrogate pair."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="backslashreplace")
