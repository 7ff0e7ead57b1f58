"""The sections of harness.toml, as structs: what each key means, its unit and its default."""

from __future__ import annotations

import enum
import re

import msgspec

from harness.model.item import Item
from harness.model.reference import SecretRef
from harness.model.waiver import Waiver

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")


class Duration(float):
    """A length of time in seconds, written ``250ms``, ``3s``, ``5m``, ``2h`` or ``90d``."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Duration:
        """Read a length of time; raises ValueError that says how one is written."""
        match = _DURATION.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is not a length of time; write 250ms, 3s, 5m, 2h or 90d")
        return cls(float(match[1]) * _UNITS[match[2]])


class Environment(enum.StrEnum):
    """Where the target runs; ``production`` refuses faults, fuzzing and writes."""

    LOCAL = "local"
    STAGING = "staging"
    PRODUCTION = "production"


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of the sections: an unknown key is an error."""


class TargetSection(Section, frozen=True):
    """``[target]``: the name, the environment, and where the user's scenarios are."""

    name: str
    environment: Environment = Environment.LOCAL
    scenarios: tuple[str, ...] = ()
    """Folders or files of scenarios the gate runs, relative to harness.toml."""


class Process(Section, frozen=True):
    """``[process.NAME]``: a process the harness starts, watches and stops."""

    command: tuple[str, ...]
    ready: str
    """URL that answers 2xx once the process serves."""
    ready_within: Duration = Duration(20)
    env: dict[str, str] = {}
    """Added to the environment; a value may be a secret reference."""


class Bearer(Section, frozen=True, tag_field="type", tag="bearer"):
    """``Authorization: Bearer …`` (RFC 6750)."""

    token: SecretRef


class ApiKey(Section, frozen=True, tag_field="type", tag="api-key"):
    """A key in a header of its own."""

    key: SecretRef
    header: str = "X-API-Key"


class Basic(Section, frozen=True, tag_field="type", tag="basic"):
    """``Authorization: Basic …`` (RFC 7617)."""

    username: str
    password: SecretRef


class Provider(Section, frozen=True):
    """``[provider]``: the Product API."""

    spec: str
    """Path of the OpenAPI document, relative to harness.toml, or its URL."""
    base_url: str
    auth: Bearer | ApiKey | Basic | None = None


class Signature(Section, frozen=True):
    """``[receiver] signature``: the scheme, and what it leaves open."""

    scheme: str
    secret: SecretRef
    header: str | None = None
    """Header that carries the signature, where the scheme leaves it open."""


class EffectProbe(Section, frozen=True):
    """``[receiver] effects``: how to ask what the integration did because of an event."""

    url: str
    """GET; ``{event_id}`` is replaced. Answers 404 while the event is unknown, else JSON."""
    count: str = "effects"
    """Key of the JSON answer that holds the number of effects."""


class Receiver(Section, frozen=True):
    """``[receiver]``: the integration's webhook endpoint."""

    url: str
    events: str | None = None
    """Folder of event fixtures, relative to harness.toml."""
    signature: Signature | None = None
    event_id: str = "id"
    """Key of the JSON body that holds the event id, where the scheme has no header for it."""
    event_type: str = "type"
    """Key of the JSON body that holds the event type."""
    ack_within: Duration = Duration(3)
    effects: EffectProbe | None = None
    unprocessable: str | None = None
    """Event fixture that is acknowledged but cannot be processed, to provoke a dead letter."""


class Policy(Section, frozen=True):
    """``[client] policy``: what the client promises of its retries."""

    max_attempts: int = 5
    """Requests for one operation, the first included."""
    retry_after_cap: Duration = Duration(60)


class Client(Section, frozen=True):
    """``[client]``: a command that runs the core workflow once, exit status 0 on success."""

    command: tuple[str, ...]
    env: dict[str, str] = {}
    """Added to the environment; ``{fault_server}`` is replaced by the URL the client must call."""
    timeout: Duration = Duration(60)
    policy: Policy = Policy()


class Telemetry(Section, frozen=True):
    """``[telemetry]``: where the integration shows what it does."""

    metrics: str | None = None
    """URL in the Prometheus text format."""
    series: dict[str, str] = {}
    """Which series counts what: delivered, rejected, duplicate, dead_letter, retried."""
    settle_within: Duration = Duration(5)
    """How long a series may take to move after it was provoked."""


class Operations(Section, frozen=True):
    """``[operations]``: what keeps the integration running."""

    runbooks: str | None = None
    """Glob of Markdown files, relative to harness.toml."""
    review_within: Duration = Duration(180 * 86400)
    """How old a runbook's last review may be."""
    logs: tuple[str, ...] = ()
    """Globs of log files of processes the harness does not start."""
    scan: tuple[str, ...] = ()
    """Globs of further files in which no secret may stand, such as cassettes and fixtures."""


class Document(Section, frozen=True):
    """The whole of harness.toml."""

    target: TargetSection
    process: dict[str, Process] = {}
    provider: Provider | None = None
    receiver: Receiver | None = None
    client: Client | None = None
    telemetry: Telemetry | None = None
    operations: Operations | None = None
    waiver: tuple[Waiver, ...] = ()
    item: tuple[Item, ...] = ()
