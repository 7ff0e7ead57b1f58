"""What of the provider's answers a client needs: which answers, and where it is asked for, which members."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from urllib.parse import unquote

import msgspec

from harness.model import Finding, Level, Outcome
from harness.resilience.answer_changes import ends_of, pattern_of, success_content, without
from harness.resilience.changed_answers import AnswerKind, ChangedAnswers, Place, usual_writes
from harness.resilience.client_drill import ClientDrill, DrillSetting
from harness.resilience.client_process import ClientRun
from harness.resilience.commits import ended_as_usual, missing_in_success, writes_done
from harness.resilience.fault_server import FaultServer
from harness.resilience.workflow_operations import ClientOperation

ITEM = "workflow.tolerance"
MOST_OPERATIONS = 4
"""Operations whose answers are emptied, each in a run of its own."""
MOST_RUNS = 60
"""Runs in which members are left out."""
MOST_MEMBERS = 500
_NOTHING = frozenset({"undefined", "None", "null", "NaN", "nil", "[object Object]"})
"""What languages write for a member that is not there, as a segment of a path."""


def _judge_emptied(drill: ClientDrill, setting: DrillSetting) -> Finding:
    if unproven := setting.client.unproven(drill):
        return unproven
    runs: list[tuple[FaultServer, ClientRun]] = []
    read: list[str] = []
    unread: list[str] = []
    for operation in _answered_with_objects(setting)[:MOST_OPERATIONS]:
        ran = setting.client.emptied(operation)
        if complaint := _taken_for_success(setting, *ran):
            return drill.concluded(Outcome.FAIL, f"{operation.label} was answered with {{}}: {complaint}", ran)
        (unread if setting.client.need_not_read(operation) else read).append(operation.label)
        runs.append(ran)
    if not runs:
        return drill.concluded(Outcome.NOT_APPLICABLE, "no answer to the workflow is a JSON object")
    named = (("needs the answers of", read), ("need not read those of", unread))
    text = "; ".join(f"the client {what} {', '.join(labels)}" for what, labels in named if labels)
    return drill.concluded(Outcome.PASS, text, *runs)


def _answered_with_objects(setting: DrillSetting) -> list[ClientOperation]:
    plain = setting.client.undisturbed()
    labels = {
        setting.label(request.method, request.target)
        for request, response in plain.recorded.exchanges()
        if isinstance(content := success_content(response), dict) and content
    }
    return [operation for operation in plain.operations.all if operation.label in labels]


def _taken_for_success(setting: DrillSetting, server: FaultServer, run: ClientRun) -> str:
    """Return what shows that a run that reported success used a member that was not there; empty for nothing."""
    if not run.succeeded or server.errors:
        return ""
    if missing := missing_in_success(writes_done(server.attempts, setting.label), usual_writes(setting)):
        return missing
    usual = {a.path for a in setting.client.undisturbed().server.attempts}
    for attempt in server.attempts:
        segments = attempt.path.partition("?")[0].split("/")
        if attempt.path not in usual and _NOTHING & {unquote(segment) for segment in segments}:
            return f"the client reported success, and called {attempt.method} {attempt.path}"
    return ""


def _judge_members(drill: ClientDrill, setting: DrillSetting) -> Finding:
    if not setting.needed_members:
        return drill.concluded(Outcome.NOT_APPLICABLE, "[client] needed_members is not true")
    if unproven := setting.client.unproven(drill):
        return unproven
    places = _all_members(setting)
    if not places:
        return drill.concluded(Outcome.NOT_APPLICABLE, "no answer to the workflow has a member")
    needed, undecided = needed_of(places, partial(_ends_the_same, setting), most=MOST_RUNS)
    lines = [f"{label}: {', '.join(names)}" for label, names in _by_label(needed).items()]
    more = [f"not decided within {MOST_RUNS} runs: {len(undecided)}"] if undecided else []
    summary = f"The client needs {len(needed)} of the {len(places)} members of the answers"
    return drill.finding(Outcome.PASS, "; ".join([*lines, *more]), summary=summary)


def _all_members(setting: DrillSetting) -> list[Place]:
    found: dict[Place, None] = {}
    for request, response in setting.client.undisturbed().recorded.exchanges():
        label = setting.label(request.method, request.target)
        found |= dict.fromkeys(
            (label, pattern_of(p)) for p, _ in ends_of(success_content(response)) if isinstance(p[-1], str)
        )
    return list(found)[:MOST_MEMBERS]


def _by_label(places: Sequence[Place]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for label, pattern in places:
        found.setdefault(label, []).append(pattern)
    return found


def _ends_the_same(setting: DrillSetting, places: Sequence[Place]) -> bool:
    """Whether the workflow succeeds with its usual writes although no answer has these members."""
    answers = ChangedAnswers(setting, [AnswerKind(id="without", change=partial(without, places=frozenset(places)))])
    soon = msgspec.structs.replace(setting, client=setting.client.hurried())
    server, run = soon.run(answers)
    return not server.errors and ended_as_usual(run, answers.commits.done(), usual_writes(setting))


def needed_of(
    places: Sequence[Place], works_without: Callable[[Sequence[Place]], bool], *, most: int
) -> tuple[list[Place], list[Place]]:
    """Return the members that are needed, and those about which ``most`` runs decide nothing, by halving."""
    groups, needed, undecided = [list(places)], list[Place](), list[Place]()
    runs = 0
    while groups:
        group = groups.pop()
        if runs >= most:
            undecided += group
            continue
        runs += 1
        if works_without(group):
            continue
        if len(group) == 1:
            needed += group
        else:
            half = len(group) // 2
            groups += [group[half:], group[:half]]
    return needed, undecided


NEEDED: tuple[ClientDrill, ...] = (
    ClientDrill(
        id="required-missing",
        item=ITEM,
        level=Level.SHOULD,
        summary="answers without any member, which the document does not allow",
        passed="Took no answer without its members for success",
        failed="Took an answer without its members for success",
        expected="a reported failure, or success with the same writes",
        source="JSON Schema Validation section 6.5.3",
        fix="Check that an answer has each member that you use, and report a failure that names the missing one.",
        judge=_judge_emptied,
        apart=True,
    ),
    ClientDrill(
        id="needed-members",
        item=ITEM,
        level=Level.SHOULD,
        summary="answers without some of their members, by halves",
        passed="Found the members that the client needs",
        failed="Did not find the members that the client needs",
        expected="a list of the members without which the workflow ends in another way",
        source="Fowler, Tolerant Reader",
        fix="Read only the members that you need.",
        judge=_judge_members,
        apart=True,
    ),
)
