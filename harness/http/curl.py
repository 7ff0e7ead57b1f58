"""A request as a curl command, for a person to send again."""

from __future__ import annotations

import base64
import shlex
from collections.abc import Collection

from harness.http.message import Headers

MOST_CHARS = 1200
LEFT_OUT = "(made anew by harness deliver)"


def curl(
    url: str,
    headers: Headers,
    body: bytes,
    *,
    method: str = "POST",
    hidden: Collection[str] = (),
    most_chars: int = MOST_CHARS,
) -> str:
    """Return the command; the values of ``hidden`` headers are left out, and so is a body over ``most_chars``."""
    words = ["curl", "-i"] + ([] if method == "POST" else ["-X", method])
    for name, value in headers:
        shown = LEFT_OUT if name.lower() in hidden else value
        words += ["-H", f"{name}: {shown}" if shown else f"{name};"]  # "name:" would take the header away
    piped, source = _body(body, most_chars)
    if body or method == "POST":
        words += ["--data-binary", source]
    return piped + shlex.join([*words, url])


def _body(body: bytes, most_chars: int) -> tuple[str, str]:
    """Return what comes before the command, and where curl takes the body from."""
    text = body.decode(errors="replace")
    if len(body) > most_chars:
        return "", f"@({len(body):,} bytes, which begin with {text[:60]})"
    if all(c.isprintable() or c in "\n\t" for c in text) and "\ufffd" not in text and not text.startswith("@"):
        return "", text
    return f"printf %s {base64.b64encode(body).decode()} | base64 -d | ", "@-"
