"""What the gate would send to the provider: counted from the document, without sending anything."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import chain, islice
from typing import NamedTuple

from harness.context.run_context import RunContext
from harness.contract import link_crawler, unusual_requests
from harness.contract.caller import Caller
from harness.contract.credentials import MOST_READS, Secured
from harness.contract.malformed_credentials import FORMS, NEAR_MISSES
from harness.contract.promises import PROMISES
from harness.contract.rejection import CASES, various
from harness.errors import SpecError
from harness.fuzzing import stateful
from harness.fuzzing.budget import BUDGETS, Budget
from harness.fuzzing.unserved import MOST_CONFIRMING
from harness.model.config import Probes
from harness.openapi import generation
from harness.openapi.permission import MOST_WRONG_CREDENTIALS, UNKNOWN_PATH
from harness.openapi.spec_document import Spec

GROUPS = 4
"""Groups of checks that call the provider, before and after each of which the credential is tried."""
_CHAINS = "any permitted operation"


class PlannedOperation(NamedTuple):
    """The requests that one operation would receive."""

    label: str
    most: int
    """How many at most."""
    reasons: tuple[str, ...]


def planned_operations(
    context: RunContext, level: str, *, fuzzed: bool, each: Callable[[Sequence[str]], Iterable[str]] = iter
) -> list[PlannedOperation]:
    """Return what each operation would receive, in the order of the document, and what has no operation at the end.

    ``level`` is the budget of generated requests, sent where ``fuzzed``. ``each`` hands out the operations whose
    requests are counted, which takes the time, and may show how far that is. Raises `SpecError` and
    `ConfigurationError`.
    """
    most: dict[str, int] = defaultdict(int)
    reasons: dict[str, list[str]] = defaultdict(list)
    for label, number, reason in _requests(context, level, fuzzed=fuzzed, each=each):
        most[label] += number
        if number and reason not in reasons[label]:
            reasons[label].append(reason)
    order = [*context.spec.definitions, *(label for label in most if label not in context.spec.definitions)]
    return [PlannedOperation(label, most[label], tuple(reasons[label])) for label in order if most[label]]


def _requests(
    context: RunContext, level: str, *, fuzzed: bool, each: Callable[[Sequence[str]], Iterable[str]]
) -> Iterator[tuple[str, int, str]]:
    """Yield an operation, how many requests it receives at most, and why."""
    with context.provider.client() as client:
        caller = context.provider.caller(client)
        if context.credential:
            yield from _of_credentials(context, caller, context.provider.secured(client))
        if context.target.probes is Probes.NONE or context.target.production:
            return
        for promise in PROMISES:
            for planned in promise.planned(caller):
                yield planned.label, planned.most, promise.id
        if link_crawler.beginnings(caller):
            yield _CHAINS, link_crawler.MAX_CALLS, "links"
    if fuzzed:
        yield from _generated(context, BUDGETS[level], each)


def _of_credentials(context: RunContext, caller: Caller, secured: Secured) -> Iterator[tuple[str, int, str]]:
    reads = secured.reads
    if not reads:
        return
    for path, *_ in secured.reads_by_names.values():
        yield f"GET {path}", 2 * GROUPS, "whoami"
    if context.target.probes is Probes.NONE:
        yield f"GET {reads[0]}", 1 + MOST_WRONG_CREDENTIALS, "credentials"
        return
    for alike in secured.reads_by_names.values():
        yield f"GET {alike[0]}", min(len(alike), MOST_READS), "credentials"
    if caller.spares_credentials:
        yield f"GET {reads[0]}", MOST_WRONG_CREDENTIALS, "wrong credentials"
        return
    operations = [operation for operation in caller.operations.values() if operation.is_secured]
    for operation in operations:
        # The second is one with a body, or with the right credential, where the first proves nothing.
        yield operation.label, 2 * len(CASES) * secured.ways(operation), "wrong credentials"
    for operation in various(operations):
        number = (len(FORMS) + len(NEAR_MISSES) + 1) * max(secured.ways(operation) - 1, 1)
        yield operation.label, number, "malformed credentials"
    for operation in [each for each in operations if each.method == "GET"][: unusual_requests.MOST_READS]:
        yield operation.label, unusual_requests.FORMS, "unusual requests without a credential"
    if any("{" in operation.path for operation in operations) and link_crawler.beginnings(caller):
        yield _CHAINS, link_crawler.MAX_CALLS, "real ids for wrong credentials"


def _generated(
    context: RunContext, budget: Budget, each: Callable[[Sequence[str]], Iterable[str]]
) -> Iterator[tuple[str, int, str]]:
    fuzzed = context.provider.fuzzed_operations
    of_one = budget.divided(len(fuzzed))
    if of_one.requests < budget.requests:  # to count what so many operations would need takes minutes
        yield from ((label, of_one.requests + MOST_CONFIRMING, "generated") for label in fuzzed)
    else:
        for label in each(fuzzed):
            random = 2 * of_one.examples
            planned = random + _systematic(context.spec, label, most=of_one.requests - random)
            yield label, planned + MOST_CONFIRMING, "generated"
    yield f"GET {UNKNOWN_PATH}", 1, "what the server answers to an unknown path"
    yield (
        f"OPTIONS {UNKNOWN_PATH}",
        int(context.target.probes is Probes.WRITE),
        "what the server answers to an unknown path",
    )
    yield _CHAINS, budget.chains * stateful.STEPS, "chains"


def _systematic(spec: Spec, label: str, *, most: int) -> int:
    """Count the requests that the document's examples and limits give, until one cannot be made, and up to ``most``.

    Making them takes the time, and an operation of a large document has thousands, of which few are sent.
    """
    count = 0
    with suppress(SpecError, generation.Ungenerable):
        raw = spec.operation(label).raw
        for _ in islice(chain(generation.from_examples(raw), generation.systematic(raw)), most):
            count += 1
    return count
