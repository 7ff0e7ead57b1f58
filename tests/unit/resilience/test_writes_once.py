"""What must hold of writes whatever the fault."""

from __future__ import annotations

import msgspec
import pytest

from harness.model import Attempt
from harness.model.config import Policy
from harness.resilience.client_evidence import Evidence
from harness.resilience.client_process import ClientRun
from harness.resilience.workflow_operations import WorkflowOperations
from harness.resilience.writes_once import (
    done_no_oftener,
    not_repeated_blindly,
    sent_again_as_it_was,
    sent_again_with_each_header,
    success_is_what_was_done,
    success_needs_the_read,
)


def call(at: float, said: str, *, fault: str = "", key: str = "", body: str = "b") -> Attempt:
    method, _, path = said.partition(" ")
    done = 201 if not fault or "cut" in fault else None
    return Attempt(
        at=at, method=method, path=path, key=key, body_digest=body, fault=fault, status=None, provider_status=done
    )


def evidence(*attempts: Attempt, undisturbed: tuple[Attempt, ...] = (), status: int = 0) -> Evidence:
    plain = undisturbed or (call(0, "POST /orders"),)
    operations = WorkflowOperations(plain)
    ended = ClientRun(exit_status=status, seconds=1, tail="", ended_at=9)
    return Evidence(
        attempts=attempts,
        run=ended,
        policy=Policy(),
        operation=operations.all[0],
        undisturbed=plain,
        label_of=operations.label_of,
    )


@pytest.mark.parametrize(
    "second, complaint",
    [
        (call(1, "POST /orders"), ""),
        (call(1, "POST /orders", body="c"), "the repeated POST has another body"),
        (call(1, "POST /orders?now=1"), "the repeated POST has another target"),
        (call(1, "POST /orders?now=1", body="c"), "the repeated POST has another target and another body"),
        (call(1, "POST /customers", body="c"), ""),
    ],
)
def test_a_repeated_request_is_the_first_one_again(second: Attempt, complaint: str) -> None:
    """Another target or body is told; another operation is no repetition."""
    assert sent_again_as_it_was(evidence(call(0, "POST /orders", fault="503"), second)) == complaint


def test_a_workflow_of_several_contents_may_go_on_to_the_next() -> None:
    """Where the undisturbed run sends two orders, the second one is no changed repetition of the first."""
    plain = (call(0, "POST /orders"), call(1, "POST /orders", body="c"))

    found = evidence(call(0, "POST /orders", fault="503"), call(1, "POST /orders", body="c"), undisturbed=plain)

    assert sent_again_as_it_was(found) == ""


def test_a_look_at_the_provider_allows_another_write() -> None:
    """Who asks what became of the first attempt does not repeat it blindly."""
    cut, again = call(0, "POST /orders", fault="reset"), call(2, "POST /orders")

    assert not_repeated_blindly(evidence(cut, again)) == "sent again without a key: POST /orders"
    assert not_repeated_blindly(evidence(cut, call(1, "GET /orders"), again)) == ""


def test_a_write_that_was_done_twice_is_counted() -> None:
    """The answer was cut, the write was done; attempts under one key are one write."""
    cut = "201, answer cut by RST"

    twice = evidence(call(0, "POST /orders", fault=cut), call(1, "GET /orders"), call(2, "POST /orders"))
    once = evidence(call(0, "POST /orders", fault=cut, key="k"), call(1, "POST /orders", key="k"))

    assert done_no_oftener(twice) == "POST /orders was done 2 times at the provider instead of 1"
    assert done_no_oftener(once) == ""


def test_a_success_without_the_write_is_none() -> None:
    """Exit status 0 says that the provider did what it does when nothing fails."""
    refused = call(0, "POST /orders", fault="422")

    assert success_is_what_was_done(evidence(refused)) == (
        "the client reported success, and POST /orders was done 0 times instead of 1"
    )
    assert success_is_what_was_done(evidence(refused, status=1)) == ""
    assert success_is_what_was_done(evidence(refused, call(1, "POST /orders"))) == ""


def test_a_deletion_that_was_refused_is_none() -> None:
    """A 404 to the first DELETE of what is there deletes nothing; after a lost answer it is right."""
    plain = (call(0, "POST /orders"), call(1, "DELETE /orders/1"))
    lost = call(1, "DELETE /orders/1", fault="201, answer cut by RST")
    gone = msgspec.structs.replace(call(2, "DELETE /orders/1"), provider_status=404)

    def complaint(*deletions: Attempt) -> str:
        found = evidence(call(0, "POST /orders"), *deletions, undisturbed=plain)
        return success_is_what_was_done(msgspec.structs.replace(found, operation=WorkflowOperations(plain).all[1]))

    assert complaint(call(1, "DELETE /orders/1", fault="404")) == (
        "the client reported success, and DELETE /orders/{id} was done 0 times instead of 1"
    )
    assert (
        complaint(lost, gone) == complaint(call(1, "DELETE /orders/1", fault="404"), call(2, "DELETE /orders/1")) == ""
    )


def test_a_repeated_request_has_each_header_of_the_first() -> None:
    """One that is lost is named, unless it belongs to an attempt or a connection."""
    first = msgspec.structs.replace(
        call(0, "POST /orders", fault="503"), fields=frozenset({"accept", "connection", "if-match", "traceparent"})
    )
    again = msgspec.structs.replace(call(1, "POST /orders"), fields=frozenset({"accept", "x-retry"}))

    assert sent_again_with_each_header(evidence(first, again)) == "the repeated POST has no if-match"
    assert sent_again_with_each_header(evidence(first, msgspec.structs.replace(again, fields=first.fields))) == ""


REFUSED = "the client reported success, and GET"
READS = (call(0, "POST /orders"), call(1, "GET /orders/1"))


def refused(path: str, status: int) -> Attempt:
    return msgspec.structs.replace(call(1, f"GET {path}", fault=str(status)), status=status)


@pytest.mark.parametrize(
    "seen, complaint",
    [
        ((refused("/orders/2", 404),), f"{REFUSED} /orders/2 was refused with 404"),
        ((refused("/orders/2", 403),), f"{REFUSED} /orders/2 was refused with 403"),
        ((refused("/orders/1", 403),), f"{REFUSED} /orders/1 was refused with 403"),
        ((refused("/orders/1", 404),), ""),
        ((refused("/orders/2", 404), call(2, "GET /orders/2")), ""),
        (
            (refused("/orders/2", 404), call(2, "GET /orders/3")),
            f"{REFUSED} /orders/2 was refused with 404",
        ),
        ((refused("/orders/2", 403), call(2, "POST /orders", key="k")), ""),
    ],
)
def test_no_success_without_a_read_that_was_refused(seen: tuple[Attempt, ...], complaint: str) -> None:
    """Unless it is answered later, a write is made instead, or what is missing was there before this run."""
    found = evidence(call(0, "POST /orders"), *seen, undisturbed=READS)
    found = msgspec.structs.replace(found, operation=WorkflowOperations(READS).all[1])

    assert success_needs_the_read(found) == complaint
    assert success_needs_the_read(msgspec.structs.replace(found, run=evidence(status=1).run)) == ""


def test_a_read_that_is_refused_is_no_write() -> None:
    """Whether a client needs it, another row decides."""
    found = evidence(call(0, "POST /orders"), refused("/orders/2", 403), undisturbed=READS)

    assert success_is_what_was_done(msgspec.structs.replace(found, operation=WorkflowOperations(READS).all[1])) == ""
