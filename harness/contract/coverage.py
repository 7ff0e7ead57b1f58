"""What calls saw of the document: counted where they are made, joined where the report is."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Iterable

import httpx

from harness.contract.caller import ANSWERS, FIX_LIMITED, broken
from harness.core.names import first_of
from harness.errors import SpecError
from harness.http.client import ANSWERED_S
from harness.http.provider_client import LIMITED
from harness.model import Check, Finding, Outcome
from harness.model.config import CoverageThreshold
from harness.model.spec_coverage import Coverage, OperationCoverage, SeenOperation, Source, percent
from harness.openapi.spec_document import Spec

COVERED = Check(
    id="covered",
    item="contract.coverage",
    summary="what scenarios, cassettes, generated requests and checks saw of the spec",
    passed="Exercised enough of the spec",
    failed="Exercised too little of the spec",
    expected="the shares that [contract] coverage asks for",
    source="the spec",
    fix="Add a scenario that calls what is missing, or lower [contract] coverage to what the target needs.",
)
SHOWN = 40
NOT_LOOKED_AT = frozenset({401, 403, 429})
"""Statuses of calls that were refused before their input was checked."""


class CoverageRecorder:
    """Counts calls as they pass by; one for each process."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._lock = threading.Lock()
        self._seen: dict[tuple[str, str], _Tally] = {}

    def observe(self, source: str, response: httpx.Response) -> None:
        """Count one answered call of the provider; calls to unknown operations do not count."""
        request, status = response.request, response.status_code
        try:
            operation = self._spec.find(request.method, request.url)
        except SpecError:
            return  # the checks of the document and the item of the operation say so
        if operation is None:
            return
        inputs = self._spec.inputs(operation)
        look = inputs.look(str(request.url), request.headers.multi_items(), _body_of(request))
        look.weigh()
        with self._lock:
            tally = self._seen.setdefault((operation.label, source), _Tally())
            tally.statuses[str(status)] += 1
            tally.seconds += response.extensions.get(ANSWERED_S, 0.0)
            tally.impatient[str(status)] += status in LIMITED and "retry-after" not in response.headers
            if status in NOT_LOOKED_AT:
                return
            tally.valid += look.valid
            tally.invalid += not look.valid
            tally.parameters |= look.parameters
            tally.met |= look.met & inputs.keywords
            tally.broken |= look.broken & inputs.keywords

    def taken(self) -> list[SeenOperation]:
        """Return what was seen since the last time."""
        with self._lock:
            seen, self._seen = self._seen, {}
        return [SeenOperation(operation=label, seen=tally.source(name)) for (label, name), tally in seen.items()]


class _Tally:
    def __init__(self) -> None:
        self.valid = 0
        self.invalid = 0
        self.seconds = 0.0
        self.statuses: Counter[str] = Counter()
        self.impatient: Counter[str] = Counter()
        self.parameters: set[str] = set()
        self.met: set[str] = set()
        self.broken: set[str] = set()

    def add(self, seen: Source) -> None:
        self.valid += seen.valid
        self.invalid += seen.invalid
        self.seconds += seen.seconds
        self.statuses.update(seen.statuses)
        self.impatient.update(seen.impatient)
        self.parameters.update(seen.parameters)
        self.met.update(seen.met)
        self.broken.update(seen.broken)

    def source(self, name: str) -> Source:
        return Source(
            name=name,
            valid=self.valid,
            invalid=self.invalid,
            seconds=round(self.seconds, 3),
            statuses=dict(sorted(self.statuses.items())),
            impatient={status: n for status, n in sorted(self.impatient.items()) if n},
            parameters=tuple(sorted(self.parameters)),
            met=tuple(sorted(self.met)),
            broken=tuple(sorted(self.broken)),
        )


def _body_of(request: httpx.Request) -> bytes | None:
    """Return the body of a request, None for a stream that is gone."""
    try:
        return request.content
    except httpx.RequestNotRead:
        return None


def joined(spec: Spec, parts: Iterable[SeenOperation]) -> Coverage:
    """Join what all processes saw into one table, in the order of the document."""
    tallies: dict[tuple[str, str], _Tally] = {}
    for part in parts:
        tallies.setdefault((part.operation, part.seen.name), _Tally()).add(part.seen)
    sources: dict[str, list[Source]] = defaultdict(list)
    for (label, name), tally in sorted(tallies.items()):
        sources[label].append(tally.source(name))
    return Coverage(
        operations=tuple(
            OperationCoverage(
                operation=described.label,
                responses=tuple(described.responses),
                parameters=spec.inputs(described).parameters,
                keywords=tuple(sorted(spec.inputs(described).keywords)),
                sources=tuple(sources[described.label]),
            )
            for described in spec.operations
        )
    )


def judge_limits(coverage: Coverage) -> list[Finding]:
    """Return a finding for each operation that answered 429 or 503 without Retry-After, whichever check met it.

    Recordings are left out: what they hold was true of another day.
    """
    found = []
    for operation in coverage.operations:
        met = [(s.name, status, n) for s in operation.sources for status, n in s.impatient.items()]
        for name, status, count in met:
            if name != "cassettes":
                found.append(
                    broken(
                        operation.operation,
                        ANSWERS,
                        f"answers {status} without Retry-After",
                        f"{count} times, seen by {name}",
                        expected="Retry-After with every 429 and 503",
                        source="RFC 6585 section 4, RFC 9110 sections 10.2.3 and 15.6.4",
                        fix=FIX_LIMITED,
                    )
                )
    return found


def judge_coverage(coverage: Coverage, threshold: CoverageThreshold, *, partial: str = "") -> Finding:
    """Compare the shares with the target's threshold; ``partial`` is the reason why the run was incomplete, if any."""
    operations = percent(coverage.called, len(coverage.operations))
    responses = percent(coverage.produced, coverage.responses)
    enough = operations >= threshold.operations and responses >= threshold.responses
    missing = coverage.missing
    observed = f"never produced: {first_of(missing, SHOWN)}" if missing else "every documented response was seen"
    uncalled = [o.operation for o in coverage.operations if not o.valid]
    if uncalled:
        observed = f"never called with valid input: {', '.join(uncalled[:SHOWN])}; {observed}"
    figures = (
        f"{coverage.called} of {len(coverage.operations)} operations ({operations} %), "
        f"{coverage.produced} of {coverage.responses} documented responses ({responses} %)"
    )
    outcome = Outcome.PASS if enough else Outcome.NOT_RUN if partial else Outcome.FAIL
    return COVERED.finding(
        outcome,
        observed,
        summary=f"{figures}: {partial}" if outcome is Outcome.NOT_RUN else f"{COVERED.sentence(outcome)}: {figures}",
        expected=f"operations {threshold.operations} %, responses {threshold.responses} %: [contract] coverage",
        case="",
        cause=COVERED.failed,
    )
