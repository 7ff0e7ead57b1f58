"""The vocabulary of the harness as frozen structs: data in, data out, no behaviour that needs a network."""

from harness.model.attempt import Attempt
from harness.model.check import Check
from harness.model.delivery import Delivery, Event
from harness.model.finding import CallMoment, Exclusion, Finding, FixedBy, Level, Mode, Outcome, stable_id
from harness.model.item import GuideLine, Item, Waiver
from harness.model.reference import SecretRef
from harness.model.report import (
    GuideResult,
    ItemResult,
    Problem,
    ProviderOwner,
    Report,
    TargetSummary,
    VendorDifference,
    Verdict,
)
from harness.model.skip import DeclaredSkip, SkippedTest

__all__ = [
    "Attempt",
    "CallMoment",
    "Check",
    "DeclaredSkip",
    "Delivery",
    "Event",
    "Exclusion",
    "Finding",
    "FixedBy",
    "GuideLine",
    "GuideResult",
    "Item",
    "ItemResult",
    "Level",
    "Mode",
    "Outcome",
    "Problem",
    "ProviderOwner",
    "Report",
    "SecretRef",
    "SkippedTest",
    "TargetSummary",
    "VendorDifference",
    "Verdict",
    "Waiver",
    "stable_id",
]
