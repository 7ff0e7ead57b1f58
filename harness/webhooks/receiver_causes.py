"""What is wrong with a receiver whichever delivery shows it: each such cause is one finding with its deliveries.

A finding of a cause has the id that a failure of its case has, so that a waiver of that is valid for both.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from harness.model import Check, Finding, Level, Outcome
from harness.model.cause import OF_RECEIVER
from harness.webhooks.cases import CASES, malformed_bodies
from harness.webhooks.cases.receiver_case import REFUSALS

_UNCHECKED = OF_RECEIVER.of("does not check what signed bodies contain")
_RETRIES = "A 5xx makes the sender retry and pages people (Standard Webhooks, Webhook consumers)"
_READABLE = {"generated", *(case.id for case in malformed_bodies.CASES if case.is_readable)}
_UNVERIFIED = OF_RECEIVER.of("processes deliveries whatever their signature")
_PROOF = "wrong-secret"
"""The forgery that whatever compares signatures refuses."""
_FORGERIES = frozenset(case.id for case in CASES if case.response in REFUSALS)
_COUNTED = (Outcome.FAIL, Outcome.WAIVED)


class Needs(enum.Enum):
    """What somebody needs to send a delivery that gets the same response."""

    NOTHING = "deliveries that need no signature, so anybody can cause it"
    A_WRONG_SIGNATURE = "deliveries that need only a wrong signature, so anybody can cause it"
    THE_SECRET = "signed deliveries, which only a holder of the secret can send"  # noqa: S105 - words


STATUS = Check(
    id="error-status",
    item="webhooks.robust",
    summary="the status of deliveries that are not processed",
    passed="Answered what it did not process with 4xx, and nothing with 5xx",
    failed="Returned a server error for what it should have refused",
    expected="HTTP 4xx for what is refused, and no 5xx",
    source=_RETRIES,
    fix="Answer 400 or 401 to what you cannot verify, and 400 to what you cannot read; let no exception through.",
)
IGNORED = Check(
    id="ignored-forgery",
    item="webhooks.signatures",
    summary="the status of forgeries that are not processed",
    passed="Refused forgeries with 4xx",
    failed="Acknowledged a forgery that it then ignored",
    expected="HTTP 4xx",
    source="Standard Webhooks, Verifying webhook authenticity",
    fix="Answer 400 or 401 to a wrong signature: with 2xx, genuine events are lost once the secret is configured "
    "wrongly, for the sender takes them for delivered.",
)
ENDED = Check(
    id="process-ended",
    item="webhooks.robust",
    summary="the process after each delivery",
    passed="Survived every delivery",
    failed="Ended because of a delivery",
    expected="a process that survives every delivery",
    source="CWE-248",
    fix="Catch every exception where you handle a delivery, also in callbacks and promises, and answer 400.",
)
SILENT = Check(
    id="stopped-answering",
    item="webhooks.robust",
    summary="a genuine delivery after each delivery",
    passed="Answered a genuine delivery after every other",
    failed="Stopped responding after a delivery",
    expected="an answer to the genuine delivery that follows",
    source="CWE-400",
    fix="Bound the time and memory that one delivery may take, and release what it holds.",
)
GARBAGE = Check(
    id="processed-garbage",
    item="webhooks.robust",
    summary="the effects of signed bodies that are no event",
    passed="Processed no signed body that is no event",
    failed="Processed a signed body that is no event",
    expected="HTTP 400, and no effect",
    source="CWE-20",
    fix="Hold a body against what you need of an event, its id and type at least, before you store or process it.",
)
CHECKS = (STATUS, IGNORED, ENDED, SILENT, GARBAGE)


class ReceiverFault(NamedTuple):
    """One cause as one delivery shows it."""

    check: Check
    cause: str
    """The same text for every delivery, and part of the finding's id: with other words, waivers would not match."""
    level: Level
    summary: str

    def finding(self, case: Check, observed: str, *, reproduce: str, request: str) -> Finding:
        """Return the finding of the delivery of ``case``."""
        found = self.check.finding(
            Outcome.FAIL,
            observed,
            summary=self.summary,
            reproduce=reproduce,
            request=request,
            case=case.id,
            subject=case.id,
            cause=self.cause,
        )
        moved = case.item if case.item != self.check.item else ""
        return msgspec.structs.replace(found, level=self.level, id=case.failure_id, once_of=moved)


