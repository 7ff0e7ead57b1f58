"""The report: one result object that every output format is a pure function of."""

from __future__ import annotations

import enum

import msgspec

from harness.model.finding import Exclusion, Finding, Level, Outcome
from harness.model.item import Waiver
from harness.model.signals import SignalMatrix
from harness.model.skip import SkippedTest
from harness.model.spec_coverage import Coverage

SCHEMA_VERSION = 1


class Verdict(enum.StrEnum):
    """READY only when everything that must hold is known to hold."""

    READY = "READY"
    NOT_READY = "NOT READY"
    INCOMPLETE = "INCOMPLETE"


class TargetSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What was certified, without anything secret."""

    name: str
    environment: str
    config: str
    """File name of the configuration, with its overlay."""
    config_digest: str
    """SHA-256 of the configuration files, hexadecimal, so that two reports can be compared."""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Something about the run itself that prevents READY, whatever the items' outcomes."""

    outcome: Outcome
    """``fail`` (a test that verifies no item failed, a waiver is stale) or ``error`` (the run did not finish)."""
    text: str


class ItemResult(msgspec.Struct, frozen=True, kw_only=True):
    """One checklist item with all its findings."""

    id: str
    step: str
    level: Level
    """The item's own level, or ``should`` where only recommendations were violated."""
    outcome: Outcome
    text: str
    summary: str
    """Why it has this outcome, in one line."""
    remediation: str
    declared: str = ""
    """The reason of ``[target.absent]`` for which it does not apply; empty where none does."""
    waiver: Waiver | None = None
    findings: tuple[Finding, ...] = ()
    notes: tuple[Finding, ...] = ()
    """What is true, but nobody would correct; it decides nothing."""

    @property
    def blocks(self) -> bool:
        """Whether this item alone prevents READY."""
        unproven = (Outcome.FAIL, Outcome.ERROR, Outcome.NOT_RUN)
        return self.level is Level.MUST and self.outcome in unproven


class GuideResult(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the guide's production checklist, proved by its items."""

    text: str
    outcome: Outcome
    items: tuple[str, ...]


class ProviderOwner(msgspec.Struct, frozen=True, kw_only=True):
    """Whose the provider is."""

    ours: bool
    """Whether what only the provider can correct counts; else it is a vendor's API."""
    declared: bool
    """Whether ``[provider] ours`` is set; else it follows from who starts the provider."""


class VendorDifference(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a vendor's API does differently from its document, at however many operations; never blocks."""

    item: str
    check: str
    cause: str
    """What is different, without the operations."""
    operations: tuple[str, ...]
    """Where it was seen, as ``METHOD /path``; empty where it is about no operation."""
    ids: tuple[str, ...]
    level: Level = Level.SHOULD
    findings: tuple[Finding, ...]
    exclude: Exclusion | None = None
    """What would leave these operations out, where the server does not have them."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Everything one run reports."""

    schema_version: int = SCHEMA_VERSION
    run_id: str
    """Random name of the run, also carried by every event it delivered."""
    verdict: Verdict
    target: TargetSummary
    started_at: str
    """RFC 3339, UTC."""
    duration_s: float
    guide_checklist: tuple[GuideResult, ...]
    items: tuple[ItemResult, ...]
    problems: tuple[Problem, ...] = ()
    vendor: tuple[VendorDifference, ...] = ()
    """What a vendor's API does differently from its document; empty where the provider is ours."""
    provider: ProviderOwner | None = None
    """Whose the provider is; None where harness.toml has no ``[provider]``."""
    harness_version: str
    coverage: Coverage | None = None
    """How much of the provider's document was covered; None where no call was made."""
    signals: SignalMatrix | None = None
    """What showed each fault that was caused; None where none was caused for it."""
    waivers: tuple[Waiver, ...] = ()
    """Those that excuse something of this run, those that end first at the beginning."""
    skips: tuple[SkippedTest, ...] = ()
    """Scenarios without an item that were skipped or failed as expected, with the declarations that accept it."""

    @property
    def blockers(self) -> tuple[ItemResult, ...]:
        """Items that keep the verdict from READY: failures first, then unknown results."""
        order = (Outcome.FAIL, Outcome.ERROR, Outcome.NOT_RUN)
        return tuple(sorted((i for i in self.items if i.blocks), key=lambda i: order.index(i.outcome)))

    @property
    def warnings(self) -> tuple[ItemResult, ...]:
        """``should`` items that failed or could not be checked."""
        weak = (Outcome.FAIL, Outcome.ERROR)
        return tuple(i for i in self.items if i.level is Level.SHOULD and i.outcome in weak)

    def counts(self) -> dict[Outcome, int]:
        """Return how many items have each outcome, in the order of `Outcome`."""
        return {o: n for o in Outcome if (n := sum(i.outcome is o for i in self.items))}
