"""Planted ways to verify too little: each takes something for the right body, signature or time that is not."""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Callable, Mapping

from harness.sandbox.defects import Planted


def _text(body: bytes) -> str:
    return body.decode("utf-8", "replace")


READ_AS: Mapping[str, Callable[[bytes], bytes]] = {
    "receiver-reads-bodies-as-text": lambda body: _text(body).encode(),
    "receiver-drops-byte-order-marks": lambda body: body.removeprefix(b"\xef\xbb\xbf"),
    "receiver-changes-line-breaks": lambda body: body.replace(b"\r\n", b"\n"),
    "receiver-composes-letters": lambda body: unicodedata.normalize("NFC", _text(body)).encode(),
    "receiver-ends-bodies-at-nul": lambda body: body.partition(b"\0")[0],
}
"""What a body becomes before anything else sees it."""


def _of_any_length(key: bytes, message: bytes, given: str) -> str:
    """Return the signature with the digest that the length of the given one suggests."""
    digest = {32: "md5", 40: "sha1", 128: "sha512"}.get(len(given), "sha256")
    return hmac.new(key, message, digest).hexdigest()


RIGHT_TOO: Mapping[str, Callable[[bytes, bytes, str], str]] = {
    "receiver-accepts-any-digest": _of_any_length,
    "receiver-accepts-plain-digest": lambda _key, message, _given: hashlib.sha256(message).hexdigest(),
    "receiver-drops-marked-retries": lambda key, message, _given: hmac.new(
        key, b"v0:" + message.replace(b".", b":", 1), hashlib.sha256
    ).hexdigest(),
    "receiver-hashes-secret-and-message": lambda key, message, _given: hashlib.sha256(key + message).hexdigest(),
    "receiver-accepts-unsigned-time": lambda key, message, _given: hmac.new(
        key, message.partition(b".")[2], hashlib.sha256
    ).hexdigest(),
}
"""Further signatures that count as right: from key, signed text and the given one."""


def _decoded(given: str) -> str:
    """Return what a decoder makes of hexadecimal that ends at the first other character, and drops half a byte."""
    digits = re.match("(?:[0-9a-f]{2})*", given.replace(" ", ""))
    return digits.group() if digits else ""


EQUAL_TOO: Mapping[str, Callable[[str, str], bool]] = {
    "receiver-decodes-signatures": lambda right, given: _decoded(given) == right,
    "receiver-compares-what-it-decodes": lambda right, given: (
        len(given) == len(right) and bool(_decoded(given)) and right.startswith(_decoded(given))
    ),
}
"""Further ways in which a given signature equals the right one."""


def read(body: bytes, planted: Planted) -> bytes:
    """Return a body as the receiver reads it: the bytes as they are, where nothing is planted."""
    for defect, change in READ_AS.items():
        if defect in planted:
            body = change(body)
    return body


def accepts(right: str, given: str, planted: Planted) -> bool:
    """Whether a signature that is not the right one counts as it."""
    return any(defect in planted and equal(right, given) for defect, equal in EQUAL_TOO.items())


def forged(key: bytes, stamp: str, body: bytes, given: str, planted: Planted) -> bool:
    """Whether a signature that the provider does not make counts as right."""
    message = f"{stamp}.".encode() + body
    return any(defect in planted and sign(key, message, given) == given for defect, sign in RIGHT_TOO.items())
