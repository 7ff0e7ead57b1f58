"""`secrets.never-logged`: what looks like a secret is a recommendation, one finding for each cause."""

from __future__ import annotations

from harness.model import Level, Outcome
from harness.operations.undeclared import judge_undeclared
from harness.readiness.finding_ids import identified
from harness.secrets.suspects import Suspect


def suspect(*, count: int = 1, values: int = 1, line: int = 7, others: dict[str, int] | None = None) -> Suspect:
    return Suspect(
        kind="github-token",
        what="a token of GitHub",
        place="app.log",
        line=line,
        count=count,
        values=values,
        others=others or {},
    )


def test_a_suspect_is_a_recommendation_with_its_place() -> None:
    """The summary has kind, file and line; what was observed is how often."""
    (found,) = judge_undeclared([suspect(count=3, values=2)], searched=4)

    assert (found.outcome, found.level) == (Outcome.FAIL, Level.SHOULD)
    assert found.summary == (
        "What looks like a secret that harness.toml does not name: a token of GitHub, in app.log:7"
    )
    assert found.observed == "3 times, 2 different values"
    assert "rotate it" in found.fix


def test_further_places_of_a_value_are_named() -> None:
    """The first three, and how many more there are; a place without lines has none."""
    others = {"b.log": 2, "c.log": 1, "a span of app, 'GET'": 0, "d.log": 9, "e.log": 9}

    (found,) = judge_undeclared([suspect(line=0, others=others)], searched=4)

    assert found.summary.endswith("in app.log")
    assert found.observed == "once; also in b.log:2, c.log:1, a span of app, 'GET', 2 further places"


def test_its_id_is_the_same_wherever_in_the_file_it_is() -> None:
    """A waiver holds although line, number and further places change with each run."""
    (one,) = judge_undeclared([suspect()], searched=1)
    (other,) = judge_undeclared([suspect(line=90, count=3, others={"b.log": 1})], searched=2)

    assert identified(one, "").id == identified(other, "").id


def test_silence_passes_where_something_was_searched() -> None:
    """Without any file there is nothing to report; what exceeds the bound is named."""
    (passed,) = judge_undeclared([], searched=12)
    (_, more) = judge_undeclared([suspect()], searched=1, left_out=5)

    assert (passed.outcome, passed.level, passed.observed) == (Outcome.PASS, Level.SHOULD, "12 files searched")
    assert judge_undeclared([], searched=0) == []
    assert more.summary.endswith("and in 5 further places")
