"""``[receiver]``: the integration's webhook endpoint, and how to see what it does."""

from __future__ import annotations

from typing import Literal

from harness.model.config.base import Duration, Section
from harness.model.reference import SecretRef


class Signature(Section, frozen=True):
    """``[receiver] signature``: the scheme, and what it leaves open."""

    scheme: str
    secret: SecretRef
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
    """Name by which the receiver finds the key, where the scheme tells it."""


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
    event_id: str | None = None
    """Key of the JSON body that holds the event id, where the scheme has no header for it and names another key."""
    event_type: str | None = None
    """Key of the JSON body that holds the event type, likewise."""
    ack_within: Duration = Duration(3)
    effects: EffectProbe | None = None
    unprocessable: str | None = None
    """Event fixture that is acknowledged but cannot be processed, to provoke a dead letter."""
