"""Runs of Base32, in capitals or small letters."""

from __future__ import annotations

import string
from collections.abc import Iterator

from harness.secrets.decoding.packed import readable

LEAST_BASE32 = 13
"""Digits of the shortest value."""
_UPPER, _LOWER = f"{string.ascii_uppercase}234567".encode(), f"{string.ascii_lowercase}234567".encode()
_DIGITS_OF_32 = tuple(bytes(1 if c in case else 0 for c in range(256)) for case in (_UPPER, _LOWER))
_AS_NUMBER = bytes.maketrans(_UPPER + _LOWER, 2 * (string.digits + "abcdefghijklmnopqrstuv").encode())
"""As Python writes numbers to the base 32."""
_HEXADECIMAL = string.hexdigits.encode()


def base32_runs(runs: bytes) -> set[bytes]:
    """Return the parts of distinct runs, one a line, that may be Base32, and are no hexadecimal number."""
    found = set[bytes]()
    for digits in _DIGITS_OF_32:
        signs = runs.translate(digits)
        at = signs.find(b"\1" * LEAST_BASE32)
        while at >= 0:
            end = signs.find(b"\0", at)
            end = end if end >= 0 else len(runs)
            if runs[at:end].strip(_HEXADECIMAL):
                found.add(runs[at:end])
            at = signs.find(b"\1" * LEAST_BASE32, end)
    return found


def base32_texts(run: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield offset and text for each bit with which a byte may begin: something else may go before it."""
    number = int(run.translate(_AS_NUMBER), 32)
    for shift in range(8):
        bits = 5 * len(run) - shift
        plain = (number % (1 << bits) >> bits % 8).to_bytes(bits // 8)
        if readable(plain):
            yield shift // 5, plain
