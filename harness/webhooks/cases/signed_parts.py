"""Group A, the signed parts: whatever the scheme signs beside the body is part of what a receiver verifies."""

from __future__ import annotations

import re
from functools import partial
from urllib.parse import urlsplit

from msgspec.structs import replace

from harness.http.message import Request
from harness.webhooks.cases.building import Material, replaced
from harness.webhooks.cases.freshness import MARGIN_S, tolerance_of, unlimited, unplaced
from harness.webhooks.cases.receiver_case import ReceiverCase, worded_case
from harness.webhooks.schemes import Scheme

_PARTS = {
    "timestamp": "its timestamp",
    "id": "its id",
    "url": "its URL",
    "method": "its method",
    "content_digest": "the digest of its body",
}


def _signs(part: str, scheme: Scheme) -> str:
    if f"{{{part}}}" not in scheme.signed:
        return f"{scheme.name} does not sign {_PARTS[part]}"
    return "" if _leaving_out(part, scheme) else f"{scheme.name} signs {_PARTS[part]} among other parameters"


def _leaving_out(part: str, scheme: Scheme) -> Scheme | None:
    """Return the scheme without one part of what it signs; None where the part is one of many parameters."""
    placeholder = f"{{{part}}}"
    line = re.search(rf'("[^"\n]+"): {re.escape(placeholder)}\n', scheme.signed)
    if line is None:
        alone = "@signature-params" not in scheme.signed
        return replace(scheme, signed=re.sub(re.escape(placeholder) + "[^{]?", "", scheme.signed)) if alone else None

    def shorter(text: str) -> str:
        """Remove a component and its name from a signature base and its parameters (RFC 9421, section 2.5)."""
        return text.replace(line[0], "").replace(f" {line[1]}", "").replace(f"({line[1]} ", "(")

    beside = tuple((name, shorter(value)) for name, value in scheme.beside)
    return replace(scheme, signed=shorter(scheme.signed), beside=beside)


def _without(part: str, m: Material) -> Request:
    """Return a delivery that states all parts, and whose signature covers all but one."""
    scheme = _leaving_out(part, m.scheme)
    assert scheme is not None  # `_signs` ensures it
    forged = m._replace(scheme=scheme).signature()
    return m._replace(scheme=replace(m.scheme, beside=scheme.beside)).carrying(forged)


def _other_url(m: Material) -> Request:
    """Return a delivery whose signature is for another endpoint of the same host."""
    parts = urlsplit(m.url)
    return m.carrying(m._replace(url=parts._replace(path=f"{parts.path}/other").geturl()).signature())


def _other_method(m: Material) -> Request:
    signature = m.scheme.signature(
        m.body, secret=m.secret, timestamp=m.timestamp, event_id=m.signed_id, url=m.url, method="PUT"
    )
    return m.carrying(signature)


def _two_timestamps(first: str, second: str, m: Material) -> Request:
    """Return an expired delivery with its signature, that states its own time and the present one."""
    times = {"old": m.timestamp - tolerance_of(m.scheme) - MARGIN_S, "new": m.timestamp}
    right = m.signature(timestamp=times["old"])
    stamps = [m.scheme.stamp(times[which]) for which in (first, second)]
    if m.scheme.timestamp_header:
        return replaced(m.carrying(right, timestamp=times["old"]), m.scheme.timestamp_header, *stamps)
    stated = m.scheme.value[: m.scheme.value.index("{timestamp}")].rpartition(",")[2] + "{timestamp}"
    between = m.scheme.value.partition("{timestamp}")[2][:1]
    value = m.scheme.value.replace(stated, between.join(stated.format(timestamp=stamp) for stamp in stamps))
    return m.raw(value.format(signature=right))


def _one_timestamp(scheme: Scheme) -> str:
    return unlimited(scheme) or unplaced(scheme)


_fix = "Verify over exactly what the provider signs: its template, filled with what the delivery states."
_case = partial(worded_case, item="webhooks.signatures", fix=_fix, source="CWE-345")

CASES: tuple[ReceiverCase, ...] = (
    *(
        _case(
            id=f"unsigned-{part.replace('_', '-')}",
            item="webhooks.freshness" if part == "timestamp" else "webhooks.signatures",
            summary=f"a signature that does not cover {words}",
            source="RFC 9421 section 3.2.1; CWE-345",
            build=partial(_without, part),
            not_applicable_to=partial(_signs, part),
        )
        for part, words in _PARTS.items()
    ),
    _case(
        id="other-url",
        summary="a signature for another URL",
        source="RFC 9421 section 7.2.1: a signature of one message is not for another",
        build=_other_url,
        not_applicable_to=lambda s: "" if s.signs_url else f"{s.name} does not sign the URL",
    ),
    _case(
        id="other-method",
        summary="a signature for another method",
        build=_other_method,
        not_applicable_to=partial(_signs, "method"),
    ),
    *(
        _case(
            id=f"timestamps-{first}-then-{second}",
            item="webhooks.freshness",
            summary=f"an expired delivery that states two timestamps, the {first} one first",
            source="CWE-436: two readers of one message that choose differently",
            fix="Refuse a delivery with two timestamps, and judge the age by the one that you verify.",
            build=partial(_two_timestamps, first, second),
            not_applicable_to=_one_timestamp,
        )
        for first, second in (("old", "new"), ("new", "old"))
    ),
)
