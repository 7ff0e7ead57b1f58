"""Generated requests of one operation: from the document's examples, systematic, and random.

The only module that asks Schemathesis for requests. What it calls there is held by its tests, as not all of it is in
Schemathesis' published reference.
"""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from hypothesis import HealthCheck, Phase, Verbosity, find, settings
from hypothesis.errors import HypothesisException, NoSuchExample, Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.errors import SchemathesisError

from harness.openapi.spec_document import Operation

VALID, INVALID = GenerationMode.POSITIVE, GenerationMode.NEGATIVE
MODES = (VALID, INVALID)


class Ungenerable(Exception):  # noqa: N818 - what it says of the description, not of this program
    """No request of the wanted kind can be made, or no answer judged, from the description."""


class Stop(BaseException):
    """Raised by whoever receives requests, to end their generation; Hypothesis lets it pass."""


def from_examples(operation: Operation) -> Iterator[Any]:
    """Yield a request for each example that the document gives; raises `Ungenerable`."""
    with _said_plainly():
        for strategy in operation.raw.get_strategies_from_examples():
            found: list[Any] = []
            _draw(strategy, found.append, examples=1, seed=0)
            yield from found[:1]


def systematic(operation: Operation) -> Iterator[Any]:
    """Yield requests at and beyond each limit of the description, valid and invalid; raises `Ungenerable`."""
    raw = operation.raw
    with _said_plainly():
        config = raw.schema.config.generation_for(operation=raw, phase="coverage")
        yield from raw.schema.iter_coverage_cases(raw, generation_modes=list(MODES), generation_config=config)


def at_random(
    operation: Operation, mode: GenerationMode, each: Callable[[Any], object], *, examples: int, seed: int
) -> None:
    """Hand ``examples`` requests of ``mode`` to ``each``, the same ones for the same seed; raises `Ungenerable`.

    An operation that takes anything has no invalid request; then none is handed over.
    """
    with _said_plainly():
        try:
            _draw(operation.raw.as_strategy(generation_mode=mode), each, examples=examples, seed=seed)
        except Unsatisfiable:
            if mode is VALID:
                raise


def smaller(
    operation: Operation, mode: GenerationMode, still: Callable[[Any], bool], *, examples: int, seed: int
) -> None:
    """Hand ever smaller requests to ``still``, which says whether the defect shows; begins as `at_random` does."""
    wanted = settings_for(examples, Phase.generate, Phase.shrink)
    # Whoever asks keeps the smallest request that showed it, so that a provider which answers differently the second
    # time (Hypothesis calls that flaky) loses nothing.
    with suppress(HypothesisException, SchemathesisError, ValueError), _quiet():
        find(operation.raw.as_strategy(generation_mode=mode), still, settings=wanted, random=random.Random(seed))  # noqa: S311 - no secret


def _draw(strategy: Any, each: Callable[[Any], object], *, examples: int, seed: int) -> None:
    def never(case: Any) -> bool:
        each(case)
        return False

    with _quiet(), suppress(NoSuchExample):
        find(strategy, never, settings=settings_for(examples, Phase.generate), random=random.Random(seed))  # noqa: S311


def settings_for(examples: int, *phases: Phase) -> settings:
    """Return settings under which nothing but our own seed, store and clock decides what is generated."""
    return settings(
        max_examples=examples,
        phases=phases,
        database=None,
        deadline=None,
        derandomize=False,
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
        print_blob=False,
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Warnings about the document's patterns and formats are for the checks of the document to make."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def _said_plainly() -> Iterator[None]:
    """Turn whatever keeps Schemathesis from making a request into one sentence."""
    try:
        with _quiet():
            yield
    except Exception as exc:
        raise Ungenerable(" ".join(str(exc).split())[:400] or type(exc).__name__) from exc
