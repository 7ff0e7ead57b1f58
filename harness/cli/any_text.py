"""Lets a command print any text: what the output cannot encode must not end it in a traceback."""

from __future__ import annotations

import io
import sys


def print_anything() -> None:
    """Let the standard streams write out characters that they cannot encode, such as half of a surrogate pair."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="backslashreplace")
