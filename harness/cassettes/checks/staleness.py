"""Whether a recording can still be believed: its age, and whether the scenario uses all of it and nothing else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from harness.cassettes.play.scenario import CassetteMode, ScenarioCassette
from harness.cassettes.store.metadata import Metadata
from harness.model import Finding, Outcome

ITEM = "workflow.recorded"
_DAY_S = 86400.0


def judge_replay(cassette: ScenarioCassette, *, again: str, max_age_s: float | None, passed: bool) -> Iterator[Finding]:
    """Yield what is wrong with the recording a scenario was played from.

    What was not played counts only for a scenario that ``passed``: one that broke off asked for less.
    """
    if cassette.mode is not CassetteMode.REPLAY:
        return
    for text in cassette.refused:
        yield _finding(Outcome.FAIL, text.splitlines()[0], observed=text, reproduce=again)
    yield from judge_age(cassette.metadata, cassette.place, again=again, max_age_s=max_age_s)
    if passed and (unused := cassette.unused):
        yield _finding(
            Outcome.FAIL,
            f"{cassette.place}: {len(unused)} of {len(cassette)} recordings were not used: {unused[0]}",
            expected="the scenario asks for everything that was recorded",
            observed="\n".join(unused),
            reproduce=again,
        )


def judge_age(metadata: Metadata, place: str, *, again: str, max_age_s: float | None) -> Iterator[Finding]:
    """Yield a finding for a recording that is older than ``[cassettes] max_age``, or does not say how old it is."""
    if max_age_s is None:
        return
    expected = f"at most {max_age_s / _DAY_S:,.3g} days old ([cassettes] max_age)"
    age = metadata.age(dt.datetime.now(tz=dt.UTC))
    if age is None:
        summary = f"{place} does not say when it was recorded (metadata: recorded_at)"
        yield _finding(Outcome.ERROR, summary, expected=expected, reproduce=again)
    elif age.total_seconds() > max_age_s:
        days = age.total_seconds() / _DAY_S
        summary = f"{place} is {days:,.3g} days old, recorded at {metadata.recorded_at}"
        yield _finding(Outcome.FAIL, summary, expected=expected, observed=f"{days:,.3g} days", reproduce=again)


def _finding(
    outcome: Outcome,
    summary: str,
    *,
    expected: str = "every call of the scenario is recorded",
    observed: str = "",
    reproduce: str = "",
) -> Finding:
    return Finding(
        item=ITEM, outcome=outcome, summary=summary, expected=expected, observed=observed, reproduce=reproduce
    )
