"""What a command of the harness does not spend on garbage."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import atexit, sys
class Cycle:
    def __init__(self): self.own = self
    def __del__(self): print("searched")
atexit.register(print, "ended")
if "skip" in sys.argv:
    from harness.core.quick_end import skip_last_search
    skip_last_search()
Cycle()
"""


def output(*arguments: str) -> list[str]:
    command = [sys.executable, "-c", CODE, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def test_python_searches_for_garbage_as_it_ends() -> None:
    """Without which there would be nothing to save."""
    assert output() == ["ended", "searched"]


def test_a_command_does_not_search_as_it_ends() -> None:
    """What is to happen at its end happens."""
    assert output("skip") == ["ended"]
