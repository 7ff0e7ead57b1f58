"""Receiver cases as data: each row says how a delivery is made wrong, and what a receiver owes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import msgspec

from harness.webhooks.schemes import Headers, Scheme


class Material(NamedTuple):
    """What a case builds its delivery from."""

    scheme: Scheme
    body: bytes
    secret: str
    timestamp: int
    """Unix seconds."""
    event_id: str = ""
    url: str = ""
    """The receiver's; some schemes sign it."""

    def __repr__(self) -> str:
        return f"<material of {self.event_id or 'an event'}>"

    def signed(self, *, secret: str | None = None, timestamp: int | str | None = None) -> Headers:
        """The signature headers of this delivery with another secret or timestamp."""
        return self.scheme.sign(
            self.body,
            secret=self.secret if secret is None else secret,
            timestamp=self.timestamp if timestamp is None else timestamp,
            event_id=self.event_id,
            url=self.url,
        )

    @property
    def genuine(self) -> Headers:
        """The signature headers of an honest delivery."""
        return self.signed()

    @property
    def signature(self) -> str:
        """The bare signature of an honest delivery."""
        return self.scheme.signature_in(self.genuine, timestamp=self.timestamp)

    def written(self, *signatures: str) -> Headers:
        """Well-formed headers around any signature; around none, the others alone."""
        return self.scheme.written(*signatures, timestamp=self.timestamp, body=self.body)

    def raw(self, value: str) -> Headers:
        """Any text at all where the signature belongs, the other headers as they should be."""
        return self.scheme.raw(value, timestamp=self.timestamp, body=self.body)


Built = tuple[Headers, bytes]


class ReceiverCase(msgspec.Struct, frozen=True, kw_only=True):
    """One forged delivery; a refusal is 4xx, no effect, and a receiver still alive."""

    id: str
    item: str
    summary: str
    source: str
    """The specification, vendor's page or CVE the expectation comes from."""
    build: Callable[[Material], Built]


_SIGNATURES = "webhooks.signatures"
_STANDARD = "Standard Webhooks, Verifying signatures"

CASES: tuple[ReceiverCase, ...] = (
    ReceiverCase(
        id="missing",
        item=_SIGNATURES,
        summary="no signature header",
        source="CVE-2026-21894, CVE-2023-50728",
        build=lambda m: (m.written(), m.body),
    ),
    ReceiverCase(
        id="empty",
        item=_SIGNATURES,
        summary="an empty signature header",
        source=_STANDARD,
        build=lambda m: (m.raw(""), m.body),
    ),
    ReceiverCase(
        id="altered-body",
        item=_SIGNATURES,
        summary="one byte added to the body after signing",
        source=_STANDARD,
        build=lambda m: (m.genuine, m.body + b" "),
    ),
    ReceiverCase(
        id="wrong-secret",
        item=_SIGNATURES,
        summary="signed with another secret",
        source=_STANDARD,
        build=lambda m: (m.signed(secret=m.scheme.new_secret()), m.body),
    ),
    ReceiverCase(
        id="empty-secret",
        item=_SIGNATURES,
        summary="signed with the empty secret",
        source="CVE-2026-86080, CVE-2026-123870",
        build=lambda m: (m.signed(secret=""), m.body),
    ),
    ReceiverCase(
        id="truncated",
        item=_SIGNATURES,
        summary="the first half of the right signature",
        source="CVE-2024-21491",
        build=lambda m: (m.written(m.signature[: len(m.signature) // 2]), m.body),
    ),
    ReceiverCase(
        id="truncated-to-nothing",
        item=_SIGNATURES,
        summary="a well-formed header with no signature in it",
        source="CVE-2024-21491",
        build=lambda m: (m.written(""), m.body),
    ),
    ReceiverCase(
        id="garbled",
        item=_SIGNATURES,
        summary="a signature header that is not one",
        source="a 5xx makes the sender retry and pages people",
        build=lambda m: (m.raw("nonsense"), m.body),
    ),
    ReceiverCase(
        id="garbled-encoding",
        item=_SIGNATURES,
        summary="a signature with characters its encoding does not have",
        source="a 5xx makes the sender retry and pages people",
        build=lambda m: (m.written("!" * len(m.signature)), m.body),
    ),
    ReceiverCase(
        id="garbled-bytes",
        item=_SIGNATURES,
        summary="a signature with bytes that are not ASCII",
        source="python hmac.compare_digest raises TypeError on such text",
        build=lambda m: (m.written("\u00e9" * len(m.signature)), m.body),
    ),
    ReceiverCase(
        id="garbled-timestamp",
        item=_SIGNATURES,
        summary="the right signature behind mangled punctuation",
        source="a 5xx makes the sender retry and pages people",
        build=lambda m: (m.raw(",=,=t" + m.genuine[0][1][2:]), m.body),
    ),
)


def case_named(case_id: str) -> ReceiverCase | None:
    """Return the case of that id, or None."""
    return next((c for c in CASES if c.id == case_id), None)
