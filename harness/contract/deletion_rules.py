"""What a deletion heeds: If-Match where the document has it, and HEAD finds what GET does, before and after it."""

from __future__ import annotations

from harness.contract.invariants import HEAD_DIFFERS, PRECONDITION
from harness.contract.lifecycle import Lifecycle
from harness.contract.resource_changes import MADE_UP_TAG, Changer, Thing
from harness.contract.resource_reader import GONE
from harness.openapi.operation import Operation

_NO_METHOD = 501


def judge_head(life: Lifecycle, thing: Thing, *, is_gone: bool) -> None:
    """Ask with HEAD for a thing, which GET finds or finds gone (RFC 9110 section 9.3.2)."""
    reading = life.kind.reading
    if f"HEAD {reading.path}" in life.caller.operations or not life.caller.permits("HEAD", thing.path):
        return
    head = Operation(life.caller.spec, "HEAD", reading.path, "/")
    answer = life.caller.attempt(head, thing.path)
    if answer is None:
        return
    status = answer.response.status_code
    finds_nothing_there = is_gone and answer.response.is_success
    if finds_nothing_there or (answer.response.is_server_error and status != _NO_METHOD):
        observed = f"HEAD {thing.path} answered {status}, and GET {404 if is_gone else 200}"
        life.complain(reading, HEAD_DIFFERS, observed)


def judge_precondition(life: Lifecycle, thing: Thing) -> bool:
    """Delete a thing under an ETag that it does not have; return whether it is still there."""
    deletion = life.kind.deletion
    if deletion is None or not life.caller.permits("DELETE", thing.path):
        return True
    changer = Changer(life.caller, deletion, {})
    if not changer.heeds(thing.tag):
        return True
    life.caller.call(deletion, thing.path, headers=changer.headers(MADE_UP_TAG))
    if life.reader.read(thing.path).response.status_code not in GONE:
        return True
    observed = f"DELETE {thing.path} with If-Match: {MADE_UP_TAG} deleted it; its ETag was {thing.tag}"
    life.complain(deletion, PRECONDITION, observed)
    return False
