"""TLS of every client: what a careful sender demands of a server, set here, whichever Python and OpenSSL run it.

The defaults differ: Python 3.13 verifies strictly (``VERIFY_X509_STRICT``) and trusts an intermediate certificate that
the trust store lists, 3.11 does neither; Debian's Python takes its ciphers from the system, others bring a list of
their own. A verdict must not depend on that, so `client_context` sets what senders of webhooks have in common.
"""

from __future__ import annotations

import re
import ssl
from functools import cache

UNTRUSTED = "TLS: the certificate is not valid"
_PLACE = re.compile(r" \(_ssl\.c:\d+\)")
"""The line of Python's source in a message of OpenSSL, which differs from version to version."""

LEAST, MOST = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
"""RFC 9325 section 3.1.1. Go's crypto/tls, Java (``jdk.tls.disabledAlgorithms``), Node.js (``tls.DEFAULT_MIN_VERSION``)
and Stripe and LINE as senders offer nothing older."""

CIPHERS = (
    "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:DHE+CHACHA20:ECDHE+AES:DHE+AES:!aNULL:!eNULL:!aDSS:!AESCCM:@SECLEVEL=2"
)
"""Of TLS 1.2, with forward secrecy (RFC 9325 section 4.1): Go since 1.22, Java since 24 and rustls offer no exchange of
keys by RSA alone. ``@SECLEVEL=2`` refuses RSA keys below 2048 bits and signatures by SHA-1, as OpenSSL does since 3.2,
Debian's before, and the CA/Browser Forum (Baseline Requirements, section 6.1.5). TLS 1.3 has the same ciphers
everywhere."""

VERIFY = ssl.VerifyFlags.VERIFY_X509_TRUSTED_FIRST | ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
"""What the trust store lists is trusted, though it be no root: so do curl (since 7.68), Go, Java and Python 3.13.

Not ``VERIFY_X509_STRICT``: of OpenSSL, curl, Node.js, Go and Java none demands, as Python does since 3.13, that a
certificate of a private authority has an Authority Key Identifier (RFC 5280 section 4.2.1.1) and its authority a
critical Basic Constraints (section 4.2.1.9)."""


def client_context(cadata: str | None = None) -> ssl.SSLContext:
    """Return a context that verifies servers; ``cadata``, certificates as PEM, takes the trust store's place.

    A certificate is for the names that it lists as alternatives: its Common Name is ignored, as RFC 9110 section 4.3.4
    demands, and Go since 1.15 does.
    """
    context = ssl.create_default_context(cadata=cadata)
    context.hostname_checks_common_name = False
    context.verify_flags = VERIFY
    restrict(context, LEAST, MOST)
    return context


def restrict(context: ssl.SSLContext, least: ssl.TLSVersion, most: ssl.TLSVersion, ciphers: str = CIPHERS) -> None:
    """Let a context speak these versions and no others, with these ciphers below TLS 1.3."""
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED  # so that neither bound is ever set across the other
    context.maximum_version = most
    context.minimum_version = least
    context.set_ciphers(ciphers)


@cache
def tls_context() -> ssl.SSLContext:
    """Return the one context of the process: loading the trust store costs 25 ms each time."""
    return client_context()


def tls_failure(exc: ssl.SSLError) -> str:
    """Return in words why there is no TLS connection."""
    if isinstance(exc, ssl.SSLCertVerificationError):
        return f"{UNTRUSTED}: {exc.verify_message}"
    return f"TLS: {exc.reason.lower().replace('_', ' ') if exc.reason else _PLACE.sub('', str(exc))}"
