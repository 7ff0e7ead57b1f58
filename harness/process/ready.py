"""When a process of the target is ready: it answers, has printed a line, a command succeeds, or it is alive."""

from __future__ import annotations

import shlex
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from harness.process.environment import whole_environment
from harness.process.unreachable import why_unreachable

COMMAND_S = 5.0
"""Time for one call of a command that shows readiness, in seconds."""
ALIVE_S = 0.5
"""Time that a process must live through where nothing else shows that it is ready, in seconds."""


class Started(Protocol):
    """A process that was started, as far as its readiness is concerned."""

    cwd: Path
    env: Mapping[str, str | None]

    def death(self) -> str | None:
        """Return how it ended by itself; None while it runs."""

    def output(self) -> str:
        """Return what it has printed since it was started."""

    def age_s(self) -> float:
        """Return the seconds since it was started."""


class ReadyCheck(Protocol):
    """What shows that a process is ready."""

    url: str | None
    """URL that answers once it is; None where something else shows it."""
    program: str
    """Program that shows it; empty where none does."""
    event: str
    """What has not happened yet, to follow "before": ``it printed 'listening'``."""
    missed: str
    """What did not happen in time, as the begin of a sentence."""

    @property
    def hint(self) -> str:
        """What to look at then."""

    def met(self, process: Started) -> bool:
        """Whether it shows at this moment that ``process`` is ready, or still lives."""


class UrlAnswers:
    """Ready as soon as a URL answers 2xx, or the status that the target names."""

    program = ""

    def __init__(self, url: str, ask: Callable[[str], bool], status: int | None = None) -> None:
        """``ask`` returns whether a URL answers, with ``status`` where one is given."""
        self.url: str | None = url
        self.event = f"{url} answered"
        self.missed = f"{url} did not answer {status or '2xx'}"
        self._ask = ask

    @property
    def hint(self) -> str:
        """What this machine shows of the URL while the process runs."""
        reason = why_unreachable(self.url) if self.url else ""
        return reason.removesuffix(".") or "Check the URL"

    def met(self, process: Started) -> bool:  # noqa: ARG002 - the same shape as its siblings
        """Ask the URL, which also shows whether the process lives."""
        return self.url is not None and self._ask(self.url)


class PrintsLine:
    """Ready as soon as a line of the output contains a text."""

    url: str | None = None
    program = ""
    hint = "Check the text, and whether the program buffers its output when that is a file"

    def __init__(self, text: str) -> None:
        """``text`` is searched for as it stands."""
        self.event = f"it printed {text!r}"
        self.missed = f"no line of the output contained {text!r}"
        self._text = text

    def met(self, process: Started) -> bool:
        """Search the output since the start; a process that has ended is not ready."""
        return process.death() is None and any(self._text in line for line in process.output().splitlines())


class CommandSucceeds:
    """Ready as soon as a command exits with status 0."""

    url: str | None = None
    hint = "Run that command by hand to see why"

    def __init__(self, words: Sequence[str]) -> None:
        """``words`` are run in the folder and with the environment of the process."""
        shown = shlex.join(words)
        self.program = words[0]
        self.event = f"`{shown}` succeeded"
        self.missed = f"`{shown}` did not exit with status 0"
        self._words = tuple(words)

    def met(self, process: Started) -> bool:
        """Run the command once; a process that has ended is not ready."""
        try:
            done = subprocess.run(
                self._words,
                cwd=process.cwd,
                env=whole_environment(process.env),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=COMMAND_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return False
        return done.returncode == 0 and process.death() is None


class StaysAlive:
    """Ready when it has lived for a short moment."""

    url: str | None = None
    program = ""
    event = "it had run for half a second"
    missed = "it had not run for half a second"
    hint = "Check the command"

    def met(self, process: Started) -> bool:
        """Wait no longer than `ALIVE_S` from the start."""
        time.sleep(max(0.0, min(ALIVE_S - process.age_s(), 0.1)))
        return process.death() is None and process.age_s() >= ALIVE_S
