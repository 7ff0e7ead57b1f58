"""The client's calls carry their trace to the provider, as the fault server sees at the wire."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from harness.core.cutting import cut
from harness.model import Attempt, Finding, Outcome
from harness.model.check import Judgement
from harness.telemetry.traces import TraceCheck


class CallCase(TraceCheck, frozen=True, kw_only=True):
    """What every call of the client's workflow must carry."""

    wrong: Callable[[str], bool]
    """Whether a call with this ``traceparent``, empty for none, breaks the rule."""


_FORM = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")

CALLS: tuple[CallCase, ...] = (
    CallCase(
        id="calls-carry",
        summary="each call to the provider",
        passed="Sent a traceparent with every call to the provider",
        failed="Sent a call to the provider without a traceparent",
        wrong=lambda header: not header,
        expected="a traceparent",
        source="W3C Trace Context section 3.2",
        fix="Inject the trace context into every request. Where the client traces only when it exports, name the "
        "harness in [client] env: OTEL_EXPORTER_OTLP_ENDPOINT.",
    ),
    CallCase(
        id="calls-valid",
        summary="the traceparent of each call",
        passed="Sent no invalid traceparent to the provider",
        failed="Sent an invalid traceparent to the provider",
        wrong=lambda header: bool(header) and _FORM.fullmatch(header) is None,
        expected="00-(32 digits)-(16 digits)-(2 digits), hexadecimal in lower case, no id all zeros",
        source="W3C Trace Context section 3.2.2",
        fix="Write the header by a propagator of OpenTelemetry or as the recommendation describes, never by hand.",
    ),
)


def judge_calls(attempts: Sequence[Attempt], ended: str, *, succeeded: bool, reproduce: str) -> list[Finding]:
    """Check every call of one undisturbed run of the client by each row; ``ended`` is how the run ended."""
    judged = [(case, *_judged(case, attempts, ended, succeeded=succeeded)) for case in CALLS]
    return [case.finding(outcome, observed, reproduce=reproduce) for case, outcome, observed in judged]


def _judged(case: CallCase, attempts: Sequence[Attempt], ended: str, *, succeeded: bool) -> Judgement:
    if not attempts:
        return Outcome.ERROR, f"the client never called the fault server; {ended}"
    bad = [a for a in attempts if case.wrong(a.traceparent)]
    if bad:
        shown = f", {cut(bad[0].traceparent, 80)!r}" if bad[0].traceparent else ""
        return Outcome.FAIL, f"{len(bad)} of {len(attempts)} calls, first {bad[0].method} {bad[0].path}{shown}"
    if not any(a.traceparent for a in attempts):
        return Outcome.NOT_APPLICABLE, "no call carries one"
    if not succeeded:
        return Outcome.ERROR, f"only some calls were seen: {ended}"
    return Outcome.PASS, f"{len(attempts)} calls"
