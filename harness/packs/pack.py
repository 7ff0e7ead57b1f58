"""What a pack states of one vendor; every statement has the page that it is from."""

from __future__ import annotations

from harness.model.config import Duration, Section


class Statement(Section, frozen=True, kw_only=True):
    """A habit of the vendor, in a sentence."""

    text: str
    source: str
    """URL of the vendor's page."""


class Acknowledgement(Statement, frozen=True, kw_only=True):
    """``[acknowledgement]``: how soon the vendor wants a response to a delivery."""

    within: Duration
    """The limit for `[receiver] ack_within`: the vendor's, or less where it names none."""


class IdempotencyHeader(Statement, frozen=True, kw_only=True):
    """``[idempotency]``: the header of a request that makes a retry safe."""

    header: str


class ErrorBody(Statement, frozen=True, kw_only=True):
    """``[error]``: what the body of an error looks like."""

    example: str
    """JSON."""


class GoLiveLine(Section, frozen=True, kw_only=True):
    """``[[go_live]]``: one line of the vendor's own list, and the items of the checklist that prove it."""

    text: str
    source: str
    items: tuple[str, ...] = ()
    """Empty where the checklist proves nothing of it."""


class ClientPreset(Statement, frozen=True, kw_only=True):
    """``client.toml`` of a vendor: what its own libraries do, as its pages state it."""

    answer_within: Duration
    """How long they wait for one response; for `[client] policy.answer_within`."""
    retry_on: tuple[int, ...] = ()
    """For `[client] policy.retry_on`; empty where the pages name no statuses."""


class Pack(Section, frozen=True, kw_only=True):
    """One vendor."""

    title: str
    scheme: str
    """Name of its signature scheme."""
    signing_secret: str
    """Reference under which a target has the secret: env:, and the name that the vendor's pages use."""
    event_id: str = ""
    """For `[receiver] event_id`; empty where the scheme knows the place."""
    acknowledgement: Acknowledgement
    redelivery: Statement
    handshake: Statement | None = None
    """What the vendor asks before its first event; None where it asks nothing."""
    idempotency: IdempotencyHeader | None = None
    """None where the vendor documents no such header."""
    rate_limit: Statement
    error: ErrorBody
    go_live: tuple[GoLiveLine, ...]
