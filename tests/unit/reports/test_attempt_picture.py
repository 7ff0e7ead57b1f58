"""The picture of a client's calls: each has its time, what it got and when the next was due, also in words."""

from __future__ import annotations

import msgspec

from harness.model import CallMoment, Finding, Outcome
from harness.reports import attempt_picture

CALLS = (
    CallMoment(at=0, call="POST /runs", met="429 Retry-After 2", faulted=True, due=2.0),
    CallMoment(at=1.0, call="POST /runs", met="429 Retry-After 3", faulted=True, due=9.0),
    CallMoment(at=4.0, call="POST /runs", met="passed on, 201", faulted=False),
)
FINDING = Finding(item="resilience.rate-limit", outcome=Outcome.FAIL, summary="Too early", timeline=CALLS)


def test_each_call_is_at_its_time() -> None:
    """The axis ends with the last call; what is due later is not drawn, and is in the words."""
    picture = attempt_picture.of(FINDING)

    assert [(row.time, row.x, row.due) for row in picture.rows] == [
        ("+0.00 s", 75, 170.0),
        ("+1.00 s", 122.5, None),
        ("+4.00 s", 265, None),
    ]
    assert [row.style for row in picture.rows] == ["fail", "fail", "pass"]
    assert picture.title == "3 calls of the client in 4.00 s"
    assert "+1.00 s POST /runs: 429 Retry-After 3, next attempt due at +9.00 s" in picture.description


def test_one_call_alone_is_a_picture() -> None:
    """Nothing is divided by its length."""
    alone = msgspec.structs.replace(FINDING, timeline=CALLS[:1])

    assert attempt_picture.of(alone).title == "1 call of the client in 0.00 s"


def test_a_long_path_hides_nothing_that_was_got() -> None:
    """What the call got comes before its path, of which a long one is cut."""
    long = CallMoment(at=0, call=f"GET /runs/{'x' * 60}", met="passed on, 200", faulted=False)
    (row,) = attempt_picture.of(msgspec.structs.replace(FINDING, timeline=(long,))).rows

    assert row.text.startswith("passed on, 200  GET /runs/x")
    assert len(row.text) < 60
