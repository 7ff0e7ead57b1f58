"""promtool and amtool, run for a bounded time: what they print, without paths of the machine and without secrets."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from harness.core.cutting import cut

TIMEOUT_S = 60.0
MAX_OUTPUT = 4000
"""Characters of what a program prints that a finding shows."""
_WITH_UTF8 = 3
"""Major version of Prometheus in which the syntax grew."""
_VERSION = re.compile(r"version (\d+)\.(\d+)\S*")
_NEWER_FIELD = re.compile(r"field (\w+) not found in type")
NEWER_FIELDS = frozenset(
    (
        *("query_offset", "labels", "keep_firing_for", "histogram", "fuzzy_compare", "start_timestamp", "tracing"),
        *("event_recorder", "msteams_configs", "msteamsv2_configs", "jira_configs", "rocketchat_configs"),
        *("incidentio_configs", "mattermost_configs", "webex_configs", "discord_configs", "name"),
    )
)
"""Keys that Prometheus since 2.42 and Alertmanager since 0.25 have got, by their CHANGELOGs."""
_NEWER_SYNTAX = (
    ("could not parse expression", "the syntax of an expression"),
    ("invalid label name", "the name of a label"),
    ("invalid recording rule name", "the name of a series"),
)
"""What promtool before 3 reports of rules that are right for Prometheus 3, where the expressions themselves parse."""
_NEWER_FUNCTION = re.compile(r'unknown function with name "(\w+)"')


class ToolAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """How a run of a program ended."""

    succeeded: bool
    text: str
    """What it printed; shortened."""
    newer: str = ""
    """What a newer version of it understands, where that is why it failed."""
    judged: bool = True
    """Whether it ran to its end, so that it is the input that it refused."""


class Tool:
    """A program on the PATH."""

    def __init__(self, path: str, redact: Callable[[str], str], *, timeout_s: float = TIMEOUT_S) -> None:
        self._path = path
        self._redact = redact
        self._timeout_s = timeout_s
        self.version = _VERSION.search(self._printed(["--version"], Path.cwd())[1])

    @classmethod
    def found(cls, name: str, redact: Callable[[str], str] = str, *, timeout_s: float = TIMEOUT_S) -> Tool | None:
        """Return the program of this name, or None where there is none."""
        path = shutil.which(name)
        return cls(path, redact, timeout_s=timeout_s) if path else None

    def run(self, arguments: Sequence[str], cwd: Path, *, functions: frozenset[str], parses: bool) -> ToolAnswer:
        """Run it; ``functions`` are those that a newer version may know, ``parses`` is whether its input parses."""
        succeeded, text, judged = self._printed(arguments, cwd)
        newer = {name for name in _NEWER_FIELD.findall(text) if name in NEWER_FIELDS}
        newer |= {name for name in _NEWER_FUNCTION.findall(text) if name in functions}
        if parses and self.version and int(self.version[1]) < _WITH_UTF8:
            newer = newer or {what for sign, what in _NEWER_SYNTAX if sign in text}
        lines = [line.rstrip() for line in text.splitlines() if line.strip()]
        shown = cut(self._redact("\n".join(lines)), MAX_OUTPUT)
        newest = "" if succeeded else ", ".join(sorted(newer))
        return ToolAnswer(succeeded=succeeded, text=shown, newer=newest, judged=judged)

    @property
    def name(self) -> str:
        """Its name with its version."""
        return f"{Path(self._path).name} {self.version[0].removeprefix('version ') if self.version else ''}".rstrip()

    def _printed(self, arguments: Sequence[str], cwd: Path) -> tuple[bool, str, bool]:
        """Return whether it succeeded, what it printed, and whether it ran to its end."""
        command = [self._path, *arguments]
        try:
            ended = subprocess.run(
                command, cwd=cwd, capture_output=True, stdin=subprocess.DEVNULL, timeout=self._timeout_s, check=False
            )
        except subprocess.TimeoutExpired:
            return False, f"it did not end within {self._timeout_s:g} s", False
        except OSError as exc:
            return False, f"it does not run: {exc.strerror}", False
        printed = (ended.stdout + b"\n" + ended.stderr).decode(errors="replace")
        return ended.returncode == 0, printed, ended.returncode >= 0
