"""`workflow.tolerance`: the provider answers as its document allows, and as the client has never seen it answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import msgspec

from harness.http.message import Request, Response, is_json
from harness.model import Finding, Level, Outcome
from harness.resilience.client_drill import ClientDrill, DrillSetting
from harness.resilience.commits import Commits, complaint_of, writes_done
from harness.resilience.fault_server import WRITES
from harness.resilience.interposed_server import Interposed, PassOn, passed_back

ITEM = "workflow.tolerance"
MOST_MEMBERS = 200
"""Members of one answer that are changed, at most."""
_ADDED = {"x_added_by_a_later_version": "unknown"}
Change = Callable[[Any, Callable[[Any], bool]], Any]
"""Returns a changed answer; the second argument is whether the document allows one."""


class _ChangedAnswers:
    """Changes each answer that is JSON, as far as the document allows the result."""

    def __init__(self, setting: DrillSetting, change: Change) -> None:
        self.commits = Commits(setting.label)
        self.changed = 0
        self._setting = setting
        self._change = change

    def __call__(self, request: Request, pass_on: PassOn) -> Interposed:
        """Answer one request."""
        response = pass_on()
        if request.method in WRITES:
            self.commits.note(request, response)
        if not 200 <= response.status < 300 or not is_json(response.header("content-type")):
            return passed_back(response)
        try:
            content = msgspec.json.decode(response.body)
        except (msgspec.DecodeError, RecursionError):
            return passed_back(response)

        def allowed(other: Any) -> bool:
            return self._setting.allows(request, _with(response, other))

        other = self._change(content, allowed)
        body = msgspec.json.encode(other)
        if body == msgspec.json.encode(content) or not allowed(other):
            return passed_back(response)
        self.changed += 1
        return Interposed(_with(response, other), f"{response.status}, changed", response.status)


def _with(response: Response, content: Any) -> Response:
    headers = tuple(h for h in response.headers if h[0].lower() not in ("content-length", "etag", "digest"))
    return msgspec.structs.replace(response, headers=headers, body=msgspec.json.encode(content))


def _added(content: Any, _allowed: Callable[[Any], bool]) -> Any:
    """Return the answer with an unknown member in each object that is a resource, not a map."""
    return {**content, **_ADDED} if isinstance(content, dict) else content


def _reversed(content: Any, allowed: Callable[[Any], bool]) -> Any:
    """Return the answer with the members of each object in reverse order."""
    if isinstance(content, dict):
        return {name: _reversed(value, allowed) for name, value in reversed(content.items())}
    return [_reversed(each, allowed) for each in content] if isinstance(content, list) else content


def _members(content: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if isinstance(content, dict | list):
        for step, value in content.items() if isinstance(content, dict) else enumerate(content):
            if isinstance(step, str):
                yield (*path, step)
            yield from _members(value, (*path, step))


def _each_changed(content: Any, allowed: Callable[[Any], bool], *, remove: bool) -> Any:
    """Return the answer without each member, or with null for each, where the document allows that."""
    for path in reversed(list(_members(content))[:MOST_MEMBERS]):
        other = msgspec.json.decode(msgspec.json.encode(content))
        place = other
        for step in path[:-1]:
            place = place[step]
        if remove:
            del place[path[-1]]
        else:
            place[path[-1]] = None
        content = other if allowed(other) else content
    return content


def _judge(drill: ClientDrill, setting: DrillSetting, *, change: Change, goes_on: bool) -> Finding:
    if unproven := setting.client.unproven(drill):
        return unproven
    changed = _ChangedAnswers(setting, change)
    ran = setting.run(changed)
    if not changed.changed:
        return drill.concluded(Outcome.NOT_APPLICABLE, "the document allows no such change of any answer", ran)
    usual = writes_done(setting.client.undisturbed().server.attempts, setting.label)
    complaint = complaint_of(changed.commits.done(), usual, succeeded=ran[1].succeeded)
    if ran[1].exit_status is None or (goes_on and not ran[1].succeeded):
        complaint = complaint or f"{ran[1].ended}: {ran[1].tail}"
    return drill.concluded(Outcome.FAIL if complaint else Outcome.PASS, complaint, ran)


def _drill(case_id: str, change: Change, what: str, *, goes_on: bool) -> ClientDrill:
    return ClientDrill(
        id=case_id,
        item=ITEM,
        level=Level.SHOULD,
        summary=f"answers as the document allows them, {what}",
        passed=f"Took answers {what}",
        failed=f"Did not take answers {what}",
        expected="success" if goes_on else "success with the same writes, or a reported failure",
        source="Fowler, Tolerant Reader; JSON Schema Validation section 6.5.3; RFC 8259 section 4",
        fix="Read only the members that you need, by name, and handle each that the document does not require.",
        judge=partial(_judge, change=change, goes_on=goes_on),
    )


DRILLS: tuple[ClientDrill, ...] = (
    _drill("unknown-member", _added, "with an unknown member", goes_on=True),
    _drill("other-order", _reversed, "with their members in another order", goes_on=True),
    _drill("optional-missing", partial(_each_changed, remove=True), "without optional members", goes_on=False),
    _drill("null", partial(_each_changed, remove=False), "with null where it is allowed", goes_on=False),
)
