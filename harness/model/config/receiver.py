"""``[receiver]``: the integration's webhook endpoint, and how to see what it does."""

from __future__ import annotations

from harness.model.config.base import Duration, Section
from harness.model.reference import SecretRef


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
