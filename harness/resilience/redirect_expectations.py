"""What a case expects of a client that is redirected."""

from __future__ import annotations

from harness.resilience.client_evidence import Evidence, Expectation
from harness.resilience.expectations import reports_failure


def ends_within(calls: int) -> Expectation:
    """Return the expectation of no more calls than that, and a reported failure."""

    def check(evidence: Evidence) -> str:
        found = len(evidence.attempts)
        endless = f"{found} calls, more than {calls}" if found > calls else ""
        return "; ".join(filter(None, (endless, reports_failure(evidence))))

    return check


def keeps_the_method(evidence: Evidence) -> str:
    """A write that was redirected is sent again as it was, before the workflow succeeds.

    A POST that only reads (RPC) may be followed with GET, where an answer of the same length comes to that.
    """
    if evidence.run.exit_status is None:
        return evidence.run.ended
    write, *again = evidence.faulted
    if not evidence.run.succeeded or any(a.status is not None and a.status < 300 for a in again):
        return ""
    after = next((a for a in evidence.attempts if a.at > write.at), None)
    reads = (
        {call.answer_bytes for call in evidence.operation.calls if call.method == "POST"} if evidence.operation else ()
    )
    if after and after.path == write.path and after.provider_status == 200 and after.answer_bytes in reads:
        return ""
    instead = f"; it sent {after.method} {after.path} instead" if after else ""
    return f"the client reported success without {write.method} {write.path}{instead}"
