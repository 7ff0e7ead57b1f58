"""The sections of harness.toml, as structs: what each key means, its unit and its default."""

from __future__ import annotations

from harness.model.config.base import Duration, Section
from harness.model.config.cassettes import Cassettes
from harness.model.config.client import Client, Policy
from harness.model.config.contract import Contract, CoverageThreshold
from harness.model.config.fuzz import BudgetName, Fuzz
from harness.model.config.provider import (
    ApiKey,
    Auth,
    Basic,
    Bearer,
    ClientAuth,
    ClientCredentials,
    Probes,
    Provider,
    ProviderWebhooks,
)
from harness.model.config.receiver import DeadLetters, EffectSource, EventOrder, Probe, Receiver, Signature
from harness.model.config.staging import Alerts, Operations, Rotation, Telemetry
from harness.model.config.target import Absent, Environment, Process, ReadySign, TargetSection
from harness.model.item import Item, Waiver

__all__ = [
    "Absent",
    "Alerts",
    "ApiKey",
    "Auth",
    "Basic",
    "Bearer",
    "BudgetName",
    "Cassettes",
    "Client",
    "ClientAuth",
    "ClientCredentials",
    "Configuration",
    "Contract",
    "CoverageThreshold",
    "DeadLetters",
    "Duration",
    "EffectSource",
    "Environment",
    "EventOrder",
    "Fuzz",
    "Operations",
    "Policy",
    "Probe",
    "Probes",
    "Process",
    "Provider",
    "ProviderWebhooks",
    "ReadySign",
    "Receiver",
    "Rotation",
    "Section",
    "Signature",
    "TargetSection",
    "Telemetry",
]


class Configuration(Section, frozen=True):
    """The whole of harness.toml."""

    target: TargetSection
    process: dict[str, Process] = {}
    """What the harness starts, by name."""
    provider: Provider | None = None
    contract: Contract | None = None
    fuzz: Fuzz | None = None
    """None where harness.toml does not have the section, which asks for generated requests."""
    receiver: Receiver | None = None
    client: Client | None = None
    cassettes: Cassettes = Cassettes()
    telemetry: Telemetry | None = None
    operations: Operations | None = None
    waiver: tuple[Waiver, ...] = ()
    """Gaps that are accepted for some time."""
    item: tuple[Item, ...] = ()
    """Items of your own."""
