"""Whether a recording can still be believed: its age, and whether the scenario uses all of it and nothing else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from harness.cassettes.checks.recording_checks import EXPIRED, UNRECORDED, UNUSED
from harness.cassettes.play.scenario import CassetteMode, ScenarioCassette
from harness.cassettes.store.metadata import Metadata
from harness.model import Finding, Outcome

_DAY_S = 86400.0


def judge_replay(cassette: ScenarioCassette, *, again: str, max_age_s: float | None, passed: bool) -> Iterator[Finding]:
    """Yield what is wrong with the recording a scenario was played from.

    Unused recordings count only for a scenario that ``passed``: one that failed may have stopped early.
    """
    if cassette.mode is not CassetteMode.REPLAY:
        return
    for text in cassette.refused:
        yield UNRECORDED.finding(
            Outcome.FAIL, text, summary=text.splitlines()[0], reproduce=again, case="", subject=cassette.place
        )
    yield from judge_age(cassette.metadata, cassette.place, again=again, max_age_s=max_age_s)
    if passed and (unused := cassette.unused):
        summary = f"{cassette.place}: {len(unused)} of {len(cassette)} recordings were not used: {unused[0]}"
        observed = "\n".join(unused)  # one more is another finding, which no waiver covers
        yield UNUSED.finding(
            Outcome.FAIL, observed, summary=summary, reproduce=again, case="", subject=cassette.place, cause=observed
        )


def judge_age(metadata: Metadata, place: str, *, again: str, max_age_s: float | None) -> Iterator[Finding]:
    """Yield a finding for a recording that is older than ``[cassettes] max_age``, or has no date."""
    if max_age_s is None:
        return
    expected = f"at most {max_age_s / _DAY_S:,.3g} days old ([cassettes] max_age)"
    age = metadata.age(dt.datetime.now(tz=dt.UTC))
    if age is None:
        summary = f"{place} has no date of its recording (metadata: recorded_at)"
        yield EXPIRED.finding(Outcome.ERROR, "", summary=summary, expected=expected, reproduce=again, case="")
    elif age.total_seconds() > max_age_s:
        days = age.total_seconds() / _DAY_S
        summary = f"{place} is {days:,.3g} days old, recorded at {metadata.recorded_at}"
        observed = f"{days:,.3g} days"
        yield EXPIRED.finding(
            Outcome.FAIL,
            observed,
            summary=summary,
            expected=expected,
            reproduce=again,
            case="",
            subject=place,
            cause=EXPIRED.failed,
        )
