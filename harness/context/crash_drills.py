"""Drills that harm the target: on copies of it, each started when the first drill needs it.

Those that kill it have one copy, those that change its environment or measure it another, so that both kinds can run at
once.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from harness.context.background import CRASHES, SETTINGS
from harness.context.isolated_copy import isolated_copy
from harness.context.receiver_parts import crash_context_of, remote_crash_context_of
from harness.context.remote_receiver import is_remote
from harness.webhooks.drills import play

if TYPE_CHECKING:
    from harness.context.background import Lane
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

    @property
    def stage(self) -> DrillContext:
        """What the drills that kill the receiver run against; raises what `result` raises."""
        return self._stage(CRASHES)

    def begin(self, drill: Drill) -> None:
        """Run a drill beside the tests."""
        self._lane(drill).begin(drill.id, partial(self._played, drill))

    def result(self, drill: Drill) -> Finding:
        """Return the finding of a drill.

        Raises `ConfigurationError` where the harness cannot start a copy of the receiver, `ProcessError` where that
        does not start. While the receiver of all checks may be down, nothing else delivers to it.
        """
        if self._remote:
            with self._context.background.paused():
                return self._played(drill)
        return self._lane(drill).result(drill.id, partial(self._played, drill))

    def _played(self, drill: Drill) -> Finding:
        return play(drill, self._stage(self._name(drill)), reproduce="")

    def _name(self, drill: Drill) -> str:
        return SETTINGS if drill.needs_process and not self._remote else CRASHES

    def _lane(self, drill: Drill) -> Lane:
        return self._context.background.lane(self._name(drill))

    def _stage(self, name: str) -> DrillContext:
        return self._context.background.shared(name, partial(self._opened, name))

    @contextmanager
    def _opened(self, name: str) -> Iterator[DrillContext]:
        if self._remote:
            yield remote_crash_context_of(self._context, self._event)
            return
        with isolated_copy(self._context, name="copy" if name == CRASHES else name) as copy:
            yield crash_context_of(copy, self._event)
