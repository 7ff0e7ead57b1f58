"""The resources that a run created, as the provider itself counts them: ``[client] created``."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable

import msgspec

from harness.http.message import Request
from harness.resilience.client_drill import DrillSetting
from harness.resilience.interposed_server import Interposed, PassOn, passed_back
from harness.resilience.runner import WORKFLOW

SHOWS_WITHIN_S = 5.0
"""Seconds after a run in which the provider shows what it created."""
QUIET_S = 1.0
"""Seconds in which a second resource would show."""
_AGAIN_S = 0.1
_NOTHING = (
    "[client] created counts nothing after a run without a fault: it must find what a run created by its "
    "{workflow_id}, which it has as {event_id}"
)


class CreatedResourceCount(msgspec.Struct, frozen=True):
    """What the provider counts after a run, beside what it counts after one without a fault."""

    ask: Callable[[str], int]
    usual: int
    problem: str = ""
    """Why nothing can be concluded from it; empty where something can."""

    @classmethod
    def of(cls, setting: DrillSetting) -> CreatedResourceCount | None:
        """Return that of a setting, from one run for all drills; None where nothing counts, or a recording answers."""
        created = setting.created
        if created is None or setting.is_recorded:
            return None

        def first() -> CreatedResourceCount:
            name = uuid.uuid4().hex
            _, run = setting.run(_undisturbed, values={WORKFLOW: name})
            usual = _counted(created, name, least=1) if run.succeeded else 0
            problem = "" if usual else _NOTHING if run.succeeded else f"a run without a fault failed: {run.ended}"
            return cls(created, usual, problem)

        return setting.client.known.shared(cls, first)

    def complaint(self, name: str, *, succeeded: bool) -> str:
        """Return what is wrong after the run of that ``{workflow_id}``; one that failed may have created less."""
        count = _counted(self.ask, name, least=self.usual if succeeded else 0)
        if count > self.usual:
            return f"[client] created counts {count} at the provider instead of {self.usual}"
        if succeeded and count < self.usual:
            return f"the client reported success, and [client] created counts {count} instead of {self.usual}"
        return ""


def _undisturbed(_request: Request, pass_on: PassOn) -> Interposed:
    return passed_back(pass_on())


def _counted(ask: Callable[[str], int], name: str, *, least: int) -> int:
    """Return what the provider counts once it shows ``least``, or time is up, and a little later; the higher number."""
    until = time.monotonic() + SHOWS_WITHIN_S
    while (count := ask(name)) < least and time.monotonic() < until:
        time.sleep(_AGAIN_S)
    time.sleep(QUIET_S)
    return max(count, ask(name))
