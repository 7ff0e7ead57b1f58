"""What harness.toml would need so that operations which the server does not have are left out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from harness.model import Exclusion, Finding, ItemResult, VendorDifference
from harness.model.finding import UNSERVED_CHECK
from harness.readiness.one_cause import is_unserved

if TYPE_CHECKING:
    from harness.context.run_context import RunContext


def exclusion(context: RunContext, operations: Sequence[str]) -> Exclusion | None:
    """Return the whole ``exclude`` to write, including what it has now.

    None where nothing would be left to call, or nothing of the spec to leave out.
    """
    from harness.openapi.selection import shortest

    provider, fuzz = context.provider.section, context.provider.fuzz_section
    of_fuzz = bool(fuzz.include or fuzz.exclude) and not (provider.include or provider.exclude)
    now = fuzz.exclude if of_fuzz else provider.exclude
    if not context.provider.spec_at_hand:
        return Exclusion(section="fuzz" if of_fuzz else "provider", selectors=(*now, *operations))
    if set(context.provider.selected_operations) <= set(operations):
        return None
    more = shortest(context.spec.definitions, operations)
    if not more:
        return None  # none of them is an operation of the spec, which alone can be left out
    return Exclusion(section="fuzz" if of_fuzz else "provider", selectors=tuple(dict.fromkeys((*now, *more))))


def with_exclusion(context: RunContext, item: ItemResult) -> ItemResult:
    """Return an item of which each finding about such operations names what would leave them out."""
    return msgspec.structs.replace(item, findings=tuple(_of_finding(context, f) for f in item.findings))


def _of_finding(context: RunContext, finding: Finding) -> Finding:
    if not is_unserved(finding) or not finding.operations:
        return finding  # what the server does have and does wrong is corrected, and not left out
    return msgspec.structs.replace(finding, exclude=exclusion(context, finding.operations))


def of_difference(context: RunContext, difference: VendorDifference) -> VendorDifference:
    """Return what a vendor's API does differently, with what would leave the operations out that it does not have."""
    if difference.check != UNSERVED_CHECK:
        return difference
    return msgspec.structs.replace(difference, exclude=exclusion(context, difference.operations))
