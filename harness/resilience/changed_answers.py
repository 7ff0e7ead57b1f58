"""Runs of the client whose answers are changed, in several ways at once or in one way alone."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from harness.http.message import Request, Response
from harness.resilience.answer_changes import (
    NAMES_A_RESOURCE,
    Change,
    ChangeableAnswer,
    ends_of,
    pattern_of,
    success_content,
)
from harness.resilience.client_drill import DrillSetting
from harness.resilience.client_process import ClientRun
from harness.resilience.commits import Commits, ended_as_usual, writes_done
from harness.resilience.fault_server import WRITES, FaultServer
from harness.resilience.interposed_server import Interposed, PassOn, passed_back

Place = tuple[str, str]
"""Where something changes: an operation, and the pattern of a member, empty for the answer as a whole."""
MOST_RECORDED = 50
"""Answers of the undisturbed run in which places are looked for."""


class AnswerKind(msgspec.Struct, frozen=True, kw_only=True):
    """One way in which answers change."""

    id: str
    change: Change
    by_member: bool = False
    """Whether each member is a place of its own."""
    first_alone: bool = False
    """Whether only the first answer of each operation changes: a client may have to ask until another one comes."""
    goes_on: bool = False
    """Whether the workflow must succeed."""
    more_is_fine: bool = False
    """Whether a client may write oftener than it does without the change."""


class _Changes:
    """Applies several kinds to answers, one after another, and notes where they changed something."""

    def __init__(self, setting: DrillSetting, kinds: Sequence[AnswerKind]) -> None:
        self.changed: dict[str, set[Place]] = defaultdict(set)
        """By id of the kind."""
        self._setting = setting
        self._kinds = kinds
        self._met: set[tuple[str, str]] = set()

    def apply(self, request: Request, response: Response) -> Response:
        """Return the answer as all kinds leave it; the same one where nothing is to change."""
        if (content := success_content(response)) is None:
            return response
        label = self._setting.label(request.method, request.target)
        answered = ChangeableAnswer(
            label=label,
            request=request,
            response=response,
            content=content,
            accepts=self._setting.allows,
            describes=self._setting.describes,
            successes=self._setting.successes,
        )
        for kind in self._kinds:
            if not (kind.first_alone and (kind.id, label) in self._met):
                after = kind.change(answered)
                self.changed[kind.id] |= set(_places(kind, answered, after))
                answered = after
            self._met.add((kind.id, label))
        return answered.response


def _places(kind: AnswerKind, before: ChangeableAnswer, after: ChangeableAnswer) -> Iterator[Place]:
    if after is before:
        return
    if not kind.by_member:
        yield before.label, ""
        return
    old, new = dict(ends_of(before.content)), dict(ends_of(after.content))
    yield from (
        (before.label, pattern_of(p))
        for p in old.keys() | new.keys()
        if (p in old, old.get(p)) != (p in new, new.get(p))
    )


def _shows(content: Any, ids: frozenset[str]) -> bool:
    """Whether an answer shows one of these resources."""
    names = ((path[-1], value) for path, value in ends_of(content))
    return any(str(value) in ids and NAMES_A_RESOURCE.fullmatch(str(name)) for name, value in names)


class ChangedAnswers:
    """Passes requests on, and changes the answers that are JSON."""

    def __init__(self, setting: DrillSetting, kinds: Sequence[AnswerKind]) -> None:
        """Each of ``kinds`` changes what the ones before it left."""
        self.commits = Commits(setting.label)
        self.kinds = kinds
        self.of_others = False
        """Whether an answer changed that shows nothing that this run created."""
        self._changes = _Changes(setting, kinds)
        self._lock = threading.Lock()

    def __call__(self, request: Request, pass_on: PassOn) -> Interposed:
        """Answer one request."""
        response = pass_on()
        if request.method in WRITES:
            self.commits.note(request, response)
        with self._lock:
            other = self._changes.apply(request, response)
        if other is response:
            return passed_back(response)
        self.of_others |= not (request.method in WRITES or _shows(success_content(response), self.commits.ids))
        return Interposed(other, f"{response.status}, changed", other.status)

    def changed(self, kind: AnswerKind) -> set[Place]:
        """Return where a kind changed something."""
        return self._changes.changed[kind.id]


class Joint(msgspec.Struct, frozen=True, kw_only=True):
    """One run in which the client met several kinds."""

    answers: ChangedAnswers
    ran: tuple[FaultServer, ClientRun]
    as_usual: bool
    """Whether it succeeded, with the writes of an undisturbed run."""

    def proves(self, setting: DrillSetting, kind: AnswerKind) -> bool:
        """Whether the client took all that a kind can change."""
        return self.as_usual and places_of(setting, kind) <= self.answers.changed(kind)


def places_of(setting: DrillSetting, kind: AnswerKind) -> set[Place]:
    """Return where a kind can change the answers of the undisturbed run."""

    def found() -> set[Place]:
        changes = _Changes(setting, [kind])
        for request, response in setting.client.undisturbed().recorded.exchanges()[:MOST_RECORDED]:
            changes.apply(request, response)
        return changes.changed[kind.id]

    return setting.client.known.shared(("places", kind.id), found)


def usual_writes(setting: DrillSetting) -> Counter[str]:
    """Return how often the provider does each write when nothing changes."""
    return writes_done(setting.client.undisturbed().server.attempts, setting.label)


def joint_run(setting: DrillSetting, kinds: Sequence[AnswerKind]) -> Joint | None:
    """Return the run in which the client meets all of ``kinds`` that can change something, made when first asked for.

    None where fewer than two can.
    """
    possible = [kind for kind in kinds if places_of(setting, kind)]
    if len(possible) < 2:
        return None

    def made() -> Joint:
        answers = ChangedAnswers(setting, possible)
        server, run = setting.run(answers)
        as_usual = not server.errors and ended_as_usual(run, answers.commits.done(), usual_writes(setting))
        return Joint(answers=answers, ran=(server, run), as_usual=as_usual)

    return setting.client.known.shared(("joint", *(kind.id for kind in possible)), made)
