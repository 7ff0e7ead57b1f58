"""`workflow.persisted`: the client dies after the provider committed; started again, it goes on with what it began."""

from __future__ import annotations

import threading
import uuid

from harness.model import Finding, Outcome
from harness.resilience.client_drill import ClientDrill, DrillSetting
from harness.resilience.client_process import ClientRun
from harness.resilience.commits import Commit, Commits, complaint_of, writes_done
from harness.resilience.created_resource_count import CreatedResourceCount
from harness.resilience.exactly_once import Keeping, LostAnswers
from harness.resilience.interposed_server import InterposedServer
from harness.resilience.runner import WORKFLOW

ITEM = "workflow.persisted"
MOST_KILLS = 5
"""Writes of one workflow after which the client is killed, one after the other."""
HELD_S = 5.0
"""Seconds for which an answer is held back, at most, while the client is killed."""
_UNKNOWN = "[client] persisted does not name where the integration stores the id of its run"


class _DeadlyWrite(LostAnswers):
    """Passes writes on; the answer to one operation is held until the client is dead."""

    def __init__(self, setting: DrillSetting, operation: str) -> None:
        super().__init__(setting, Keeping.NONE if setting.keyless else Keeping.REPLAYS)
        self.committed = threading.Event()
        self.dead = threading.Event()
        self._operation = operation

    def loses(self, commit: Commit) -> bool:
        """Hold the answer to the operation; whether it is lost then."""
        if commit.operation != self._operation or self.dead.is_set():
            return False
        self.committed.set()
        self.dead.wait(HELD_S)
        return True


def _judge(drill: ClientDrill, setting: DrillSetting) -> Finding:
    if setting.persisted is None:
        return drill.concluded(Outcome.NOT_APPLICABLE, _UNKNOWN)
    if unproven := setting.client.unproven(drill):
        return unproven
    usual = writes_done(setting.client.undisturbed().server.attempts, setting.label)
    if not usual:
        return drill.concluded(Outcome.NOT_APPLICABLE, "the workflow writes nothing")
    counted = CreatedResourceCount.of(setting)
    if counted is not None and counted.problem:
        return drill.concluded(Outcome.ERROR, counted.problem)
    runs: tuple[tuple[InterposedServer, ClientRun], ...] = ()
    for operation in list(usual)[:MOST_KILLS]:
        deadly, name = _DeadlyWrite(setting, operation), uuid.uuid4().hex
        runs, commits = _killed_and_run_again(setting, deadly, name), deadly.commits
        if counted is not None:
            done = counted.complaint(name, succeeded=runs[-1][1].succeeded)
        else:
            done = complaint_of(commits.done(), usual, succeeded=True)
        done = done or _not_found(setting, commits)
        complaint = f"the client was killed after {operation}, and run again: {done}" if done else ""
        if not runs[-1][1].succeeded:
            complaint = complaint or f"the client was killed after {operation}; run again, it failed"
        if complaint:
            return drill.concluded(Outcome.FAIL, complaint, *runs)
    return drill.concluded(Outcome.PASS, "", *runs)


def _killed_and_run_again(
    setting: DrillSetting, deadly: _DeadlyWrite, name: str
) -> tuple[tuple[InterposedServer, ClientRun], ...]:
    values = {WORKFLOW: name}
    killed = setting.run(deadly, values=values, until=deadly.committed, afterwards=deadly.dead.set)
    return killed, setting.run(deadly, values=values)


def _not_found(setting: DrillSetting, commits: Commits) -> str:
    """Return that nothing is stored about the last resource that was created; empty where something is."""
    assert setting.persisted is not None
    if commits.last is None or not commits.last.id:
        return "the last answer to a write shows no id that could be looked up"
    if setting.persisted(commits.last.id) is None:
        return f"[client] persisted finds nothing about {commits.last.id}, which {commits.last.operation} returned"
    return ""


PERSISTED = ClientDrill(
    id="killed",
    item=ITEM,
    summary="the client is killed after the provider committed a write, and run again",
    passed="Went on after a kill with what it had begun, and stored the id",
    failed="Did not go on after a kill with what it had begun",
    expected="each resource once at the provider, success of the second run, and the id found by [client] persisted",
    source="the integration guide, Core workflow: the run ID is persisted for status checks",
    fix="Store the idempotency key before a write and the id from its answer at once, under the name of the workflow, "
    "and read both when the workflow starts again.",
    judge=_judge,
)
