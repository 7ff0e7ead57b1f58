"""`resilience.exactly-once`: the provider commits a write, its answer is lost, and the client repeats it."""

from __future__ import annotations

import enum
import threading
import uuid
from functools import partial

import msgspec

from harness.http.message import Request, Response
from harness.model import Finding, Outcome
from harness.resilience.client_drill import ClientDrill, DrillSetting
from harness.resilience.commits import Commit, Commits, complaint_of, writes_done
from harness.resilience.created_resource_count import CreatedResourceCount
from harness.resilience.fault_server import WRITES
from harness.resilience.interposed_server import Interposed, PassOn, lost, passed_back
from harness.resilience.runner import WORKFLOW

ITEM = "resilience.exactly-once"
_SOURCE = "draft-ietf-httpapi-idempotency-key-header-07 section 2.6"
_FIX = (
    "Make the idempotency key and the body of a write before its first attempt, store them, and send both unchanged "
    "with each further one, also after a 409 or a process that ended."
)


class Keeping(enum.Enum):
    """How a provider treats a key that it knows."""

    REPLAYS = enum.auto()
    """It answers as it did before."""
    IN_PROGRESS = enum.auto()
    """It answers 409 as long as the first call is in progress."""
    COMPARES = enum.auto()
    """It answers 422 if the body is another one."""
    NONE = enum.auto()
    """It stores no keys."""


class _Stored(msgspec.Struct):
    digest: str
    response: Response
    repeats: int = 0


class LostAnswers:
    """Passes writes on, and loses the first answer of each operation; from then on the key decides."""

    def __init__(self, setting: DrillSetting, keeping: Keeping) -> None:
        self.commits = Commits(setting.label)
        self._setting = setting
        self._keeping = keeping
        self._lost: set[str] = set()
        self._stored: dict[tuple[str, str, str], _Stored] = {}
        self._lock = threading.Lock()

    def __call__(self, request: Request, pass_on: PassOn) -> Interposed:
        """Answer one request."""
        if request.method not in WRITES:
            return passed_back(pass_on())
        key = self._setting.client.keys.key_in(request)
        slot = (request.method, request.path, key)
        with self._lock:
            stored = self._stored.get(slot)
        if stored is not None and self._keeping is not Keeping.NONE:
            return self._repeated(stored, request)
        response = pass_on()
        committed = self.commits.note(request, response)
        if committed is None:
            return passed_back(response)
        if key:
            with self._lock:
                self._stored[slot] = _Stored(request.digest, response)
        return lost(response) if self.loses(committed) else passed_back(response)

    def loses(self, commit: Commit) -> bool:
        """Whether the answer to a write is lost: the first of each operation."""
        with self._lock:
            first = commit.operation not in self._lost
            self._lost.add(commit.operation)
        return first

    def _repeated(self, stored: _Stored, request: Request) -> Interposed:
        with self._lock:
            stored.repeats += 1
            first = stored.repeats == 1
        if self._keeping is Keeping.IN_PROGRESS and first:
            return _refused(409, "A call with this key is in progress.")
        if self._keeping is Keeping.COMPARES and stored.digest != request.digest:
            return _refused(422, "This key was used for another body.")
        return Interposed(stored.response, f"{stored.response.status} again, by its key", stored.response.status)


def _refused(status: int, title: str) -> Interposed:
    headers = (("Content-Type", "application/problem+json"),)
    body = msgspec.json.encode({"title": title, "status": status})
    return Interposed(Response(status=status, headers=headers, body=body), str(status), status)


def _judge(drill: ClientDrill, setting: DrillSetting, *, keeping: Keeping) -> Finding:
    if (keeping is Keeping.NONE) is not bool(setting.keyless):
        why = setting.keyless or "the provider stores idempotency keys"
        return drill.concluded(Outcome.NOT_APPLICABLE, why)
    if unproven := setting.client.unproven(drill):
        return unproven
    usual = writes_done(setting.client.undisturbed().server.attempts, setting.label)
    if not usual:
        return drill.concluded(Outcome.NOT_APPLICABLE, "the workflow writes nothing")
    counted = CreatedResourceCount.of(setting)
    if counted is not None and counted.problem:
        return drill.concluded(Outcome.ERROR, counted.problem)
    losing, values = LostAnswers(setting, keeping), {WORKFLOW: uuid.uuid4().hex}
    ran = setting.run(losing, values=values)
    if counted is not None:
        complaint = counted.complaint(values[WORKFLOW], succeeded=ran[1].succeeded)
    else:
        done = losing.commits.passed() if setting.is_recorded else losing.commits.done()
        complaint = complaint_of(done, usual, succeeded=ran[1].succeeded)
    if ran[1].exit_status is None:
        complaint = complaint or ran[1].ended
    return drill.concluded(*setting.outcome_of(complaint, losing.commits, usual), ran)


def _drill(case_id: str, keeping: Keeping, situation: str, expected: str) -> ClientDrill:
    return ClientDrill(
        id=case_id,
        item=ITEM,
        summary=f"the answer to a committed write is lost, and {situation}",
        passed=f"Wrote once after a lost answer, where {situation}",
        failed=f"Did not write exactly once after a lost answer, where {situation}",
        expected=expected,
        source=_SOURCE if keeping is not Keeping.NONE else "RFC 9110 section 9.2.2",
        fix=_FIX if keeping is not Keeping.NONE else "Ask the provider whether a write was done before you repeat it.",
        judge=partial(_judge, keeping=keeping),
        from_recording=True,
        apart=True,
    )


_ONE = "each resource once at the provider, whether the client then reports success or failure"
DRILLS: tuple[ClientDrill, ...] = (
    _drill("lost-answer", Keeping.REPLAYS, "the provider replays known keys", _ONE),
    _drill("lost-answer-in-progress", Keeping.IN_PROGRESS, "the first repeat gets 409", _ONE),
    _drill("lost-answer-compared", Keeping.COMPARES, "another body gets 422", _ONE),
    _drill("lost-answer-keyless", Keeping.NONE, "the provider stores no keys", _ONE),
)