def _response(status: int | None) -> str:
    return f"answers HTTP {status} to" if status else "does not answer"


def wrong_status(case: Check, status: int | None, needs: Needs, did: str) -> ReceiverFault:
    """Return that a delivery which was not processed got another response than a refusal; ``did`` begins the sentence.

    Where no secret is needed, anybody can set off the alerts about server errors; a redirect sets off none.
    """
    serious = needs is not Needs.THE_SECRET and (status is None or status >= 500)
    level = Level.MUST if serious else Level.SHOULD
    return ReceiverFault(STATUS, OF_RECEIVER.of(f"{_response(status)} {needs.value}"), level, f"{did} {case.summary}")


def unlike_processed(case: Check, status: int | None) -> ReceiverFault:
    """Return that a genuine delivery was processed although its sender saw no success, and so delivers it again."""
    cause = OF_RECEIVER.of(f"{_response(status)} genuine deliveries that it processes")
    return ReceiverFault(STATUS, cause, Level.MUST, f"Processed {case.summary}, but did not acknowledge it")


def ignored(case: Check) -> ReceiverFault:
    """Return that a forgery was acknowledged and then ignored."""
    cause = OF_RECEIVER.of("acknowledges forgeries that it then ignores")
    return ReceiverFault(IGNORED, cause, case.level, f"Acknowledged {case.summary}, and ignored it")


def processed_garbage(case: Check) -> ReceiverFault:
    """Return that something which is no event had an effect."""
    return ReceiverFault(GARBAGE, _UNCHECKED, case.level, f"Processed {case.summary}")


def ended(case: Check) -> ReceiverFault:
    """Return that the process ended."""
    cause = OF_RECEIVER.of("ends because of what it is sent")
    return ReceiverFault(ENDED, cause, Level.MUST, f"Ended because of {case.summary}")


def silent(case: Check) -> ReceiverFault:
    """Return that nothing is answered any more."""
    cause = OF_RECEIVER.of("stops responding after what it is sent")
    return ReceiverFault(SILENT, cause, Level.MUST, f"Stopped responding after {case.summary}")


def of_no_verification(findings: Sequence[Finding]) -> list[Finding]:
    """Return findings, with every forgery that is taken put down to the signature that is never compared.

    The library that compares it does all else that a forgery can show, so that nothing is learnt from the others; one
    that is acknowledged and then ignored is one that the receiver cannot read.
    """
    if not any(f.check == _PROOF and f.outcome in _COUNTED and not f.note for f in findings):
        return list(findings)
    fix = "Verify the signature of each delivery with the library of its scheme before you read, store or answer it."
    return [
        msgspec.structs.replace(f, subject=f.case, cause=_UNVERIFIED, fix=fix)
        if (f.check in _FORGERIES or f.check == IGNORED.id) and f.outcome in _COUNTED and not f.note
        else f
        for f in findings
    ]


def of_one_check(findings: Sequence[Finding]) -> list[Finding]:
    """Return findings, with a wrong status of signed JSON put down to the missing check that processed garbage shows.

    A receiver that processes ``[]`` and fails on ``{}`` checks neither; who fails on what cannot be read as JSON has
    another fault.
    """
    if not any(f.cause == _UNCHECKED and f.outcome in _COUNTED for f in findings):
        return list(findings)
    return [
        msgspec.structs.replace(f, check=GARBAGE.id, cause=_UNCHECKED, expected=GARBAGE.expected, fix=GARBAGE.fix)
        if f.check == STATUS.id and f.case in _READABLE and f.cause.endswith(f" {Needs.THE_SECRET.value}")
        else f
        for f in findings
    ]
