"""Client cases of writes: what may be repeated, how, and what a refused one must lead to."""

from __future__ import annotations

from harness.model import Level
from harness.resilience.client_case import ClientCase
from harness.resilience.faults import RESET, SILENCE, Corruption, corrupted, respond
from harness.resilience.idempotency_keys import attempts_share_their_key
from harness.resilience.workflow_operations import (
    answered_calls,
    every_call,
    idempotent_changes,
    repeatable_calls,
    unkeyed_writes,
    writes,
)
from harness.resilience.writes_once import (
    done_no_oftener,
    not_repeated_blindly,
    sent_again_as_it_was,
    sent_again_with_each_header,
    success_is_what_was_done,
    success_needs_the_read,
)

UNKEYED: tuple[ClientCase, ...] = tuple(
    ClientCase(
        id=case_id,
        item="resilience.no-blind-retry",
        summary=f"{summary} a write without a key, which the provider may have completed",
        passed=f"Did not repeat a write without an idempotency key after {short}",
        failed=f"Repeated a write without an idempotency key after {short}",
        expected="one attempt of a write without a key, or a look at what the provider did before the next",
        source="RFC 9110 section 9.2.2",
        fix="Repeat a write only with an idempotency key, or when the provider cannot have completed it.",
        concerns=unkeyed_writes,
        faults=(fault,),
        expectations=(not_repeated_blindly, done_no_oftener),
    )
    for case_id, fault, summary, short in (
        ("unkeyed-writes", RESET, "a connection reset at", "a reset"),
        ("unkeyed-unavailable", respond(503), "a 503 to", "a 503 without Retry-After"),
        ("unkeyed-unanswered", SILENCE, "silence after", "an endless silence"),
        ("unkeyed-done", corrupted(Corruption.CUT), "a cut answer to", "a cut answer"),
    )
)

REPEATED = ClientCase(
    id="same-request",
    item="resilience.retries",
    summary="the second attempt of a call that was answered with 503",
    passed="Repeated each call as it was",
    failed="Repeated a call with another content",
    expected="the same target, body, idempotency key and headers with each attempt of one call",
    source="RFC 9110 section 9.2.2, draft-ietf-httpapi-idempotency-key-header-07 section 2",
    fix="Make a request once, before its first attempt, and send exactly that again.",
    alone=True,
    concerns=repeatable_calls,
    faults=(respond(503), respond(503)),
    expectations=(sent_again_as_it_was, sent_again_with_each_header),
)

_HALF = corrupted(Corruption.MALFORMED)
_FAILED = "Take every status outside 2xx for an error, and end with a failure that names the call."

HIDDEN: tuple[ClientCase, ...] = tuple(
    ClientCase(
        id=f"hidden-{status}",
        item="resilience.retries",
        level=level,
        summary=f"a write that the provider refuses with {status}",
        passed=f"Reported no success after a write was refused with {status}",
        failed=f"Reported success although a write was refused with {status}",
        expected="a reported failure, or the write done in another way",
        source=f"RFC 9110 section 15.5.{section}",
        fix=_FAILED,
        concerns=writes,
        faults=(respond(status),),
        expectations=(success_is_what_was_done,),
    )
    for status, section, level in (
        (400, 1, Level.MUST),
        (404, 5, Level.MUST),
        (409, 10, Level.SHOULD),  # some providers state so that the resource exists, which may be all that is wanted
        (422, 21, Level.MUST),
    )
)

UNDONE: tuple[ClientCase, ...] = tuple(
    ClientCase(
        id=f"undone-{status}",
        item="resilience.retries",
        level=level,
        summary=f"the first PUT or DELETE of a resource that is there, refused with {status}",
        passed=f"Reported no success after a PUT or DELETE was refused with {status}",
        failed=f"Reported success although a PUT or DELETE was refused with {status}",
        expected="a reported failure, or the change done in another way",
        source=f"RFC 9110 section 9.2.2, section 15.5.{section}",
        fix=fix,
        concerns=idempotent_changes,
        faults=(respond(status),),
        expectations=(success_is_what_was_done,),
    )
    for status, section, level, fix in (
        (
            404,
            5,
            Level.SHOULD,  # of a DELETE, many take it for done; a provider may also answer so in place of 403
            "Take a 404 for done only after an attempt whose response was lost; before that, look what is there.",
        ),
        (409, 10, Level.MUST, _FAILED),
    )
)

