"""The standard streams of a command: they take any text, and show no secret of the target."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from harness.core.output import redacted_streams


@contextmanager
def safe_streams() -> Iterator[None]:
    """Redact what the block prints, and show here what it raises by a fault of ours, which ends with status 1."""
    _print_anything()
    with redacted_streams():
        try:
            yield
        except Exception:  # noqa: BLE001 - outside the block, Python would show it with its secrets
            sys.excepthook(*sys.exc_info())
            sys.exit(1)


def _print_anything() -> None:
    """Let the standard streams write out characters that they cannot encode, such as half of a surrogate pair."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="backslashreplace")
