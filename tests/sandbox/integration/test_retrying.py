from __future__ import annotations

import email.utils
import itertools
import statistics
import time

from harness.model import Outcome
from harness.resilience.jitter import JITTER, judged
from harness.sandbox.defects import Planted
from harness.sandbox.integration.retrying import AttemptError, RetryPolicy, pause, retry_after_s

HONEST = Planted()


def pauses(number: int, *defects: str, tries: int = 200) -> list[float]:
    """Return what is waited after attempt ``number`` met 503, many times over."""
    planted = Planted(frozenset(defects))
    failure = AttemptError("HTTP 503", number=number, status=503)
    waits = (pause(failure, RetryPolicy(), repeatable=True, left_s=60, planted=planted) for _ in range(tries))
    return [w for w in waits if w is not None]


def test_pauses_grow_and_differ_and_are_never_none() -> None:
    """Full jitter below a bound that grows with each attempt, over a floor that keeps attempts apart."""
    medians = [statistics.median(pauses(n)) for n in (1, 2, 3, 4)]

    assert all(b > 1.3 * a for a, b in itertools.pairwise(medians))
    assert all(0.03 <= wait <= RetryPolicy().max_delay for n in (1, 2, 3, 4) for wait in pauses(n))
    assert len(set(pauses(1))) > 100
    assert pauses(5) == []


def test_a_pause_that_would_pass_the_deadline_is_not_begun() -> None:
    """With no time left the error surfaces at once."""
    failure = AttemptError("HTTP 429", number=1, status=429, retry_after="10")

    assert pause(failure, RetryPolicy(), repeatable=True, left_s=5, planted=HONEST) is None
    assert pause(failure, RetryPolicy(), repeatable=True, left_s=15, planted=HONEST) == 10


def test_retry_after_is_read_in_every_form() -> None:
    """Seconds and HTTP-dates are understood, a date that has passed means now, anything else is passed over."""
    soon = email.utils.formatdate(time.time() + 10, usegmt=True)

    assert retry_after_s("7", HONEST) == 7
    assert 8 < (retry_after_s(soon, HONEST) or 0) <= 10
    assert retry_after_s("Wed, 21 Oct 2015 07:28:00 GMT", HONEST) == 0
    for useless in ("", "soon", "-1", "1.5", "\u0661", "Wed, 99 Oct 2015 07:28:00 GMT"):
        assert retry_after_s(useless, HONEST) is None


def test_planted_defects_of_the_pauses_show() -> None:
    """Each of them changes what is waited, or whether at all."""
    assert set(pauses(3, "client-retries-at-fixed-intervals")) == {RetryPolicy().first_delay}
    assert set(pauses(3, "client-hammers")) == {0.0}
    assert pauses(1, "client-never-retries") == []
    assert len(pauses(39, "client-retries-without-end")) == 200


def test_pauses_without_jitter_are_found_by_its_check() -> None:
    """What the check measures on an idle machine: the client's own pauses pass, those of the planted defect fail."""
    found = {
        defect: judged(JITTER, pauses(1, *defect, tries=36)) for defect in ((), ("client-retries-at-fixed-intervals",))
    }

    assert [finding.outcome for finding in found.values()] == [Outcome.PASS, Outcome.FAIL]
