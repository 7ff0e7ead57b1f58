"""What a row of receiver cases is: how a delivery is built, and what a receiver must do with it."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from typing import Any

from harness.errors import EventError
from harness.http.message import Request
from harness.model import Check
from harness.webhooks.cases.building import Build, Material
from harness.webhooks.schemes import Scheme


class Expected(enum.StrEnum):
    """What a receiver must do with a delivery; each value is also its words for a reader."""

    REFUSED = "HTTP 4xx without effect or crash"
    ACKNOWLEDGED = "HTTP 2xx"
    ACKNOWLEDGED_OR_CUT = "HTTP 2xx or a closed connection"
    ANSWERED = "HTTP 2xx or 4xx without a crash"
    REFUSED_OR_CUT = "HTTP 4xx or a closed connection, without effect or crash"
    ANSWERED_OR_CUT = "HTTP 2xx, 4xx or a closed connection, without a crash"
    WITHOUT_EFFECT = "no effect and no crash, whatever the response"


class Framing(enum.Enum):
    """How a request is sent."""

    PLAIN = "whole, with its length"
    CHUNKED = "in chunks"
    EXPECT = "after Expect: 100-continue"
    SLOW = "in pieces with pauses"
    HTTP_1_0 = "as HTTP/1.0"
    AFTER_GENUINE = "on the connection of a genuine delivery"
    AFTER_FORGED = "on the connection of a forgery"


REFUSALS = (Expected.REFUSED, Expected.REFUSED_OR_CUT, Expected.WITHOUT_EFFECT)
"""What is expected of a delivery that must have no effect."""


def always(_scheme: Scheme) -> str:
    """Return that the case applies to every scheme."""
    return ""


def unsigned_body(scheme: Scheme) -> str:
    """Return why a changed body goes unnoticed, empty where the scheme signs the body."""
    return "" if scheme.signs_body else f"{scheme.name} does not sign the body"


def without_header(scheme: Scheme) -> str:
    """Return why no header can be wrong, empty where a header has the signature."""
    return "" if scheme.header else f"{scheme.name} has no header for a signature"


def no_shared_secret(scheme: Scheme) -> str:
    """Return why the receiver has no secret to sign with, empty where it has the sender's."""
    return "" if scheme.symmetric else f"with {scheme.name} the receiver has a public key, not a secret"


def unauthenticated(scheme: Scheme) -> str:
    """Return why there is no forgery, empty where a delivery shows who sent it."""
    return "" if scheme.authenticates else "nothing shows who sent a delivery, so none can be forged"


class ReceiverCase(Check, frozen=True, kw_only=True):
    """One delivery, genuine or wrong on purpose; `summary` names it, as the object of a sentence."""

    response: Expected = Expected.REFUSED
    """What is judged; `expected` has it in words, with more where `check_answer` or `must_not_contain` checks more."""
    judged: bool = True
    """Whether a failure counts against the receiver; otherwise it is only reported."""
    build: Build
    """Builds the delivery; raises `EventError` where the event does not allow the change."""
    framing: Framing = Framing.PLAIN
    extra_statuses: tuple[int, ...] = ()
    """Further statuses that pass."""
    must_not_contain: Callable[[Material, Request], str] | None = None
    """Text that the response must not contain."""
    check_answer: Callable[[Material, str], str] | None = None
    """Returns what is wrong with a whole response of the right status; empty when nothing is."""
    not_applicable_to: Callable[[Scheme], str] = always
    """Why the case does not apply to a scheme, empty where it does."""
    parts: tuple[tuple[str, Build], ...] = ()
    """Deliveries with one part each of what is wrong with it, after the words for that: they find what is trusted."""
    takes_effect: bool = False
    """Whether it has the effect of a genuine delivery, so that a success status without it is no success."""
    is_garbage: bool = False
    """Whether it holds no event, so that nothing may come of it."""
    is_readable: bool = False
    """Whether its body is JSON of another content than expected, so that who fails on it does not check that."""

    def delivery(self, material: Material) -> Request:
        """Return the delivery of an event.

        Raises `EventError` where the event does not allow the change, or where what must be refused would be just what
        the provider sends.
        """
        built = self.build(material)
        if self.response in REFUSALS and _is_same(built, material.signed()):
            raise EventError(f"{self.summary} is a genuine delivery of {material.event.name}, which nobody can refuse")
        return built


def _is_same(one: Request, other: Request) -> bool:
    """Whether two deliveries differ at most in the order of their headers."""
    headers = (sorted((name.lower(), value) for name, value in each.headers) for each in (one, other))
    same = (one.method, one.url, one.body) == (other.method, other.url, other.body)
    return same and next(headers) == next(headers)


_VERBS: Mapping[Expected, tuple[str, str]] = {
    Expected.REFUSED: ("Refused", "Accepted"),
    Expected.REFUSED_OR_CUT: ("Refused", "Accepted"),
    Expected.ACKNOWLEDGED: ("Accepted", "Refused"),
    Expected.ACKNOWLEDGED_OR_CUT: ("Accepted", "Refused"),
    Expected.ANSWERED: ("Handled", "Failed on"),
    Expected.ANSWERED_OR_CUT: ("Survived", "Did not survive"),
    Expected.WITHOUT_EFFECT: ("Did not process", "Processed"),
}


def worded_case(
    *, summary: str, expected: Expected = Expected.REFUSED, verbs: tuple[str, str] | None = None, **fields: Any
) -> ReceiverCase:
    """Return the row whose sentences are a verb and its summary: "Refused a delivery without a signature".

    ``verbs`` are those for a pass and for a fail, by default the usual ones for what is ``expected``.
    """
    given = fields.pop("not_applicable_to", always)
    if expected in REFUSALS:
        fields["not_applicable_to"] = lambda scheme: unauthenticated(scheme) or given(scheme)
    else:
        fields["not_applicable_to"] = given
    passed, failed = (f"{verb} {summary}" for verb in verbs or _VERBS[expected])
    return ReceiverCase(
        summary=summary, passed=passed, failed=failed, expected=expected.value, response=expected, **fields
    )
