"""Group A, decoding: a receiver compares the signature as it is written, not what a lenient decoder makes of it.

Most decoders pass over characters outside of their alphabet, or end at the first one. That alone forges nothing, and is
a recommendation; a part of a signature that counts as the whole of it is a forgery.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from msgspec.structs import replace

from harness.errors import SignatureLacksError
from harness.http.message import Request
from harness.model import Level
from harness.openapi.event_bodies import is_json_event
from harness.webhooks.cases.building import Material
from harness.webhooks.cases.receiver_case import ReceiverCase, worded_case
from harness.webhooks.schemes import Scheme

_HEX, _BASE64 = "hex", "base64"
_OUTSIDE = {_HEX: "z", _BASE64: "!"}
"""A character outside of each alphabet."""
_TRIES = 40


def _written_in(encoding: str, scheme: Scheme) -> str:
    return _encoded(scheme) or (
        "" if scheme.encoding == encoding else f"{scheme.name} writes signatures in {scheme.encoding}"
    )


def _encoded(scheme: Scheme) -> str:
    return f"{scheme.name} sends a token, which is no signature" if scheme.is_token else ""


def _cut_by_junk(m: Material) -> Request:
    """Return a delivery whose signature has its length, but only its first half; the rest cannot be decoded."""
    right = m.signature()
    half = len(right) // 8 * 4
    return m.carrying(right[:half] + _OUTSIDE[m.scheme.encoding] * (len(right) - half))


def _with_junk(m: Material) -> Request:
    return m.carrying(m.signature() + _OUTSIDE[m.scheme.encoding] * 2)


def _spaced(m: Material) -> Request:
    right = m.signature()
    half = len(right) // 2
    return m.carrying(f"{right[:half]} {right[half:]}")


def _alike(m: Material) -> Iterator[tuple[bytes, int]]:
    """Yield bodies and times with which the delivery is as genuine, and its signature another one."""
    yield m.body, m.timestamp
    for more in range(1, _TRIES):
        if m.scheme.timestamped:
            yield m.body, m.timestamp - more
        elif is_json_event(m.event.headers, m.body):
            yield m.body + b" " * more, m.timestamp


def _written(change: Callable[[str], str], m: Material) -> Request:
    """Return a delivery whose signature is written differently, where that is possible."""
    for body, timestamp in _alike(m):
        right = m.signature(body, timestamp=timestamp)
        if (changed := change(right)) != right:
            event = replace(m.event, body=body)
            return m._replace(event=event, timestamp=timestamp).carrying(changed)
    raise SignatureLacksError(f"{m.event.name} has no signature with a character which this case changes")


def _for_urls(right: str) -> str:
    """Return a signature in the alphabet for URLs, where that changes one character.

    A decoder that passes over foreign characters fails on what one leaves, and can read what three leave: with any
    number of them, runs would differ.
    """
    changed = right.replace("+", "-").replace("/", "_")
    return changed if sum(old != new for old, new in zip(right, changed, strict=True)) == 1 else right


_case = partial(
    worded_case,
    item="webhooks.signatures",
    level=Level.SHOULD,
    source="RFC 4648 section 3.3: reject characters outside of the alphabet",
    fix="Compare the text of the signature with the text that you expect, in constant time; decode neither.",
)

CASES: tuple[ReceiverCase, ...] = (
    _case(
        id="cut-by-junk",
        level=Level.MUST,
        summary="half a signature, filled with characters outside its encoding",
        source="CVE-2024-21491; RFC 4648 section 3.3",
        fix="Compare the whole signature: decoders end at, or pass over, what they cannot read.",
        build=_cut_by_junk,
        not_applicable_to=_encoded,
    ),
    _case(
        id="junk-outside-encoding",
        summary="the right signature followed by characters outside its encoding",
        build=_with_junk,
        not_applicable_to=_encoded,
    ),
    _case(
        id="hex-odd",
        summary="the right signature with one more hexadecimal digit",
        build=lambda m: m.carrying(m.signature() + "0"),
        not_applicable_to=partial(_written_in, _HEX),
    ),
    _case(
        id="spaced-signature",
        summary="the right signature with a space in its middle",
        build=_spaced,
        not_applicable_to=_encoded,
    ),
    _case(
        id="base64-unpadded",
        summary="the right signature without its padding",
        source="RFC 4648 section 3.2",
        build=partial(_written, lambda right: right.rstrip("=")),
        not_applicable_to=partial(_written_in, _BASE64),
    ),
    _case(
        id="base64-url-safe",
        summary="the right signature in the alphabet for URLs",
        source="RFC 4648 section 5",
        build=partial(_written, _for_urls),
        not_applicable_to=partial(_written_in, _BASE64),
    ),
)
