"""Generated values and requests: from the document's examples, systematic, random, and in chains.

The one place that drives Hypothesis, and that asks Schemathesis for what is generated: seeds, phases, deadlines,
databases, health checks and verbosity are set here.
"""

from __future__ import annotations

import json
import random
import re
import warnings
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from typing import Any, NoReturn

import hypothesis
import jsonschema_rs
from hypothesis import HealthCheck, Phase, Verbosity, find, settings
from hypothesis.errors import HypothesisException, NoSuchExample, Unsatisfiable
from schemathesis import GenerationMode

from harness.core.cutting import cut
from harness.errors import one_line
from harness.openapi.schemathesis_names import (
    NOT_SET,
    NoLinksFound,
    SchemathesisError,
    build,
    get_default_format_strategies,
)

VALID, INVALID = GenerationMode.POSITIVE, GenerationMode.NEGATIVE
MODES = (VALID, INVALID)
_OF_THE_DESCRIPTION = (SchemathesisError, HypothesisException, jsonschema_rs.ReferencingError, re.error, ValueError)
"""What libraries raise for a description that they cannot use; the last for a value that is not a schema."""


class Ungenerable(Exception):  # noqa: N818 - what it says of the description, not of this program
    """Nothing of the wanted kind can be made, or no answer judged, from the description."""


class GenerationFailed(Ungenerable):
    """A library failed while it generated, which is no flaw of the description."""


class Unlinked(Ungenerable):
    """The description links no operations."""


class Stop(BaseException):
    """Raised by the consumer of generated requests to stop the generation; Hypothesis lets it pass."""


def from_examples(operation: Any) -> Iterator[Any]:
    """Yield a request for each example that the document gives; raises `Ungenerable`.

    Here and below ``operation`` is Schemathesis' own.
    """
    with _in_one_sentence():
        for strategy in operation.get_strategies_from_examples():
            found: list[Any] = []
            _draw(strategy, found.append, examples=1, seed=0)
            yield from found[:1]


def systematic(operation: Any) -> Iterator[Any]:
    """Yield requests at and beyond each limit of the description, valid and invalid; raises `Ungenerable`."""
    with _in_one_sentence():
        config = operation.schema.config.generation_for(operation=operation, phase="coverage")
        yield from operation.schema.iter_coverage_cases(
            operation, generation_modes=list(MODES), generation_config=config
        )


def at_random(operation: Any, mode: GenerationMode, each: Callable[[Any], object], *, examples: int, seed: int) -> None:
    """Hand ``examples`` requests of ``mode`` to ``each``, the same ones for the same seed; raises `Ungenerable`.

    An operation that takes anything has no invalid request; then none is handed over.
    """
    with _in_one_sentence():
        try:
            _draw(operation.as_strategy(generation_mode=mode), each, examples=examples, seed=seed)
        except Unsatisfiable:
            if mode is VALID:
                raise


def bodies(operation: Any, mode: GenerationMode, *, examples: int, seed: int) -> list[Any]:
    """Return the different JSON bodies among ``examples`` requests, the same ones for the same seed; maybe none."""
    found: dict[str, Any] = {}

    def keep(case: Any) -> None:
        # Half a surrogate pair, or a body that is no JSON, cannot be sent as one.
        with suppress(TypeError, ValueError):
            if case.body is not NOT_SET:
                text = json.dumps(case.body, allow_nan=False, ensure_ascii=False)
                text.encode()
                found.setdefault(text, case.body)

    if examples:
        with suppress(Ungenerable):
            at_random(operation, mode, keep, examples=examples, seed=seed)
    return list(found.values())


def simplest(schema: dict[str, Any]) -> Any:
    """Return the simplest value that a JSON schema admits, the same each time; raises `Ungenerable`."""
    with _in_one_sentence():
        strategy = build(schema, draft=jsonschema_rs.Draft202012, formats=dict(get_default_format_strategies()))
        found: list[Any] = []
        _draw(strategy, found.append, examples=1, seed=0)  # `find` would format what it finds, which may take seconds
        return found[0]


def smaller(operation: Any, mode: GenerationMode, still: Callable[[Any], bool], *, examples: int, seed: int) -> None:
    """Hand ever smaller requests to ``still``, which returns whether the defect shows; begins as `at_random` does."""
    wanted = _settings(examples, Phase.generate, Phase.shrink)
    # The caller keeps the smallest request that showed it, so that a provider which answers differently the second
    # time (Hypothesis calls that flaky) loses nothing.
    with suppress(HypothesisException, SchemathesisError, ValueError), _quiet():
        find(operation.as_strategy(generation_mode=mode), still, settings=wanted, random=_random(seed))


def linked(schema: Any, labels: Collection[str]) -> Any:
    """Return the state machine of the links between the operations ``labels`` of Schemathesis' ``schema``.

    A link may put something valid in place of what was made invalid, so only valid requests are made. Raises
    `Unlinked`, and `Ungenerable`.
    """
    schema.config.generation.update(modes=[VALID])
    with _following_links(), _quiet():
        return schema.include(lambda context: context.operation.label in labels).as_state_machine()


def run_chains(machine: Any, *, chains: int, steps: int, seed: int) -> str:
    """Run a state machine ``chains`` times, at most ``steps`` steps each; return why it ended early, empty if not.

    Hypothesis ends its run when the same choices lead elsewhere the second time, as they do on a provider that
    remembers. Raises `Unlinked`, and `Ungenerable`.
    """
    wanted = settings(_settings(chains, Phase.generate), stateful_step_count=steps)
    try:
        with _following_links():
            hypothesis.seed(seed)(machine).run(settings=wanted)
    except HypothesisException as exc:
        return cut(one_line(exc), 200)
    return ""


@contextmanager
def _following_links() -> Iterator[None]:
    """Turn any error of Schemathesis about links into one of the harness."""
    try:
        yield
    except NoLinksFound:
        raise Unlinked from None
    except SchemathesisError as exc:
        raise Ungenerable(_line(exc)) from exc


def give_up_chain() -> NoReturn:
    """End the chain that runs: its last step cannot be made."""
    hypothesis.reject()


class _ConsumerError(BaseException):
    """Carries an exception of the consumer past Hypothesis, which would take it for one of the generation."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error


def _draw(strategy: Any, each: Callable[[Any], object], *, examples: int, seed: int) -> None:
    def never(case: Any) -> bool:
        try:
            each(case)
        except Exception as exc:
            raise _ConsumerError(exc) from exc
        return False

    with _quiet(), suppress(NoSuchExample):
        find(strategy, never, settings=_settings(examples, Phase.generate), random=_random(seed))


def _settings(examples: int, *phases: Phase) -> settings:
    """Return settings under which nothing but our own seed, store and clock decides what is generated."""
    return settings(
        max_examples=examples,
        phases=phases,
        backend="hypothesis",
        database=None,
        deadline=None,
        derandomize=False,
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
        print_blob=False,
    )


def _random(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - no secret


@contextmanager
def _quiet() -> Iterator[None]:
    """Warnings about the document's patterns and formats are for the checks of the document to make."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def _in_one_sentence() -> Iterator[None]:
    """Turn any error of Schemathesis during generation into one sentence; raise those of the consumer as they are."""
    try:
        with _quiet():
            yield
    except _ConsumerError as carrier:
        raise carrier.error from None
    except _OF_THE_DESCRIPTION as exc:
        raise Ungenerable(_line(exc)) from exc
    except Exception as exc:
        raise GenerationFailed(f"{type(exc).__name__}: {_line(exc)}") from exc


def _line(exc: BaseException) -> str:
    return cut(one_line(exc), 400)
