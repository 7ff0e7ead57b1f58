"""Each row of the room has a sentence for a pass and one for a fail, in words that are understood at once."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from harness.model import Check
from harness.webhooks import assessment, tls
from harness.webhooks.cases import CASES
from harness.webhooks.drills import CRASHES, DRILLS
from harness.webhooks.generated import event_answers

ROWS: tuple[Check, ...] = (
    *assessment.CHECKS,
    *event_answers.CHECKS,
    *CASES,
    *DRILLS,
    *CRASHES,
    *tls.CASES,
)
MOST_WORDS = 18
PRIVATE_WORDS = re.compile(
    r"\b(told|tells?|said|says?|owed|owes|lacks|kept|keeps?|whoever|must be|coped?|copes|speaks? to|looked at"
    r"|would have)\b"
)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.key)
def test_a_row_has_two_sentences(row: Check) -> None:
    """Both begin with a capital, have no full stop, differ, and are short enough to read once."""
    print(f"{row.key}\n  + {row.passed}\n  - {row.failed}")  # noqa: T201 - shown with -s, to be read aloud

    assert row.passed != row.failed
    for sentence in (row.passed, row.failed):
        assert re.fullmatch(r"[A-Z].*[^.\s]", sentence)
        assert len(sentence.split()) <= MOST_WORDS


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.key)
def test_a_row_uses_the_words_of_the_field(row: Check) -> None:
    """None of its texts falls back into a vocabulary that only its author knows."""
    texts = (row.summary, row.passed, row.failed, str(row.expected), row.fix)

    assert [found for text in texts for found in PRIVATE_WORDS.findall(text)] == []


def test_a_sentence_belongs_to_one_row() -> None:
    """Two rows with one sentence would leave open which of them failed."""
    sentences = Counter(sentence for row in ROWS for sentence in (row.passed, row.failed))

    assert [sentence for sentence, times in sentences.items() if times > 1] == []
