"""What makes a forgery of each carrier: a delivery signed with another secret is refused, whatever carries it.

Verification that some requests pass by is no verification: an attacker who forges a delivery also chooses its method,
path, headers, coding, framing and content. What carries a forgery is one entry of a table: of a method, a path or a
sender in `carriers`, of headers in `vendor_headers`, of a coding or a body in `forged_bodies`.
"""

from __future__ import annotations

from functools import partial

from harness.http.message import Headers, Request
from harness.webhooks.cases.building import Material, replaced
from harness.webhooks.cases.receiver_case import Expected, worded_case

ALWAYS = "Verify every request that reaches the handler in the same way, before you look at anything else in it."
SAME_CHECK = "Verify before you read the event: the kind that it states must decide nothing before that."
_DEPENDS = "CWE-807: no decision about security depends on what the sender chooses"

carried = partial(worded_case, item="webhooks.signatures", source=_DEPENDS, fix=ALWAYS)
"""A row of a forgery that is refused."""
untaken = partial(carried, expected=Expected.WITHOUT_EFFECT)
"""A row of a forgery that others than the handler of deliveries may answer: what counts is that it has no effect."""


def forged(m: Material, body: bytes | None = None) -> Request:
    """Return a delivery that is signed with another secret."""
    return m.signed(body, secret=m.scheme.new_secret())


def with_headers(headers: Headers, built: Request) -> Request:
    """Return a delivery with these values of headers instead of its own."""
    for name, value in headers:
        built = replaced(built, name, value)
    return built
