"""`secrets.never-logged`: what looks like a secret in what the run wrote, although nobody declared it as one."""

from __future__ import annotations

from collections.abc import Sequence

from harness.model import Check, Finding, Level, Outcome
from harness.secrets.suspects import Suspect

MOST_PLACES = 3
"""Further places of one value that a finding names."""

UNDECLARED = Check(
    id="undeclared",
    item="secrets.never-logged",
    level=Level.SHOULD,
    summary="logs, spans and fixtures, searched for what looks like a secret that harness.toml does not name",
    passed="Nothing that looks like a further secret appears in what the run wrote",
    failed="What looks like a secret that harness.toml does not name",
    expected="no key of a vendor, private key, token, session cookie or password in logs, spans and fixtures",
    source="CWE-532",
    fix="If it is real, take it out where it is written, rotate it, and refer to it in harness.toml, so that each run "
    "searches for it in every encoding. If it is no secret, waive this finding.",
)


def judge_undeclared(suspects: Sequence[Suspect], *, searched: int, left_out: int = 0) -> list[Finding]:
    """Return a finding for each cause, or one for them all where nothing was found in ``searched`` files.

    ``left_out`` is how many places hold more than is reported of one run.
    """
    found = [_finding(suspect) for suspect in suspects]
    if left_out:
        summary = f"{UNDECLARED.failed}: and in {left_out} further places"
        found.append(UNDECLARED.finding(Outcome.FAIL, "only the first are reported", summary=summary, case="more"))
    if found or not searched:
        return found
    return [UNDECLARED.finding(Outcome.PASS, f"{searched} files searched")]


def _finding(suspect: Suspect) -> Finding:
    where = _place(suspect.place, suspect.line)
    times = "once" if suspect.count == 1 else f"{suspect.count} times"
    values = f", {suspect.values} different values" if suspect.values > 1 else ""
    places = [_place(place, line) for place, line in suspect.others.items()]
    more = [f"{len(places) - MOST_PLACES} further places"] if len(places) > MOST_PLACES else []
    also = f"; also in {', '.join([*places[:MOST_PLACES], *more])}" if places else ""
    return UNDECLARED.finding(
        Outcome.FAIL,
        f"{times}{values}{also}",
        summary=f"{UNDECLARED.failed}: {suspect.what}, in {where}",
        case="",
        subject=f"{suspect.kind} in {suspect.place}",
        cause=UNDECLARED.failed,
    )


def _place(place: str, line: int) -> str:
    return f"{place}:{line}" if line else place
