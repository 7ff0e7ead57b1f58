"""`secrets.never-logged`: whether the made-up credentials that the harness sent are logged as they arrive."""

from __future__ import annotations

from collections.abc import Collection

from harness.model import Check, Finding, Level, Outcome
from harness.operations.leaks import UNREAD
from harness.secrets import Leak, Leaks

AS_SENT = Check(
    id="as-sent",
    item="secrets.never-logged",
    level=Level.SHOULD,
    summary="logs and spans, searched for made-up credentials that the harness sent",
    passed="No made-up credential that the harness sent is in a log or span",
    failed="A refused credential is logged as it arrived",
    expected="no credential of a refused request, in any encoding",
    source="CWE-532",
    fix="Do not log the credential of a request that is refused: one that was mistyped, has expired or is another "
    "system's is real.",
)


def values_of(sent: Collection[str]) -> dict[str, str]:
    """Return made-up credentials by the names under which a search finds them."""
    return {f"made-up credential {number}": value for number, value in enumerate(sent, 1)}


def judge_as_sent(sent: Collection[str], leaks: Leaks, *, searched: int) -> list[Finding]:
    """Return a finding for each place with a credential of ``sent``; none at all where nothing was sent or searched."""
    if not (sent and searched):
        return []
    places: dict[str, Leak] = {}
    for leak in sorted(leaks, key=lambda leak: leak.line):
        places.setdefault(leak.place, leak)
    if leaks.unread and not places:
        return [AS_SENT.finding(Outcome.ERROR, "; ".join(leaks.unread), summary=UNREAD)]
    if not places:
        return [AS_SENT.finding(Outcome.PASS, f"{len(sent)} made-up credentials, {searched} logs and exports of spans")]
    return [_finding(leak) for leak in places.values()]


def _finding(leak: Leak) -> Finding:
    where = f"{leak.place}:{leak.line}" if leak.line else leak.place
    return AS_SENT.finding(
        Outcome.FAIL,
        f"encoding: {leak.form}",
        summary=f"{AS_SENT.failed}: a made-up one of the harness, in {where}",
        case="",
        subject=leak.place,
        cause=AS_SENT.failed,
    )
