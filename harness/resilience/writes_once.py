"""What must hold of writes whatever the fault: sent again as they were, done once, and no success without them."""

from __future__ import annotations

from harness.http.message import SAFE_METHODS
from harness.model import Attempt
from harness.resilience.client_evidence import Evidence
from harness.resilience.commits import done_too_often, missing_in_success, writes_done
from harness.resilience.fault_server import WRITES

_OF_ONE_ATTEMPT = frozenset({"connection", "keep-alive", "cookie", "expect", "traceparent", "tracestate", "baggage"})
"""Headers that belong to a connection, a session or one attempt, and may be missing from the next."""


def sent_again_as_it_was(evidence: Evidence) -> str:
    """A request that is repeated has the same target and the same body as the first one.

    A workflow that calls the operation with several contents may go on to the next of them instead.
    """
    if (repeated := _repeated(evidence)) is None:
        return ""
    first, again = repeated
    changed = [
        name
        for name, differs in (
            ("target", again.path != first.path),
            ("body", again.body_digest != first.body_digest),
            ("key", again.key != first.key),
        )
        if differs
    ]
    return f"the repeated {first.method} has another {' and another '.join(changed)}" if changed else ""


def sent_again_with_each_header(evidence: Evidence) -> str:
    """A request that is repeated has each header of the first one, be its value another."""
    if (repeated := _repeated(evidence)) is None:
        return ""
    first, again = repeated
    lost = sorted(first.fields - again.fields - _OF_ONE_ATTEMPT)
    return f"the repeated {first.method} has no {' and no '.join(lost)}" if lost else ""


def _repeated(evidence: Evidence) -> tuple[Attempt, Attempt] | None:
    """Return the call that met the first fault, and its repetition; None where it was not repeated."""
    if evidence.operation is None or len({(a.path, a.body_digest) for a in evidence.operation.calls}) > 1:
        return None
    first, *later = [a for a in evidence.attempts if evidence.called(a) == evidence.operation.label]
    again = next((a for a in later if a.key == first.key or not (a.key and first.key)), None) if first.fault else None
    return (first, again) if again is not None else None


def not_repeated_blindly(evidence: Evidence) -> str:
    """A write without a key is not sent again, unless the client first looks what the provider did."""
    first, *later = evidence.faulted
    for again in later:
        between = (a for a in evidence.attempts if first.at < a.at < again.at)
        if not any(a.method in SAFE_METHODS for a in between):
            return f"sent again without a key: {evidence.called(first)}"
    return ""


def done_no_oftener(evidence: Evidence) -> str:
    """The provider does no write without a key oftener than it does when nothing fails."""
    done, usual = (writes_done(each, evidence.label_of) for each in (evidence.attempts, evidence.undisturbed))
    return done_too_often(done, usual)


def success_is_what_was_done(evidence: Evidence) -> str:
    """A workflow that succeeds had the provider do every write, and the refused change, as when nothing fails.

    A change that was done, but whose answer was lost, may be answered with 404 the second time (RFC 9110, 9.2.2).
    """
    refused = {evidence.operation.calls[0].method} if evidence.operation else set()
    if not evidence.run.succeeded or refused & SAFE_METHODS:
        return ""
    done, usual = (
        writes_done(each, evidence.label_of, methods=WRITES | refused)
        for each in (evidence.attempts, evidence.undisturbed)
    )
    return missing_in_success(done, usual)


def success_needs_the_read(evidence: Evidence) -> str:
    """A workflow does not succeed where the last that it heard to a read is a refusal, unless it writes instead.

    Another path than in the undisturbed run is that of something made in this run: it cannot be missing (404).
    """
    if not evidence.run.succeeded or evidence.operation is None or evidence.operation.calls[0].method in WRITES:
        return ""
    read = [a for a in evidence.attempts if evidence.called(a) == evidence.operation.label]
    refused = next(a for a in read if a.fault)
    last = [a for a in read if a.path == refused.path][-1]
    known = {a.path for a in evidence.undisturbed}
    if not last.fault or (last.status == 404 and last.path in known):
        return ""
    done, usual = (writes_done(each, evidence.label_of) for each in (evidence.attempts, evidence.undisturbed))
    if done_too_often(done, usual):
        return ""
    return f"the client reported success, and {last.method} {last.path} was refused with {last.status}"
