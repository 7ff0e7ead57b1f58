"""``[receiver]``: the integration's webhook endpoint, and how to see what it does."""

from __future__ import annotations

from typing import Literal

from harness.model.config.base import Duration, Section
from harness.model.reference import SecretRef


class Signature(Section, frozen=True):
    """``[receiver] signature``: the scheme, and what it leaves open."""

    scheme: str
    secret: SecretRef
    previous: SecretRef | None = None
    """The secret before this one, where the receiver still accepts it while the provider changes over."""
    header: str | None = None
    """Header that carries the signature, where the scheme leaves it open."""
    template: str | None = None
    """Scheme ``hmac``: what is signed, with ``{body}``, ``{timestamp}``, ``{id}``, ``{url}``, ``{method}``."""
    digest: Literal["sha1", "sha256", "sha512"] | None = None
    """Scheme ``hmac``: the hash."""
    encoding: Literal["hex", "base64"] | None = None
    """Scheme ``hmac``: how the signature is written."""
    prefix: str | None = None
    """Scheme ``hmac``: what stands before the signature; may hold ``{timestamp}``."""
    timestamp: str | None = None
    """Scheme ``hmac``: header that carries the timestamp, where the prefix does not."""
    timestamp_unit: Literal["s", "ms"] | None = None
    """Scheme ``hmac``: seconds or milliseconds."""
    id_header: str | None = None
    """Scheme ``hmac``: header that carries the event id, where the body does not."""
    tolerance: Duration | None = None
    """How old a timestamp may be, where the receiver has another limit than the scheme."""
    key_id: str | None = None
    """Name by which the receiver finds the key, where the scheme names it."""


class Probe(Section, frozen=True):
    """How to ask the integration for one row of what it knows, in one of three ways."""

    CALLED = ("url",)

    url: str | None = None
    """GET; ``{event_id}`` is replaced. Answers 404 while the event is unknown, else JSON."""
    command: tuple[str, ...] = ()
    """Words of a command that prints JSON, or a number; ``{event_id}`` is replaced. Status 1: unknown."""
    sql: str | None = None
    """A query with the parameter ``:event_id``; no row: unknown."""
    database: str | None = None
    """Where to ask it: any SQLAlchemy URL, or a reference to a secret that holds one."""

    def __post_init__(self) -> None:
        """Raise ValueError unless exactly one way is given."""
        if sum(map(bool, (self.url, self.command, self.sql))) != 1:
            raise ValueError("give one of `url`, `command` and `sql`")
        if bool(self.sql) != bool(self.database):
            raise ValueError("`sql` and `database` belong together")


class EffectSource(Probe, frozen=True):
    """``[receiver] effects``: how to ask what the integration did because of an event."""

    count: str = "effects"
    """Key of the answer that holds the number of effects; of a row with one column, that one."""


class DeadLetters(Probe, frozen=True):
    """``[receiver] dead_letters``: how to ask for the dead letter of an event, and how to drive it again."""

    when: dict[str, str] = {}
    """What an answer says that is about a dead letter, where it is about other events too."""
    reason: str = "reason"
    """Key of the answer that says what went wrong."""
    attempts: str = "attempts"
    """Key of the answer with the number of attempts."""
    body: str = "body"
    """Key of the answer with the raw body: as text, in base64, or its SHA-256 in hexadecimal."""
    within: Duration = Duration(30)
    """How long the integration may try before it gives an event up."""
    redrive: tuple[str, ...] = ()
    """Words of a command that drives the dead letter of ``{event_id}`` again."""


class EventOrder(Section, frozen=True):
    """``[receiver] order``: two events about one object, to see that the earlier one does not undo the later one."""

    earlier: str
    later: str
    """Event fixtures."""
    object: str
    """Key of both bodies that holds the object's id; dots lead inwards."""
    state: Probe
    """How to ask for the object's state; ``{event_id}`` stands for the object's id."""


class Receiver(Section, frozen=True):
    """``[receiver]``: the integration's webhook endpoint."""

    CALLED = ("url",)

    url: str
    events: str | None = None
    """Folder of event fixtures, relative to harness.toml."""
    signature: Signature | None = None
    event_id: str | None = None
    """Key of the JSON body that holds the event id, where the scheme has no header for it and names another key."""
    event_type: str | None = None
    """Key of the JSON body that holds the event type, likewise."""
    ack_within: Duration = Duration(3)
    effects: EffectSource | None = None
    dead_letters: DeadLetters | None = None
    order: EventOrder | None = None
    slow: str | None = None
    """Event fixture whose processing takes seconds."""
    outage: tuple[str, ...] = ()
    """Words of a command that takes the integration's store away while it runs; it prints a line once it has."""
    unprocessable: str | None = None
    """Event fixture that is acknowledged but cannot be processed, to provoke a dead letter."""
