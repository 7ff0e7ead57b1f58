"""What a client takes for a response, and for the end of one."""

from __future__ import annotations

from harness.model import Level
from harness.resilience.client_case import ClientCase
from harness.resilience.expectations import attempts_exactly, rejects_partial_response, succeeds
from harness.resilience.faults import Action, Corruption, Fault, corrupted
from harness.resilience.redirect_expectations import keeps_the_method
from harness.resilience.workflow_operations import answered_calls, every_call, writes

ITEM = "resilience.integrity"

CUT: tuple[ClientCase, ...] = tuple(
    ClientCase(
        id=case_id,
        item=ITEM,
        summary=f"the provider's own response, but {summary}",
        passed=f"Did not act on a response {summary}",
        failed=f"Acted on a response {summary}",
        expected="another attempt or a failure, never a success",
        source=source,
        fix="Check the length of a response and parse all of it before you act on it; treat a broken one as missing.",
        concerns=concerns,
        faults=(corrupted(corruption),),
        needs_body=corruption is not Corruption.CUT_HEAD,
        expectations=(rejects_partial_response,),
    )
    for case_id, corruption, summary, source, concerns in (
        (
            "cut-by-reset",
            Corruption.CUT,
            "cut by a reset in the middle of its body",
            "RFC 9112 section 8",
            answered_calls,
        ),
        ("cut-short", Corruption.SHORT, "shorter than its Content-Length", "RFC 9112 section 8", answered_calls),
        (
            "half-the-json",
            Corruption.MALFORMED,
            "with the second half of its JSON missing",
            "RFC 8259 section 2",
            answered_calls,
        ),
        ("cut-in-the-head", Corruption.CUT_HEAD, "cut in the middle of its head", "RFC 9112 section 8", every_call),
        ("cut-after-the-head", Corruption.HEAD_ALONE, "cut after its head", "RFC 9112 section 8", answered_calls),
        (
            "longer-than-length",
            Corruption.LONG,
            "longer than its Content-Length",
            "RFC 9112 section 6.3",
            answered_calls,
        ),
        ("empty-body", Corruption.BLANK, "with an empty body", "RFC 8259 section 2", answered_calls),
    )
)

INTERIM: tuple[ClientCase, ...] = tuple(
    ClientCase(
        id=f"interim-{status}",
        item=ITEM,
        level=Level.SHOULD,  # Node's fetch takes a 100 for an error, and Python's http.client a 103 for the response
        summary=f"an interim response {status} before the provider's own",
        passed=f"Waited for the response behind a {status}",
        failed=f"Took a {status} for the response",
        expected="one attempt, and success",
        source="RFC 9110 section 15.2",
        fix="Read on after a response of 1xx until the final one comes; update the HTTP library if it does not.",
        faults=(Fault(action=Action.INTERIM, amount=status),),
        expectations=(attempts_exactly(1), succeeds),
    )
    for status in (100, 103)
)

REDIRECTED: tuple[ClientCase, ...] = tuple(
    ClientCase(
        id=f"redirected-write-{status}",
        item=ITEM,
        summary=f"a {status} to the same URL, for a write",
        passed=f"Reported no success after a {status} without the write",
        failed=f"Reported success after a {status} without the write",
        expected="the same method and body at the new URL, or a reported error",
        source=f"RFC 9110 section 15.4.{section}",
        fix=f"Follow a {status} with the same method and body, or not at all.",
        concerns=writes,
        faults=(Fault(status=status, headers=(("Location", "{target}"),)),),
        expectations=(keeps_the_method,),
    )
    for status, section in ((301, 2), (307, 8), (308, 9))
)

CASES: tuple[ClientCase, ...] = (*CUT, *INTERIM, *REDIRECTED)
