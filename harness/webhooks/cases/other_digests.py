"""Group A, digests: a receiver computes signatures in the one way of its scheme, and in no other."""

from __future__ import annotations

import hashlib
from functools import partial

from msgspec.structs import replace

from harness.http.message import Request
from harness.webhooks.cases.building import Material
from harness.webhooks.cases.receiver_case import ReceiverCase, worded_case
from harness.webhooks.schemes import Scheme
from harness.webhooks.schemes.algorithms import ENCODINGS, KEY_FORMS

_DIGESTS = {"md5": "MD5", "sha1": "SHA-1", "sha256": "SHA-256", "sha512": "SHA-512"}
_HMAC = "hmac-"


def _not_hmac(scheme: Scheme) -> str:
    return "" if scheme.algorithm.startswith(_HMAC) else f"{scheme.name} does not sign with an HMAC"


def _own(digest: str, scheme: Scheme) -> str:
    own = f"{_DIGESTS[digest]} is the digest of {scheme.name}" if scheme.algorithm == _HMAC + digest else ""
    return _not_hmac(scheme) or own


def _with_digest(digest: str, m: Material) -> Request:
    """Return a delivery whose signature is made with another digest, and looks otherwise like the scheme's."""
    other = replace(m.scheme, algorithm=_HMAC + digest)
    return m.carrying(m._replace(scheme=other).signature())


def _plain(m: Material, *, key: bytes = b"") -> Request:
    """Return a delivery whose signature is a digest of ``key`` and what is signed behind it: no HMAC."""
    message = m.scheme.message(m.body, timestamp=m.timestamp, event_id=m.signed_id, url=m.url)
    digest = hashlib.new(m.scheme.algorithm.removeprefix(_HMAC), key + message).digest()
    return m.carrying(ENCODINGS[m.scheme.encoding](digest))


def _concatenated(m: Material) -> Request:
    return _plain(m, key=KEY_FORMS[m.scheme.key_form].read(m.secret))


_case = partial(
    worded_case,
    item="webhooks.signatures",
    fix="Compute the signature with the one algorithm that the provider documents, whatever the delivery contains.",
)

CASES: tuple[ReceiverCase, ...] = (
    *(
        _case(
            id=f"digest-{digest}",
            summary=f"a signature made with {name} instead of the scheme's digest",
            source="CWE-327; RFC 6151 and RFC 6194 on MD5 and SHA-1",
            build=partial(_with_digest, digest),
            not_applicable_to=partial(_own, digest),
        )
        for digest, name in _DIGESTS.items()
    ),
    _case(
        id="digest-without-secret",
        summary="a plain digest instead of a signature, which anybody can compute",
        source="CWE-345; RFC 2104",
        build=_plain,
        not_applicable_to=_not_hmac,
    ),
    _case(
        id="digest-of-secret",
        summary="a digest of secret and message instead of an HMAC, which can be extended",
        source="RFC 2104 section 6; CWE-328",
        build=_concatenated,
        not_applicable_to=_not_hmac,
    ),
)
