from __future__ import annotations

import base64
import json
import os
import secrets
import subprocess
import sys
import urllib.parse
from collections.abc import Callable

import pytest

from harness.sandbox.logs import REDACTED, forms

SECRET = "sk/t+" + secrets.token_urlsafe(18) + '"é'
WRITTEN: dict[str, Callable[[str], str]] = {
    "raw": str,
    "bearer": lambda s: f"Bearer {s}",
    "json-in-json": json.dumps,
    "url": lambda s: urllib.parse.quote(s, safe=""),
    "hex": lambda s: s.encode().hex(),
    "upper-hex": lambda s: s.encode().hex().upper(),
    "base64": lambda s: base64.b64encode(s.encode() + b":x").decode(),
    "base64-after-one": lambda s: base64.b64encode(b"u" + s.encode() + b":x").decode(),
    "base64-after-two": lambda s: base64.b64encode(b"u:" + s.encode() + b":x").decode(),
    "base64url": lambda s: base64.urlsafe_b64encode(s.encode()).decode(),
    "base64url-after-two": lambda s: base64.urlsafe_b64encode(b"u:" + s.encode()).decode(),
}
# What a process does with a text that may hold a secret: it logs it as value, key and exception, and a library does.
PROGRAM = """
import logging, os, structlog
from harness.sandbox import logs
logs.configure("tested", secrets=lambda: {os.environ["SECRET"]})
told = os.environ["TOLD"]
log = structlog.get_logger()
log.info("said", value=told, nested={"list": [told]}, **{told: 1})
try:
    raise ValueError(told)
except ValueError:
    log.warning("failed", exc_info=True)
logging.getLogger("some.library").warning("said %s", told)
"""


@pytest.mark.parametrize("form", WRITTEN)
def test_a_known_secret_is_in_no_line(form: str) -> None:
    """Raw or encoded, as value, key or part of an exception, also from a library: each line is JSON without it."""
    env = {**os.environ, "SECRET": SECRET, "TOLD": WRITTEN[form](SECRET)}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=env, capture_output=True, text=True, check=True)
    said, failed, library = (json.loads(line) for line in done.stdout.splitlines())

    assert REDACTED in said["value"]
    assert REDACTED in failed["exception"]
    assert (library["service"], library["logger"]) == ("tested", "some.library")
    assert REDACTED in library["event"]
    assert not any(form in done.stdout + done.stderr for form in forms(SECRET))
