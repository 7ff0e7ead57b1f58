"""What a row of receiver cases is: how a delivery is made, and what a receiver owes it."""

from __future__ import annotations

import enum
from collections.abc import Callable

import msgspec

from harness.model import Level
from harness.webhooks.cases.building import Built, Material
from harness.webhooks.schemes import Scheme


class Expected(enum.Enum):
    """What is owed to a delivery, in words for a finding's ``expected``."""

    REFUSED = "HTTP 4xx, no effect, and a receiver still alive"
    ACKNOWLEDGED = "HTTP 2xx"
    ANSWERED = "HTTP 2xx or 4xx, never 5xx, and a receiver still alive"
    REFUSED_OR_CUT = "HTTP 4xx or a closed connection, no effect, and a receiver still alive"
    ANSWERED_OR_CUT = "HTTP 2xx or 4xx, or a closed connection, never 5xx, and a receiver still alive"


class Framing(enum.Enum):
    """How a request is put on the wire."""

    PLAIN = "whole, with its length"
    CHUNKED = "in chunks"
    EXPECT = "after Expect: 100-continue"
    SLOW = "in pieces with pauses"
    HTTP_1_0 = "as HTTP/1.0"


def always(_scheme: Scheme) -> str:
    """Return that the case is for every scheme."""
    return ""


def unsigned_body(scheme: Scheme) -> str:
    """Return why a scheme says nothing of the body, empty where it signs it."""
    return "" if scheme.signs_body else f"{scheme.name} signs no body"


class ReceiverCase(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery, made genuine or wrong."""

    id: str
    item: str
    """Item of the checklist it speaks to."""
    level: Level | None = Level.MUST
    """None: what is seen is told, and never held against the receiver."""
    summary: str
    """What is special about the delivery, after the words "a delivery with"."""
    source: str
    """The specification, vendor's page or CVE that the expectation comes from."""
    expected: Expected = Expected.REFUSED
    fix: str
    """What to do about it, in words that hold for any language."""
    build: Callable[[Material], Built]
    framing: Framing = Framing.PLAIN
    extra_statuses: tuple[int, ...] = ()
    """Further statuses that are right."""
    must_not_contain: Callable[[Material, Built], str] | None = None
    """What the answer must not hold."""
    must_contain: Callable[[Material], str] | None = None
    """What the answer must hold."""
    check_answer: Callable[[Material, str], str] | None = None
    """What is wrong with an answer of the right status, given as a whole; empty when nothing is."""
    not_applicable_to: Callable[[Scheme], str] = always
    """Why the case does not concern a scheme, empty where it does."""
