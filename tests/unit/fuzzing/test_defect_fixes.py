"""What to do about a defect depends on the check that found it."""

from __future__ import annotations

import pytest
from schemathesis.checks import CHECKS

from harness.fuzzing.defect_fixes import FIXES
from harness.fuzzing.response_defects import ELSEWHERE
from tests.vague_words import VAGUE_IN_CHECKS, vague_words

NOT_RUN = {*(check.__name__ for check in ELSEWHERE), "object_level_authorization"}
"""Checks that another item has, or that need a second account."""


def test_every_check_that_runs_has_a_fix() -> None:
    """What Schemathesis reports by one of its checks is corrected in a way of its own."""
    assert set(CHECKS.get_all_names()) - NOT_RUN <= FIXES.keys()
    assert "answers" in FIXES


@pytest.mark.parametrize("name", FIXES)
def test_a_fix_is_plain(name: str) -> None:
    """It is a sentence of its own, without a vague word."""
    assert FIXES[name].endswith(".")
    assert [*vague_words(FIXES[name], VAGUE_IN_CHECKS)] == []
    assert list(FIXES.values()).count(FIXES[name]) == 1
