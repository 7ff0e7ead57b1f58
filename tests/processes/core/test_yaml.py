"""A text that would crash the parser, read in a process of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest

HOSTILE = {
    "flow": b"[" * 100_000,
    "flow behind brackets in texts": b'["]",' * 100_000,
    "list in list": b"- " * 100_000,
    "explicit keys": b"? " * 100_000,
    "block": "\n".join(" " * depth + "a:" for depth in range(3_000)).encode(),
    "block of CR lines": "\r".join(" " * depth + "a:" for depth in range(3_000)).encode(),
    "flow behind a text over two lines": b"- [ '\nk: ',\n" + b"[ '\nk: ', [" * 30_000 + b"'\n",
    "UTF-16": b"\xff\xfe" + ("[" * 100_000).encode("utf-16-le"),
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_depth_is_bounded(text: bytes) -> None:
    """A text that nests too deeply is refused with its line, in a process of its own, for the C parser would crash."""
    code = (
        "import sys; from harness.core.yaml import *\n"
        "try: read_yaml(sys.stdin.buffer.read())\nexcept YamlDepthError as exc: print(exc, exc.line)"
    )
    ran = subprocess.run([sys.executable, "-c", code], input=text, capture_output=True, check=False)
    assert ran.stdout.decode().startswith("it nests deeper than 500 levels "), ran
