"""What one exercise of a run leaves behind; every check of monitoring is a function of it."""

from __future__ import annotations

import msgspec

from harness.model.signals import SignalMatrix
from harness.telemetry.dashboards.panel_answers import PanelAnswer
from harness.telemetry.metrics import Exposed, parse_samples
from harness.telemetry.monitoring.alert_proof import AlertProof
from harness.telemetry.monitoring.alert_watch import AlertEpisode


class ExerciseEvidence(msgspec.Struct, frozen=True, kw_only=True):
    """The evidence of one run; travels as JSON between the processes of the run."""

    trouble: str = ""
    """Why the exercise could not be run to its end; empty where it was."""
    unwatched: str = ""
    """Why no Prometheus of the harness watched it; empty where one did."""
    before: str | None = None
    """The metrics' text after good traffic, with no fault since the target's start; None where nobody read it."""
    after: str | None = None
    """The metrics' text after the last fault."""
    scaling: str = ""
    """By which factor the times of the rules were multiplied, in words."""
    left_out: tuple[str, ...] = ()
    """Rules that Prometheus was not given, each with file and line, and why."""
    matrix: SignalMatrix = SignalMatrix(rows=())
    alerts: tuple[str, ...] = ()
    """Every alert of the rules."""
    proofs: tuple[AlertProof, ...] = ()
    answers: dict[str, PanelAnswer] | None = None
    """What Prometheus answered to the queries of dashboards, by their keys; None where none was asked."""
    good_episodes: tuple[AlertEpisode, ...] = ()
    """When any alert of the rules fired during good traffic."""

    @property
    def exposed(self) -> Exposed | None:
        """The series of the target, None where none were read; raises `ProbeError` where they are not metrics."""
        if self.after is None:
            return None
        where = "the metrics endpoint"
        before = None if self.before is None else parse_samples(self.before, where)
        return Exposed(before=before, after=parse_samples(self.after, where))
