"""The words about a provider: whose it is, and what a vendor's API does differently from its document."""

from __future__ import annotations

from collections.abc import Sequence

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
    """Return how many there are, in words."""
    findings = sum(len(d.findings) for d in differences)
    things = f"{len(differences)} difference{'' if len(differences) == 1 else 's'}"
    return things if findings == len(differences) else f"{things} in {findings} findings"


def sentence(difference: VendorDifference) -> str:
    """Return one difference in a line: what, where, and the ids of its findings."""
    cause = difference.cause if len(difference.cause) <= _CAUSE_CHARS else f"{difference.cause[:_CAUSE_CHARS]}…"
    unknown = all(f.outcome is Outcome.ERROR for f in difference.findings)
    where = f": {first_of(difference.operations)}" if difference.operations else ""
    ids = f" ({first_of(difference.ids, 1)})" if difference.ids else ""
    return f"{difference.item}: {'could not be checked: ' if unknown else ''}{cause}{where}{ids}"
