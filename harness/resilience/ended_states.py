"""A state that the client asks for until it is final: first one that it does not know, then one that is a failure."""

from __future__ import annotations

import re
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import msgspec

from harness.http.message import Request, Response
from harness.model import Finding, Level, Outcome
from harness.openapi.value_schemas import DescribedValue
from harness.resilience.answer_changes import UNKNOWN, MemberPath, pattern_of, put, success_content
from harness.resilience.client_drill import ClientDrill, DrillSetting
from harness.resilience.interposed_server import Interposed, PassOn, passed_back

_FAILURE = re.compile(
    r"(.*[-_. ])?(fail|error|cancel|reject|declin|expire|abort|denied|refuse|void|lost|dead)[a-z]*", re.IGNORECASE
)


class EndingState(NamedTuple):
    """A member that is asked for until it has its final value."""

    label: str
    """Of the operation that reads it."""
    pattern: str
    final: str
    failure: str
    """A documented value that names a failure; empty where none does."""


class _StateSeen(NamedTuple):
    label: str
    is_read: bool
    """Whether the resource itself was asked for: a listing shows states to those too who look for something else."""
    pattern: str
    value: str
    choices: tuple[str, ...]


def ending_states(setting: DrillSetting) -> list[EndingState]:
    """Return the states that went on in the undisturbed run, and that a read showed last."""
    seen: dict[tuple[str, str], list[_StateSeen]] = defaultdict(list)
    for request, response in setting.client.undisturbed().recorded.exchanges():
        if (content := success_content(response)) is None:
            continue
        label = setting.label(request.method, request.target)
        for path, value, choices in _choices(setting.describes(request, response)):
            if name := _id_beside(content, path):
                is_read = request.method == "GET" and name in request.target
                seen[name, str(path[-1])].append(_StateSeen(label, is_read, pattern_of(path), value, choices))
    found: dict[tuple[str, str], EndingState] = {}
    for values in seen.values():
        read = next((each for each in reversed(values) if each.is_read), None)
        if read is None or len({each.value for each in values}) == 1 or _FAILURE.fullmatch(read.value):
            continue
        usual = {each.value for each in values}
        failure = next((c for c in read.choices if c not in usual and _FAILURE.fullmatch(c)), "")
        found.setdefault((read.label, read.pattern), EndingState(read.label, read.pattern, read.value, failure))
    return list(found.values())


def _choices(described: Iterable[DescribedValue]) -> Iterator[tuple[MemberPath, str, tuple[str, ...]]]:
    """Yield each text of an enumeration, with its path."""
    for path, value, schema in described:
        choices = schema.get("enum")
        if isinstance(value, str) and isinstance(choices, list) and value in choices and len(choices) > 1 and path:
            yield path, value, tuple(each for each in choices if isinstance(each, str))


def _id_beside(content: Any, path: MemberPath) -> str:
    """Return the id of the object that a member belongs to, empty where it has none."""
    for step in path[:-1]:
        content = content[step]
    named = content.get("id") if isinstance(content, dict) else None
    return str(named) if isinstance(named, str | int) else ""


class OtherEnds:
    """Passes requests on; the first answer about each state has an unknown value, and a final one is a failure."""

    def __init__(self, setting: DrillSetting, state: EndingState, *, unknown: bool) -> None:
        """With ``unknown``, the first answer of each target has a value that no client knows."""
        self.failed = False
        """Whether an answer had the failure."""
        self._setting = setting
        self._state = state
        self._unknown = unknown
        self._last: dict[str, str] = {}
        self._lock = threading.Lock()

    def __call__(self, request: Request, pass_on: PassOn) -> Interposed:
        """Answer one request."""
        response = pass_on()
        if request.method != "GET" or self._setting.label(request.method, request.target) != self._state.label:
            return passed_back(response)
        with self._lock:
            other = self._changed(request, response)
        return passed_back(response) if other is response else Interposed(other, f"{response.status}, changed", 200)

    @property
    def taken(self) -> str:
        """What the client heard last in place of a final state; empty where that was the provider's own answer."""
        return next((value for value in self._last.values() if value), "")

    def _changed(self, request: Request, response: Response) -> Response:
        content, told = success_content(response), ""
        if content is None:
            return response
        for path, value, _ in list(_choices(self._setting.describes(request, response))):
            if pattern_of(path) != self._state.pattern:
                continue
            if self._unknown and request.target not in self._last:
                told = UNKNOWN
            elif value == self._state.final and self._state.failure:
                told, self.failed = self._state.failure, True
            content = put(content, path, told) if told else content
        self._last[request.target] = told
        return msgspec.structs.replace(response, body=msgspec.json.encode(content)) if told else response


def _judge(drill: ClientDrill, setting: DrillSetting) -> Finding:
    if unproven := setting.client.unproven(drill):
        return unproven
    states = ending_states(setting)
    if not states:
        return drill.concluded(Outcome.NOT_APPLICABLE, "the workflow reads no state that the document enumerates")
    state, ran = states[0], []
    for unknown in (True, False):
        ends = OtherEnds(setting, state, unknown=unknown)
        ran.append(setting.run(ends))
        if ran[-1][1].succeeded and ends.taken and not setting.need_not_read(state.label):
            complaint = f"the client reported success, and the last {state.pattern} of {state.label} was {ends.taken}"
            return drill.concluded(Outcome.FAIL, complaint, *ran)
        if ends.failed or not state.failure:
            break
    return drill.concluded(Outcome.PASS, "", *ran)


ENDED = ClientDrill(
    id="other-end",
    item="workflow.tolerance",
    level=Level.SHOULD,  # a workflow may only have to report what the state is
    summary="a state that is unknown at first, and ends with a failure",
    passed="Took no unknown state and no failure for success",
    failed="Took an unknown state or a failure for success",
    expected="a reported failure, or success after the provider's own final state",
    source="Zalando RESTful API Guidelines, rule 112; the integration guide, Core workflow",
    fix="Compare a state with those that mean success; ask again while it is unknown, and report a failure at the end.",
    judge=_judge,
    apart=True,
)
