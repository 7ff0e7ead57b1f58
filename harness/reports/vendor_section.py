"""The words about a provider: whose it is, and what a vendor's API does differently from its document."""

from __future__ import annotations

from collections.abc import Sequence

from harness.core.cutting import cut
from harness.core.names import FIRST, first_of
from harness.model import Outcome, Report, VendorDifference

HEADING = "What the vendor's API does differently from its document"
MOST_OPERATIONS = FIRST
"""Findings of one difference that are shown on the page."""
MOST_DIFFERENCES = 10
"""Differences that are listed in the terminal."""
MOST_ON_A_PAGE = 100
"""Differences that are listed on the page and in Markdown."""
_CAUSE_CHARS = 240


def owner(report: Report) -> str:
    """Return whose the provider is and how to change that; empty where there is none."""
    provider = report.provider
    if provider is None:
        return ""
    if provider.ours:
        if provider.declared:
            return "Provider: yours ([provider] ours = true), so its findings count."
        return (
            "Provider: started by the harness, so its findings count. If it is a vendor's simulator, write "
            "ours = false under [provider]."
        )
    if provider.declared:
        return "Provider: a vendor's API ([provider] ours = false); what only the vendor can correct does not count."
    return (
        "Provider: a vendor's API, as the harness does not start it; what only the vendor can correct does not count. "
        "If it is yours, write ours = true under [provider]."
    )


def total(differences: Sequence[VendorDifference]) -> str:
    """Return how many there are, in words; what could not be checked is counted apart."""
    seen = [d for d in differences if not _is_unknown(d)]
    findings, unknown = sum(len(d.findings) for d in seen), len(differences) - len(seen)
    things = f"{len(seen) or 'no'} difference{'' if len(seen) == 1 else 's'}"
    things = things if findings == len(seen) else f"{things} in {findings} findings"
    blocking = f"{things}, of which none blocks" if seen else things
    return f"{blocking}; {unknown} could not be checked, which blocks nothing either" if unknown else blocking


def _is_unknown(difference: VendorDifference) -> bool:
    """Whether it is only known that it could not be checked."""
    return all(f.outcome is Outcome.ERROR for f in difference.findings)


def sentence(difference: VendorDifference) -> str:
    """Return one difference in a line: what, where, and the ids of its findings."""
    cause = cut(difference.cause, _CAUSE_CHARS)
    where = f": {first_of(difference.operations)}" if difference.operations else ""
    ids = f" ({first_of(difference.ids, 1)})" if difference.ids else ""
    return f"{difference.item}: {'could not be checked: ' if _is_unknown(difference) else ''}{cause}{where}{ids}"
