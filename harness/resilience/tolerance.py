"""`workflow.tolerance`: the provider answers as its document allows, and as the client has never seen it answer."""

from __future__ import annotations

from functools import partial

from harness.model import Finding, Level, Outcome
from harness.resilience import answer_changes as changes
from harness.resilience.changed_answers import AnswerKind, ChangedAnswers, joint_run, places_of, usual_writes
from harness.resilience.client_crashes import crash_of
from harness.resilience.client_drill import ClientDrill, DrillSetting
from harness.resilience.client_process import ClientRun
from harness.resilience.commits import complaint_of, missing_in_success
from harness.resilience.spelled_answers import spelled

ITEM = "workflow.tolerance"

NULL = AnswerKind(id="null", change=changes.with_nulls, by_member=True)
LONG_LIST = AnswerKind(id="long-list", change=changes.with_many_entries, first_alone=True, more_is_fine=True)
ORDER = AnswerKind(id="other-order", change=changes.reordered, goes_on=True)
ADDED = AnswerKind(id="unknown-member", change=changes.added, goes_on=True)
UNKNOWN = AnswerKind(id="unknown-value", change=changes.with_unknown_values, by_member=True, first_alone=True)
MISSING = AnswerKind(id="optional-missing", change=changes.without_optional, by_member=True)
BOUND = AnswerKind(id="number-at-bound", change=changes.with_numbers_at_bounds, by_member=True, first_alone=True)
STATUS = AnswerKind(id="other-success", change=changes.with_other_success, first_alone=True)
EMPTY = AnswerKind(id="empty-page", change=changes.without_entries, first_alone=True, more_is_fine=True)
SPELLED = AnswerKind(id="other-spelling", change=spelled, goes_on=True)

TOGETHER: tuple[tuple[AnswerKind, ...], ...] = (
    # The document allows no unknown value, and so no change after it but one that asks for no document.
    (NULL, LONG_LIST, ORDER, ADDED, UNKNOWN, SPELLED),
    (MISSING, BOUND),
    (STATUS, EMPTY),
)
"""What changes in one run, in this order. Where the client does not go on, each kind has a run of its own."""


def _judge(drill: ClientDrill, setting: DrillSetting, *, kind: AnswerKind) -> Finding:
    if unproven := setting.client.unproven(drill):
        return unproven
    if not places_of(setting, kind):
        return drill.concluded(Outcome.NOT_APPLICABLE, "the document allows no such change of any answer")
    joint = joint_run(setting, next(kinds for kinds in TOGETHER if kind in kinds))
    if joint is not None and joint.proves(setting, kind):
        return drill.concluded(Outcome.PASS, f"in one run: {', '.join(k.id for k in joint.answers.kinds)}", joint.ran)
    answers = ChangedAnswers(setting, (kind,))
    ran = setting.run(answers)
    if not answers.changed(kind):
        return drill.concluded(Outcome.NOT_APPLICABLE, "the workflow made no call whose answer can change so", ran)
    complaint = _complaint(setting, kind, answers, ran[1])
    return drill.concluded(Outcome.FAIL if complaint else Outcome.PASS, complaint, ran)


def _complaint(setting: DrillSetting, kind: AnswerKind, answers: ChangedAnswers, run: ClientRun) -> str:
    """Return what is wrong with a run.

    Its writes count where the answers are about what it created itself; else there may be more or less to do.
    """
    done, usual = answers.commits.done(), usual_writes(setting)
    if kind.goes_on:
        ended = "" if run.succeeded else f"{run.ended}: {run.tail}"
        return complaint_of(done, usual, succeeded=run.succeeded) or ended
    if run.exit_status is None:
        return run.ended
    if (crash := crash_of(run)) or answers.of_others:
        return crash
    if kind.more_is_fine:
        return missing_in_success(done, usual) if run.succeeded else ""
    return complaint_of(done, usual, succeeded=run.succeeded)


def _drill(kind: AnswerKind, what: str, source: str) -> ClientDrill:
    return ClientDrill(
        id=kind.id,
        item=ITEM,
        level=Level.SHOULD,
        summary=f"answers {what}",
        passed=f"Took answers {what}",
        failed=f"Did not take answers {what}",
        expected="success" if kind.goes_on else "success with the same writes, or a reported failure",
        source=source,
        fix="Read only the members that you need, by name, and handle each that the document does not require.",
        judge=partial(_judge, kind=kind),
        apart=True,
    )


_TOLERANT = "Fowler, Tolerant Reader"
DRILLS: tuple[ClientDrill, ...] = (
    _drill(ADDED, "with an unknown member", _TOLERANT),
    _drill(ORDER, "with their members in another order", "RFC 8259 section 4"),
    _drill(SPELLED, "in another spelling", "RFC 8259 section 2, RFC 9110 section 8.3.1, RFC 3339 section 5.6"),
    _drill(MISSING, "without optional members", "JSON Schema Validation section 6.5.3"),
    _drill(NULL, "with null where it is allowed", "JSON Schema Validation section 6.1.1"),
    _drill(UNKNOWN, "with a value that is new in its enumeration", "Zalando RESTful API Guidelines, rule 112"),
    _drill(EMPTY, "with an empty page first", _TOLERANT),
    _drill(LONG_LIST, "with a long list", "JSON Schema Validation section 6.4.1"),
    _drill(BOUND, "with numbers at their bounds", "JSON Schema Validation sections 6.2.2 and 6.2.4"),
    _drill(STATUS, "with another documented status of success", "RFC 9110 section 15.3"),
)
