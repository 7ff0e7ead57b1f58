"""What a row of receiver cases is: how a delivery is made, and what a receiver must do with it."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from typing import ClassVar

from harness.http.message import Request
from harness.model import Check, Outcome
from harness.webhooks.cases.building import Material
from harness.webhooks.schemes import Scheme


class Expected(enum.StrEnum):
    """What must become of a delivery, in words for a finding's ``expected``."""

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


class ReceiverCase(Check, frozen=True, kw_only=True):
    """One delivery, made genuine or wrong."""

    conclusions: ClassVar[Mapping[Outcome, str]] = {
        Outcome.PASS: "was answered as it must be",
        Outcome.FAIL: "was not answered as it must be",
        Outcome.NOT_APPLICABLE: "does not apply",
        Outcome.NOT_RUN: "is known in part",
    }

    expected: Expected = Expected.REFUSED
    """The `summary` says what is special about the delivery, after the words "a delivery with"."""
    judged: bool = True
    """Whether what is seen is held against the receiver; otherwise it is only reported."""
    build: Callable[[Material], Request]
    """Makes the delivery; raises `EventError` where the event cannot be changed so."""
    framing: Framing = Framing.PLAIN
    extra_statuses: tuple[int, ...] = ()
    """Further statuses that are right."""
    must_not_contain: Callable[[Material, Request], str] | None = None
    """What the answer must not hold."""
    must_contain: Callable[[Material], str] | None = None
    """What the answer must hold."""
    check_answer: Callable[[Material, str], str] | None = None
    """What is wrong with an answer of the right status, given as a whole; empty when nothing is."""
    not_applicable_to: Callable[[Scheme], str] = always
    """Why the case does not concern a scheme, empty where it does."""

    def sentence(self, outcome: Outcome) -> str:
        """Return the line that a person reads first."""
        conclusion = self.conclusions.get(outcome, "could not be judged")
        return f"{self.id}: a delivery with {self.summary} {conclusion}"
