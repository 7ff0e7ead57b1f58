"""What must hold of writes whatever the fault: sent again as they were, done once, and no success without them."""

from __future__ import annotations

from harness.http.message import SAFE_METHODS
from harness.resilience.client_evidence import Evidence
from harness.resilience.commits import done_too_often, missing_in_success, writes_done
from harness.resilience.fault_server import WRITES


def sent_again_as_it_was(evidence: Evidence) -> str:
    """A request that is repeated has the same target and the same body as the first one.

    A workflow that calls the operation with several contents may go on to the next of them instead.
    """
    if evidence.operation is None or len({(a.path, a.body_digest) for a in evidence.operation.calls}) > 1:
        return ""
    first, *later = [a for a in evidence.attempts if evidence.called(a) == evidence.operation.label]
    again = next((a for a in later if a.key == first.key or not (a.key and first.key)), None) if first.fault else None
    if again is None:
        return ""
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
    if not evidence.run.succeeded:
        return ""
    refused = {evidence.operation.calls[0].method} if evidence.operation else set()
    done, usual = (
        writes_done(each, evidence.label_of, methods=WRITES | refused)
        for each in (evidence.attempts, evidence.undisturbed)
    )
    return missing_in_success(done, usual)
