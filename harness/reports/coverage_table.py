"""The table of what was seen of the spec: a row for each operation that was called."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from harness.core.names import first_of
from harness.model.spec_coverage import Coverage, OperationCoverage, Source, percent

MOST_UNCALLED = 20
"""Operations without any call that a report names."""
HEADINGS = (
    "operation",
    "valid requests",
    "invalid requests",
    "called by",
    "responses seen",
    "responses not seen",
    "parameters used",
    "schema keywords",
)


def rows(operations: Iterable[OperationCoverage]) -> Iterator[tuple[str, ...]]:
    """Yield the table of what was seen of the spec, a row for each operation, under `HEADINGS`."""
    for row in operations:
        by = ", ".join(f"{s.name} {sum(s.statuses.values())}{_taking(s)}" for s in row.sources) or "none"
        yield (
            row.operation,
            str(row.valid),
            str(row.invalid),
            by,
            _seen(row) or "none",
            " ".join(row.missing) or "none",
            f"{len(row.given)} of {len(row.parameters)}",
            f"{len(row.met)} satisfied and {len(row.broken)} violated of {len(row.keywords)}",
        )


def _seen(row: OperationCoverage) -> str:
    undocumented = f"undocumented: {' '.join(row.undocumented)}" if row.undocumented else ""
    return "; ".join(filter(None, (" ".join(row.produced), undocumented)))


def _taking(source: Source) -> str:
    return f" in {source.seconds:.1f} s" if source.seconds else ""


def summary(coverage: Coverage) -> str:
    """Return the shares in one line."""
    operations, responses = len(coverage.operations), coverage.responses
    return (
        f"{coverage.called} of {operations} operations called with valid input "
        f"({percent(coverage.called, operations)} %), {coverage.produced} of {responses} documented responses seen "
        f"({percent(coverage.produced, responses)} %)"
    )


def not_called(coverage: Coverage) -> str:
    """Return in one line which operations were not called; empty where all were."""
    number = len(coverage.uncalled)
    were = "operation was" if number == 1 else "operations were"
    return f"{number} {were} not called: {first_of(coverage.uncalled, MOST_UNCALLED)}" if number else ""
