"""The words of the harness as frozen structs: data in, data out, no behaviour that needs a network."""

from harness.model.attempt import Attempt
from harness.model.check import Check
from harness.model.delivery import Delivery
from harness.model.event import Event
from harness.model.finding import Finding, Level, Mode, Outcome, stable_id
from harness.model.item import GuideLine, Item
from harness.model.processing_result import ProcessingResult
from harness.model.reference import SecretRef
from harness.model.report import GuideResult, ItemResult, Problem, Report, TargetSummary, Verdict
from harness.model.waiver import Waiver

__all__ = [
    "Attempt",
    "Check",
    "Delivery",
    "Event",
    "Finding",
    "GuideLine",
    "GuideResult",
    "Item",
    "ItemResult",
    "Level",
    "Mode",
    "Outcome",
    "Problem",
    "ProcessingResult",
    "Report",
    "SecretRef",
    "TargetSummary",
    "Verdict",
    "Waiver",
    "stable_id",
]
