"""The parts of a gate are joined only where each is there once, and is of this gate."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from harness.model import Finding, Outcome, Problem
from harness.model.part import Claims, Part, Stamp
from harness.readiness.joining import join

STAMP = Stamp(harness_version="1.0", run_id="r1", config_digest="d1")
EXPECTED = ("suite", "scenarios")


def part(name: str, **fields: Any) -> bytes:
    return msgspec.json.encode(Part(stamp=fields.pop("stamp", STAMP), name=name, status=0, **fields))


def both(*others: tuple[str, bytes]) -> list[tuple[str, bytes]]:
    return [("suite.json", part("suite")), ("scenarios.json", part("scenarios")), *others]


def test_what_the_parts_saw_is_joined_in_the_order_of_the_gate() -> None:
    """Findings, problems, claims and numbers of all parts are those of the run, whichever part was written first."""
    found = [Finding(item="own.a", outcome=Outcome.PASS, summary=name) for name in ("first", "second")]
    trouble = Problem(outcome=Outcome.ERROR, text="It broke.")
    written = [
        ("b", part("scenarios", findings=(found[1],), left_out=2, claims=Claims(played={"x"}, files={"f"}))),
        ("a", part("suite", findings=(found[0],), problems=(trouble,), claims=Claims(played={"y"}))),
    ]

    joined = join(written, EXPECTED, STAMP)

    assert joined.findings == tuple(found)
    assert joined.problems == (trouble,)
    assert joined.left_out == 2
    assert joined.claims == Claims(played={"x", "y"}, files={"f"})


REFUSED = {
    "missing": ([("suite.json", part("suite"))], "The part 'scenarios' of the gate is missing"),
    "none": ([], "The part 'suite' of the gate is missing"),
    "doubled": (both(("again.json", part("suite"))), "again.json: the part 'suite' was there already"),
    "unknown": (both(("more.json", part("third"))), "the gate has no part 'third'"),
    "cut": (both(("cut.json", part("suite")[:-2])), "cut.json is not a part of a gate"),
    "empty": (both(("empty.json", b"")), "empty.json is not a part of a gate"),
    "not UTF-8": (both(("latin.json", b'{"name": "\xe9"}')), "latin.json is not a part of a gate"),
    "more fields": (both(("odd.json", part("suite")[:-1] + b',"x":1}')), "odd.json is not a part of a gate"),
    "another run": (
        both(("old.json", part("suite", stamp=msgspec.structs.replace(STAMP, run_id="r0")))),
        "old.json: the part 'suite' belongs to another run",
    ),
    "another version": (
        both(("old.json", part("suite", stamp=msgspec.structs.replace(STAMP, harness_version="0.9")))),
        "was written by another version of the harness",
    ),
    "another configuration": (
        both(("old.json", part("suite", stamp=msgspec.structs.replace(STAMP, config_digest="d0")))),
        "belongs to another configuration",
    ),
    "another format": (
        both(("old.json", part("suite", stamp=msgspec.structs.replace(STAMP, format=2)))),
        "was written in another format",
    ),
}


@pytest.mark.parametrize("written, complaint", REFUSED.values(), ids=REFUSED.keys())
def test_what_is_not_a_part_of_this_gate_is_an_error(written: list[tuple[str, bytes]], complaint: str) -> None:
    """A part that is missing, doubled, or of something else becomes a problem of the run, which prevents READY."""
    joined = join(written, EXPECTED, STAMP)

    assert any(complaint in problem.text for problem in joined.problems), joined.problems
    assert {problem.outcome for problem in joined.problems} == {Outcome.ERROR}
