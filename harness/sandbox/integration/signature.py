"""Is this webhook from the product, and new? Answered over the raw bytes, before anything is parsed."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from harness.sandbox.defects import Planted
from harness.sandbox.integration import lenience

TOLERANCE_S = 300
INVALID = "invalid signature"
STALE = "timestamp outside tolerance"
_MOST_SIGNATURES = 10


class Header(NamedTuple):
    """``x-product-signature: t=<Unix seconds>,v1=<hex>[,v1=<hex>]``; versions other than v1 are passed over."""

    stamp: str
    """The text in the header, as that was signed; empty when it cannot be read."""
    signatures: tuple[str, ...]


class Verifier:
    """Checks signatures with every secret that is valid now."""

    def __init__(self, secrets: Callable[[], Sequence[str]], *, planted: Planted | None = None) -> None:
        """``secrets`` is asked at each delivery, so that a rotation needs no restart."""
        self._secrets = secrets
        self._planted = planted or Planted()

    def refusal(self, header: str, body: bytes, *, now: float | None = None) -> str:
        """Return why a delivery is refused, empty when it is genuine; never raises."""
        now = time.time() if now is None else now
        given = self._parsed(header)
        stamps = [given.stamp] if given.stamp else self._guessed(header, now)
        for stamp in stamps:
            if any(self._matches(given.signatures, stamp, b) for b in self._bodies(body)):
                return "" if self._fresh(float(self._dated(header) or stamp), now) else STALE
        return INVALID

    def expected(self, header: str, body: bytes) -> str:
        """Return the right signature; for a planted defect only."""
        return _mac(self._secrets()[0].encode(), self._parsed(header).stamp, body)

    def _parsed(self, header: str) -> Header:
        pairs = [part.partition("=") for part in header.split(",")]
        stamps = [value for name, _, value in pairs if name == "t"]
        if "receiver-chooses-among-timestamps" in self._planted:
            stamps = stamps[:1]
        readable = len(stamps) == 1 and stamps[0].isascii() and stamps[0].isdecimal() and len(stamps[0]) <= 12
        if stamps and not readable and "receiver-500-on-unreadable-time" in self._planted:
            raise ValueError("t is not a number")
        if (
            any(name not in ("t", "v1") for name, _, _ in pairs)
            and "receiver-refuses-unknown-versions" in self._planted
        ):
            return Header("", ())
        signatures = [value for name, _, value in pairs if name == "v1"][:_MOST_SIGNATURES]
        if "receiver-reads-first-signature-only" in self._planted:
            signatures = signatures[:1]
        if "receiver-reads-last-signature-only" in self._planted:
            signatures = signatures[-1:]
        if "receiver-accepts-old-versions" in self._planted:
            signatures += [value for name, _, value in pairs if name == "v0"]
        return Header(stamps[0] if readable else "", tuple(signatures))

    def _dated(self, header: str) -> str:
        """Return the timestamp by which a delivery is too old; only for a planted defect another one than is signed."""
        last = header.rpartition("t=")[2].partition(",")[0]
        return last if "receiver-chooses-among-timestamps" in self._planted and last.isdecimal() else ""

    def _guessed(self, header: str, now: float) -> list[str]:
        if "receiver-needs-no-timestamp" in self._planted and "t=" not in header:
            return [str(int(now) - age) for age in range(TOLERANCE_S)]
        return []

    def _fresh(self, stamp: float, now: float) -> bool:
        if "receiver-reads-local-time" in self._planted:
            now += time.localtime(now).tm_gmtoff
        tolerance = 10 if "receiver-tolerates-ten-seconds" in self._planted else TOLERANCE_S
        old = now - stamp > tolerance and "receiver-accepts-stale" not in self._planted
        ahead = 0 if "receiver-refuses-clocks-ahead" in self._planted else tolerance
        early = stamp - now > ahead and "receiver-accepts-future" not in self._planted
        return not old and not early

    def _matches(self, signatures: Sequence[str], stamp: str, body: bytes) -> bool:
        pairs = [(key, s) for key in self._keys() for s in signatures]
        return any(
            self._equal(_mac(key, stamp, body), s) or lenience.forged(key, stamp, body, s, self._planted)
            for key, s in pairs
        )

    def _keys(self) -> list[bytes]:
        secrets = list(self._secrets())
        if "receiver-ignores-previous-secret" in self._planted:
            secrets = secrets[:1]
        if "receiver-accepts-empty-secret" in self._planted:
            secrets.append("")
        return [s.encode() for s in secrets]

    def _equal(self, right: str, given: str) -> bool:
        if "receiver-compares-prefix" in self._planted:
            return bool(given) and right.startswith(given)
        if lenience.accepts(right, given, self._planted):
            return True
        if "receiver-accepts-trailing-junk" in self._planted:
            given = given[: len(right)]
        if "receiver-500-on-non-ascii-signature" in self._planted:
            return hmac.compare_digest(right, given)  # raises TypeError for text that is not ASCII
        return hmac.compare_digest(right.encode(), given.encode())

    def _bodies(self, body: bytes) -> Iterable[bytes]:
        """Return what is taken for signed: the bytes as they arrived, and nothing else."""
        if "receiver-strips-bodies" in self._planted:
            return [body.strip()]
        if "receiver-verifies-reserialised-json" in self._planted:
            return [_reserialised(body)]
        return [body, _reserialised(body)] if "receiver-accepts-reserialised-json" in self._planted else [body]


def _mac(key: bytes, stamp: str, body: bytes) -> str:
    return hmac.new(key, f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()


def _reserialised(body: bytes) -> bytes:
    try:
        return json.dumps(json.loads(body), separators=(",", ":")).encode()
    except (ValueError, RecursionError):
        return body
