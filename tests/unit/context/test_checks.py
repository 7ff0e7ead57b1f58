"""The registry of checks: complete, without doubles, and each row with what a person needs."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

import harness
from harness.context.checks import registered
from harness.model import Check, FixedBy, Outcome
from harness.readiness.checklist import shipped
from tests.vague_words import VAGUE_IN_CHECKS, vague_words

CHECKS = registered()
ROOMS = ("cassettes", "contract", "fuzzing", "openapi", "operations", "resilience", "telemetry", "webhooks")
WITHOUT = {"workflow.core"}
"""Items that only the user's own tests can verify."""
MOST_WORDS = 18
"""Of a sentence that a person reads once."""
PROVOCATIONS = {"resilience.rate-limit/limited-once", "resilience.retries/undisturbed"}
"""Rows that bring something about for other checks, and are judged by nobody."""


def in_module(value: Any) -> Iterator[Check]:
    if isinstance(value, Check):
        yield value
    elif isinstance(value, tuple | list):
        for each in value:
            yield from in_module(each)
    elif isinstance(value, Mapping):
        yield from in_module(list(value.values()))


def test_every_row_of_every_room_is_registered() -> None:
    """Every row in the folder of a room is registered as a check."""
    known = {c.key for c in CHECKS} | PROVOCATIONS
    for room in ROOMS:
        package = importlib.import_module(f"{harness.__name__}.{room}")
        for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            module = importlib.import_module(info.name)
            for name, value in vars(module).items():
                unknown = [c.key for c in in_module(value) if c.key not in known]
                assert not unknown, f"{info.name}.{name} holds {unknown}; add them to harness/context/checks.py"


def test_keys_are_there_once() -> None:
    """A check is found by its item and id."""
    assert [key for key, count in Counter(c.key for c in CHECKS).items() if count > 1] == []


@pytest.mark.parametrize("check", CHECKS, ids=lambda c: c.key)
def test_a_check_says_what_a_person_needs(check: Check) -> None:
    """A check names its item, what it examines and expects, the source of that, and the fix."""
    assert check.item in shipped().ids
    assert all((check.id, check.summary, str(check.expected), check.source, check.fix))


@pytest.mark.parametrize("check", CHECKS, ids=lambda c: c.key)
def test_a_check_has_a_sentence_for_pass_and_one_for_fail(check: Check) -> None:
    """The two differ, begin with a capital, end without a full stop, and are short enough to read once."""
    assert (check.sentence(Outcome.PASS), check.sentence(Outcome.FAIL)) == (check.passed, check.failed)
    assert check.passed != check.failed
    for sentence in (check.passed, check.failed):
        assert re.fullmatch(r"[A-Z].*[^.:,;\s]", sentence)
        assert len(sentence.split()) <= MOST_WORDS


@pytest.mark.parametrize("check", CHECKS, ids=lambda c: c.key)
def test_a_check_uses_the_words_of_the_field(check: Check) -> None:
    """None of its own texts has a vague word; the source is quoted."""
    texts = (check.summary, check.passed, check.failed, str(check.expected), check.fix)

    assert [found for text in texts for found in vague_words(text, VAGUE_IN_CHECKS)] == []


def test_no_two_checks_share_a_sentence() -> None:
    """The sentence alone names the check."""
    uses = Counter(sentence for c in CHECKS for sentence in (c.passed, c.failed))

    assert [sentence for sentence, count in uses.items() if count > 1] == []


@pytest.mark.parametrize(
    "outcome, ending",
    [
        (Outcome.ERROR, "could not be judged"),
        (Outcome.NOT_RUN, "not checked"),
        (Outcome.NOT_APPLICABLE, "not applicable"),
    ],
)
def test_what_neither_passed_nor_failed_has_a_plain_ending(outcome: Outcome, ending: str) -> None:
    """The sentence of such an outcome ends with the reason why there is no result."""
    assert {check.sentence(outcome).rpartition(": ")[2] for check in CHECKS} == {ending}


def test_every_item_has_a_check() -> None:
    """Every item has a check, except those that only users can verify."""
    assert shipped().ids - {c.item for c in CHECKS} == WITHOUT


def test_what_the_provider_alone_can_correct_is_named() -> None:
    """Whatever it promises and answers is the provider's; everything else is the integration's."""
    assert {c.key for c in CHECKS if c.fixed_by is FixedBy.PROVIDER} == {
        *(c.key for c in CHECKS if c.item in ("auth.rejects", "contract.fuzz", "webhooks.sent")),
        "workflow.contract/conforms",
        "workflow.recorded/conforms",
        "secrets.never-logged/provider-repeats-no-secret",
    }


def test_an_item_of_the_provider_has_checks_of_its_own_side() -> None:
    """What an item says of who can correct it agrees with its checks; only scenarios can raise coverage."""
    items = {item.id for item in shipped() if item.fixed_by is FixedBy.PROVIDER}

    assert items == {"auth.rejects", "contract.fuzz", "contract.coverage", "webhooks.sent"}
    for item in items - {"contract.coverage"}:
        assert {c.fixed_by for c in CHECKS if c.item == item} == {FixedBy.PROVIDER}
