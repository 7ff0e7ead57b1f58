"""``[receiver]``: the integration's webhook endpoint, and how to observe its effects."""

from __future__ import annotations

from typing import ClassVar, Literal

from harness.model.config.base import Duration, Section
from harness.model.reference import SecretRef


class Signature(Section, frozen=True):
    """``[receiver] signature``: the scheme and its parameters."""

    MAY_BE_EMPTY = ("prefix",)

    scheme: str
    """How deliveries are signed: a provider's scheme, or ``hmac``, which the other keys describe."""
    secret: SecretRef | None = None
    """None for the scheme ``none`` alone."""
    previous: SecretRef | None = None
    """The previous secret, if the receiver still accepts it during a rotation."""
    header: str | None = None
    """Header of the signature, if the scheme does not define it."""
    template: str | None = None
    """Scheme ``hmac``: the signed text, with ``{body}``, ``{timestamp}``, ``{id}``, ``{url}``, ``{method}``."""
    digest: Literal["sha1", "sha256", "sha512"] | None = None
    """Scheme ``hmac``: the hash function."""
    encoding: Literal["hex", "base64"] | None = None
    """Scheme ``hmac``: the encoding of the signature."""
    secret_encoding: Literal["text", "hex", "base64", "whsec"] | None = None
    """Scheme ``hmac``: how the secret is written; ``whsec``: base64 after ``whsec_``."""
    prefix: str | None = None
    """Scheme ``hmac``: text before the signature; may contain ``{timestamp}``. Scheme ``token``: before the token."""
    multiple: bool | None = None
    """Scheme ``hmac``: whether one header can have several signatures; by default where the prefix has a comma."""
    timestamp: str | None = None
    """Scheme ``hmac``: header of the timestamp, if the prefix does not contain it."""
    timestamp_unit: Literal["s", "ms"] | None = None
    """Scheme ``hmac``: seconds or milliseconds."""
    id_header: str | None = None
    """Header of the event id, if it differs from the scheme's."""
    tolerance: Duration | None = None
    """Maximum age of a timestamp, if the receiver's limit differs from the scheme's."""
    key_id: str | None = None
    """Id by which the receiver finds the key, if the scheme sends one."""

    def __post_init__(self) -> None:
        """Raise ValueError for a secret of the scheme ``none``, and where any other has none."""
        unsigned = self.scheme == "none"
        if unsigned and (self.secret or self.previous):
            raise ValueError("the scheme 'none' has no secret; remove `secret` and `previous`, or name another scheme")
        if not unsigned and self.secret is None:
            raise ValueError("`secret` is missing: write a reference such as env:NAME")


class Probe(Section, frozen=True):
    """How to query the integration for one row: by URL, command or SQL."""

    CALLED = ("url",)
    MAY_BE_EMPTY: ClassVar[tuple[str, ...]] = ("command",)

    EXACTLY_ONE = ("url", "command", "sql")
    TOGETHER = (("sql", "database"),)

    url: str | None = None
    """GET; ``{event_id}`` is replaced. Answers 404 while the event is unknown, else JSON."""
    command: tuple[str, ...] = ()
    """Command and arguments; prints JSON or a number. ``{event_id}`` is replaced. Exit status 1: unknown."""
    sql: str | None = None
    """A query with the parameter ``:event_id``; no row: unknown."""
    database: str | None = None
    """Database for ``sql``: any SQLAlchemy URL, or a reference to a secret that holds one."""

    def __post_init__(self) -> None:
        """Raise ValueError unless exactly one of the three is given."""
        if sum(bool(getattr(self, key)) for key in self.EXACTLY_ONE) != 1:
            raise ValueError("give exactly one of `url`, `command` and `sql`")
        if self.given_alone():
            raise ValueError("`sql` and `database` belong together")


class EffectSource(Probe, frozen=True):
    """``[receiver] effects``: how to query the effects of an event."""

    count: str = "effects"
    """Key of the number of effects in the answer; a row with a single column needs none."""


class DeadLetters(Probe, frozen=True):
    """``[receiver] dead_letters``: how to query the dead letter of an event, and how to redrive it."""

    MAY_BE_EMPTY = ("command", "redrive")

    when: dict[str, str] = {}
    """Keys and values that mark an answer as a dead letter, if the probe also answers for other events."""
    reason: str = "reason"
    """Key of the reason in the answer."""
    attempts: str = "attempts"
    """Key of the number of attempts in the answer."""
    body: str = "body"
    """Key of the raw body in the answer: as text, in base64, or its SHA-256 in hexadecimal."""
    within: Duration = Duration(30)
    """Time within which the integration moves a failing event to its dead letters."""
    redrive: tuple[str, ...] = ()
    """Command and arguments that redrive the dead letter of ``{event_id}``."""


class EventOrder(Section, frozen=True):
    """``[receiver] order``: two events about one object; the earlier one must not undo the later one."""

    earlier: str
    """Event fixture of what happens first."""
    later: str
    """Event fixture of what happens after it."""
    object: str
    """Dotted key of the object's id in both bodies."""
    state: Probe
    """How to query the object's state; ``{event_id}`` is replaced by the object's id."""


class Receiver(Section, frozen=True):
    """``[receiver]``: the integration's webhook endpoint."""

    CALLED = ("url",)
    MAY_BE_EMPTY = ("event_type", "outage", "stop", "start")
    TOGETHER = (("stop", "start"),)

    url: str
    """URL of the webhook endpoint."""
    events: str | None = None
    """Folder of event fixtures, relative to harness.toml."""
    signature: Signature | None = None
    event_id: str | None = None
    """Key of the event id in the body, if it is not where the scheme has it."""
    event_type: str | None = None
    """Key of the event type in the JSON body, if it differs from the scheme's."""
    ack_within: Duration = Duration(3)
    """How soon a delivery must be acknowledged."""
    effects: EffectSource | None = None
    dead_letters: DeadLetters | None = None
    order: EventOrder | None = None
    slow: str | None = None
    """Event fixture that takes seconds to process."""
    outage: tuple[str, ...] = ()
    """Command and arguments that make the integration's store unavailable while they run; prints a line once it is."""
    unprocessable: str | None = None
    """Event fixture that is acknowledged but cannot be processed, to provoke a dead letter."""
    stop: tuple[str, ...] = ()
    """Command and arguments that kill a receiver which the harness does not start, for the crash drills."""
    start: tuple[str, ...] = ()
    """Command and arguments that start it again."""

    def __post_init__(self) -> None:
        """Raise ValueError where one of `stop` and `start` is given alone."""
        if self.given_alone():
            raise ValueError("give both `stop` and `start`, or neither")
