"""Drills that harm the target: on a copy of it, which is started when the first of them needs it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from harness.context.background import CRASHES
from harness.context.isolated_copy import isolated_copy
from harness.context.receiver_parts import crash_context_of, remote_crash_context_of
from harness.context.remote_receiver import is_remote
from harness.webhooks.drills import play

if TYPE_CHECKING:
    from harness.context.run_context import RunContext
    from harness.model import Event, Finding
    from harness.webhooks.drills import Drill, DrillContext

NEEDS = ("receiver.url", "receiver.effects")
"""Keys of harness.toml that every such drill requires, besides those of events and what restarts the receiver."""


class CrashDrills:
    """The drills of one process, begun beside the tests, or run when a test asks for them."""

    def __init__(self, run_context: RunContext, event: Event) -> None:
        """``event`` is the one that the drills deliver; only where `NEEDS` are set."""
        self._context = run_context
        self._event = event
        self._remote = is_remote(run_context)
        self._lane = run_context.background.lane(CRASHES)

    @property
    def stage(self) -> DrillContext:
        """What they run against.

        Raises `ConfigurationError` where the harness cannot start a copy of the receiver, `ProcessError` where that
        does not start.
        """
        return self._context.background.shared(CRASHES, self._opened)

    def begin(self, drill: Drill) -> None:
        """Run a drill beside the tests."""
        self._lane.begin(drill.id, partial(self._played, drill))

    def result(self, drill: Drill) -> Finding:
        """Return the finding of a drill; raises what `stage` raises.

        While the receiver of all checks may be down, nothing else delivers to it.
        """
        if self._remote:
            with self._context.background.paused():
                return self._played(drill)
        return self._lane.result(drill.id, partial(self._played, drill))

    def _played(self, drill: Drill) -> Finding:
        return play(drill, self.stage, reproduce="")

    @contextmanager
    def _opened(self) -> Iterator[DrillContext]:
        if self._remote:
            yield remote_crash_context_of(self._context, self._event)
            return
        with isolated_copy(self._context) as copy:
            yield crash_context_of(copy, self._event)
