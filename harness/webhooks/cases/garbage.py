"""Group A, garbage: an unreadable signature counts as a wrong signature and breaks nothing."""

from __future__ import annotations

import base64
from functools import partial

from harness.http.message import Request
from harness.model import Level
from harness.webhooks.cases.building import Material, replaced
from harness.webhooks.cases.receiver_case import Expected, ReceiverCase, without_header, worded_case

_SOURCE = "A 5xx makes the sender retry and pages people (Standard Webhooks, Webhook consumers)"
_PARSE = (
    "Do not trust the header when you parse it: answer 400 to whatever you cannot read, and let no exception through."
)


def _twice(first: str, second: str, m: Material) -> Request:
    values = {"good": m.value(), "bad": m.value("0" * len(m.signature()))}
    return replaced(m.signed(), m.scheme.header, values[first], values[second])


_garbage = partial(worded_case, item="webhooks.signatures", source=_SOURCE, fix=_PARSE)

CASES: tuple[ReceiverCase, ...] = (
    _garbage(
        id="good-then-bad",
        summary="two signature headers with the right one first",
        level=Level.SHOULD,
        expected=Expected.ANSWERED,
        build=partial(_twice, "good", "bad"),
        not_applicable_to=without_header,
    ),
    _garbage(
        id="bad-then-good",
        summary="two signature headers with the right one last",
        level=Level.SHOULD,
        expected=Expected.ANSWERED,
        build=partial(_twice, "bad", "good"),
        not_applicable_to=without_header,
    ),
    _garbage(id="garbled", summary="the word 'nonsense' as a signature", build=lambda m: m.raw("nonsense")),
    _garbage(
        id="garbled-label",
        summary="a signature of its label alone",
        build=lambda m: m.raw(m.scheme.label or "v1"),
    ),
    _garbage(id="garbled-commas", summary="a signature full of commas", build=lambda m: m.raw(",,v1,a,b,c,")),
    _garbage(id="garbled-pairs", summary="a signature of empty key-value pairs", build=lambda m: m.raw("=,t=,v1=,=")),
    _garbage(
        id="garbled-punctuation",
        summary="the right signature behind broken punctuation",
        build=lambda m: m.raw(",=,=t" + m.value()[2:]),
    ),
    _garbage(
        id="garbled-encoding",
        summary="a signature with characters outside its encoding",
        build=lambda m: m.carrying("!" * len(m.signature())),
    ),
    _garbage(
        id="garbled-padding",
        summary="a signature of a length that its encoding does not allow",
        build=lambda m: m.carrying("A" * (len(m.signature()) // 2 * 2 - 1)),
    ),
    _garbage(
        id="garbled-bytes",
        summary="a signature with bytes outside ASCII",
        source="RFC 9110 section 5.5: field values may hold obs-text",
        build=lambda m: m.carrying("\u00e9" * len(m.signature())),
    ),
    _garbage(
        id="garbled-length",
        summary="a signature of 60,000 characters",
        expected=Expected.REFUSED_OR_CUT,
        build=lambda m: m.carrying("a" * 60_000),
    ),
    _garbage(
        id="many-signatures",
        level=Level.SHOULD,
        summary="a header with 1,000 wrong signatures",
        expected=Expected.REFUSED_OR_CUT,
        fix="Bound the number of signatures you compare.",
        build=lambda m: m.carrying(*[base64.b16encode(bytes([n % 256])).decode() for n in range(1000)]),
        not_applicable_to=lambda s: "" if s.rotates else f"{s.name} sends only one signature",
    ),
)
