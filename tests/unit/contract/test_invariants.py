"""Every invariant of resources names what corrects its own fault, and no other."""

from __future__ import annotations

import re

import pytest

from harness.contract import invariants, key_fixes
from harness.contract.invariants import Invariant
from harness.contract.lifecycle_promise import LIFECYCLE
from tests.vague_words import VAGUE_IN_CHECKS, vague_words

ROWS = {name: row for name, row in vars(invariants).items() if isinstance(row, Invariant)}
KEY_FIXES = {name: text for name, text in vars(key_fixes).items() if name.isupper()}
FIXES = {**{name: row.fix for name, row in ROWS.items()}, **KEY_FIXES}
MOST_CHARS = 180
"""Of what a person reads once."""


@pytest.mark.parametrize("name", FIXES)
def test_a_fix_is_short_and_plain(name: str) -> None:
    """It is a sentence or two, without a vague word."""
    assert re.fullmatch(r"[A-Z].*\.", FIXES[name])
    assert len(FIXES[name]) <= MOST_CHARS
    assert [*vague_words(FIXES[name], VAGUE_IN_CHECKS)] == []


def test_no_two_faults_share_a_fix() -> None:
    """What corrects one fault corrects no other, nor does the sentence of the whole check."""
    assert len(ROWS) >= 39
    assert len({*FIXES.values(), LIFECYCLE.fix}) == len(FIXES) + 1