FORBIDDEN = ClientCase(
    id="hidden-403",
    item="resilience.retries",
    summary="a write, a PUT or a DELETE that the provider refuses with 403",
    passed="Reported no success after a write was refused with 403",
    failed="Reported success although a write was refused with 403",
    expected="a reported failure, or the write done in another way",
    source="RFC 9110 section 15.5.4",
    fix=_FAILED,
    concerns=every_call,  # it judges changes alone: with these operations it shares the runs of refused-403
    faults=(respond(403),),
    expectations=(success_is_what_was_done,),
)

LOST: tuple[ClientCase, ...] = tuple(
    ClientCase(
        id=f"hidden-{case_id}",
        item="resilience.retries",
        summary=f"{summary} a write without a key, which may not be repeated",
        passed=f"Reported no success after {short} to a write without a key",
        failed=f"Reported success although {short} was all that came to a write without a key",
        expected="a reported failure, or the write done in another way",
        source="RFC 9110 section 9.2.2",
        fix=_FAILED,
        concerns=unkeyed_writes,
        faults=(fault,),
        expectations=(success_is_what_was_done,),
    )
    for case_id, fault, summary, short in (
        ("unavailable", respond(503), "a 503 to", "a 503"),
        ("reset", RESET, "a connection reset at", "a reset"),
    )
)
"""The faults of `UNKEYED`, and so the same runs."""

UNREAD: tuple[ClientCase, ...] = tuple(
    ClientCase(
        id=f"hidden-read-{status}",
        item="resilience.retries",
        summary=f"a read that the provider refuses with {status}",
        passed=f"Reported no success after a read that it needs was refused with {status}",
        failed=f"Reported success although a read that it needs was refused with {status}",
        expected="a reported failure, another attempt that is answered, or a write in its place",
        source=f"RFC 9110 section 15.5.{section}",
        fix=_FAILED,
        concerns=every_call,  # it judges reads alone: with these operations it shares the runs of refused-403 and -404
        faults=(respond(status),),
        needs_body=True,
        expectations=(success_needs_the_read,),
    )
    for status, section in ((403, 4), (404, 5))
)

_EXACTLY_ONCE = "resilience.exactly-once"
_AS_IT_WAS = "Make a request once, key and body included, and send exactly that again, whatever the first attempt met."

AS_IT_WAS: tuple[ClientCase, ...] = tuple(
    ClientCase(
        id=f"same-write-after-{case_id}",
        item=_EXACTLY_ONCE,
        summary=f"the second attempt of a call {summary}",
        passed=f"Repeated each call as it was after {short}, and no other write",
        failed=f"Repeated something else after {short}",
        expected="the same target, body and idempotency key again, or a reported failure, and no further write",
        source="RFC 9110 section 9.2.2, draft-ietf-httpapi-idempotency-key-header-07 section 2",
        fix=_AS_IT_WAS,
        concerns=concerns,
        faults=(fault,),
        expectations=(sent_again_as_it_was, attempts_share_their_key, *more),
    )
    for case_id, fault, concerns, more, summary, short in (
        ("reset", RESET, repeatable_calls, (done_no_oftener,), "whose connection was reset", "a reset"),
        ("silence", SILENCE, every_call, (done_no_oftener,), "that was never answered", "an endless silence"),
        ("half-the-json", _HALF, answered_calls, (), "whose answer was half its JSON", "half an answer"),
    )
)
"""The faults of ``reset-once``, ``silence`` and ``half-the-json``, and so the same runs."""

CASES: tuple[ClientCase, ...] = (*UNKEYED, REPEATED, *HIDDEN, FORBIDDEN, *LOST, *UNREAD, *UNDONE, *AS_IT_WAS)
