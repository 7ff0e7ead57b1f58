"""Is this webhook from the product? Answered over the raw bytes, before anything is parsed."""

from __future__ import annotations

import hashlib
import hmac
import time

TOLERANCE_S = 300


class Verifier:
    """Checks ``x-product-signature: t=<Unix seconds>,v1=<hex>[,v1=<hex>]``."""

    def __init__(self, secret: str, *, whole: bool = True) -> None:
        """``whole=False`` compares only as far as the signature given goes, which is a planted defect."""
        self._secret = secret.encode()
        self._whole = whole

    def accepts(self, header: str, body: bytes, *, now: float | None = None) -> bool:
        """Whether one of the signatures in ``header`` is right and its time within tolerance; never raises."""
        stamp, signatures = _parsed(header)
        if stamp is None or abs((time.time() if now is None else now) - stamp) > TOLERANCE_S:
            return False
        right = hmac.new(self._secret, f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
        return any(self._equal(right, given) for given in signatures)

    def _equal(self, right: str, given: str) -> bool:
        if not self._whole:
            return bool(given) and right.startswith(given)
        # Bytes: compare_digest raises for text that is not ASCII.
        return hmac.compare_digest(right.encode(), given.encode())


def _parsed(header: str) -> tuple[int | None, list[str]]:
    pairs = [part.partition("=") for part in header.split(",")]
    stamps = [value for name, _, value in pairs if name == "t"]
    readable = len(stamps) == 1 and stamps[0].isascii() and stamps[0].isdecimal() and len(stamps[0]) <= 12
    return int(stamps[0]) if readable else None, [value for name, _, value in pairs if name == "v1"]
