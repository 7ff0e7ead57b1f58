"""Group E, TLS: nobody can read or change a delivery on its way, and senders can verify the receiver.

A few handshakes and one delivery over plain HTTP, as rows; each ends within `WITHIN_S` seconds.
"""

from __future__ import annotations

import socket
import ssl
import warnings
from collections.abc import Callable
from contextlib import closing
from functools import partial
from typing import NamedTuple
from urllib.parse import urlsplit

from harness.http.address import public_url
from harness.http.client_tls import CIPHERS, LEAST, MOST, restrict, tls_context, tls_failure
from harness.http.message import LOOPBACK
from harness.http.unanswered import no_connection
from harness.model import Check, Event, Finding, Level, Outcome
from harness.model.check import Judgement
from harness.webhooks.case_runner import ReceiverUnderTest

ITEM = "webhooks.tls"
WITHIN_S = 5.0

_TLS_PORT = 443
_PLAIN_PORT = 80
_OLD_CIPHERS = "ALL:@SECLEVEL=0"
"""Old versions of TLS sign with hashes below the usual level."""


class TlsTarget(NamedTuple):
    """A receiver, and the event that may be sent to it."""

    receiver: ReceiverUnderTest
    event: Event
    trusted: Callable[[], ssl.SSLContext] = tls_context
    """Returns the context that knows which certificates are trusted."""

    @property
    def url(self) -> str:
        """The receiver's URL from harness.toml."""
        return self.receiver.wire.url


class TlsCase(Check, frozen=True, kw_only=True):
    """One handshake or delivery on the way to the receiver."""

    item: str = ITEM
    not_applicable_to: Callable[[str], str]
    """Why it does not apply to a URL, empty where it does."""
    look: Callable[[TlsTarget], Judgement]


def judge(case: TlsCase, target: TlsTarget, *, reproduce: str = "") -> Finding:
    """Run one row and return its finding."""
    reason = case.not_applicable_to(target.url)
    outcome, observed = (Outcome.NOT_APPLICABLE, reason) if reason else case.look(target)
    return case.finding(outcome, observed, reproduce=reproduce)


def plain_url(url: str) -> str:
    """Return the URL for plain HTTP on the same host: port 80 in place of 443, else the same port."""
    parts = urlsplit(url)
    port = parts.port or _TLS_PORT
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return parts._replace(scheme="http", netloc=f"{host}:{_PLAIN_PORT if port == _TLS_PORT else port}").geturl()


def _https(url: str) -> str:
    return "" if urlsplit(url).scheme == "https" else f"[receiver] url is not https: {url}"


def _outside(url: str) -> str:
    return f"{url} does not leave this machine" if urlsplit(url).hostname in LOOPBACK else ""


def _encrypted(target: TlsTarget) -> Judgement:
    return (Outcome.FAIL if _https(target.url) else Outcome.PASS), public_url(target.url)


def _certificate(target: TlsTarget) -> Judgement:
    try:
        with closing(_shaken(target.url, target.trusted())) as connection:
            until = dict(connection.getpeercert() or {}).get("notAfter")
            return Outcome.PASS, f"{connection.version()}, valid until {until}"
    except ssl.SSLCertVerificationError as exc:
        return Outcome.FAIL, tls_failure(exc)
    except OSError as exc:
        return Outcome.ERROR, _unreachable(public_url(target.url), exc)


def _modern(target: TlsTarget) -> Judgement:
    try:
        with closing(_shaken(target.url, _trusting(LEAST, MOST))) as connection:
            return Outcome.PASS, f"{connection.version()} with {(connection.cipher() or ('?',))[0]}"
    except ssl.SSLError as exc:
        return Outcome.FAIL, f"no handshake: {tls_failure(exc)}"
    except OSError as exc:
        return Outcome.ERROR, _unreachable(public_url(target.url), exc)


def _old(target: TlsTarget) -> Judgement:
    context = _trusting(ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1, _OLD_CIPHERS)
    if not _can_offer(context):
        return Outcome.NOT_RUN, f"{ssl.OPENSSL_VERSION}, as configured here, cannot offer TLS 1.1 or older"
    try:
        with closing(_shaken(target.url, context)) as connection:
            return Outcome.FAIL, f"it accepts {connection.version()}"
    except TimeoutError as exc:
        return Outcome.ERROR, _unreachable(public_url(target.url), exc)
    except OSError as exc:
        refused = _reason(exc)
    modern, seen = _modern(target)
    if modern is not Outcome.PASS:  # one that refuses everything proves nothing by refusing the old
        return Outcome.ERROR, f"cannot be judged: {seen}"
    return Outcome.PASS, f"refused: {refused}"


def _plain(target: TlsTarget) -> Judgement:
    receiver = target.receiver
    event = receiver.fresh(target.event)
    built = receiver.material(event).signed()
    wire = receiver.wire.at(plain_url(target.url), timeout_s=WITHIN_S)
    answer = wire.send(built, event=event.name, event_id=event.id)
    return (Outcome.FAIL if answer.acknowledged else Outcome.PASS), f"{public_url(wire.url)}: {answer.seen}"


def _shaken(url: str, context: ssl.SSLContext) -> ssl.SSLSocket:
    """Return a connection after its handshake."""
    parts = urlsplit(url)
    connection = socket.create_connection((parts.hostname, parts.port or _TLS_PORT), timeout=WITHIN_S)
    try:
        return context.wrap_socket(connection, server_hostname=parts.hostname)
    except BaseException:
        connection.close()
        raise


def _trusting(least: ssl.TLSVersion, most: ssl.TLSVersion, ciphers: str = CIPHERS) -> ssl.SSLContext:
    """Return a context for these versions that accepts any certificate: another row checks that."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that these versions are old is the point
        restrict(context, least, most, ciphers)
    return context


def _can_offer(context: ssl.SSLContext) -> bool:
    """Return whether the OpenSSL of this machine can start such a handshake."""
    written = ssl.MemoryBIO()
    try:
        context.wrap_bio(ssl.MemoryBIO(), written).do_handshake()
    except ssl.SSLWantReadError:
        return written.pending > 0
    except ssl.SSLError:
        return False
    return True


def _reason(exc: OSError) -> str:
    if isinstance(exc, TimeoutError):
        return f"no answer within {WITHIN_S:g} s"
    return no_connection(exc, within_s=WITHIN_S)


def _unreachable(url: str, exc: OSError) -> str:
    return f"cannot be judged: {_reason(exc)}. Is the receiver up, and does it use TLS at {url}?"


_OLD_SOURCE = "RFC 8996: TLS 1.0 and 1.1 must not be used"
_case = partial(TlsCase, not_applicable_to=_https, source="Standard Webhooks, Security: use HTTPS")

CASES: tuple[TlsCase, ...] = (
    _case(
        id="https",
        level=Level.SHOULD,
        summary="the URL of the receiver",
        passed="The receiver's URL uses https",
        failed="The receiver's URL does not use https",
        expected="an https URL",
        fix="Serve the receiver over https, and set [receiver] url to that URL.",
        not_applicable_to=_outside,
        look=_encrypted,
    ),
    _case(
        id="certificate",
        summary="the receiver's certificate",
        passed="Presented a certificate that senders can verify",
        failed="Presented a certificate that senders cannot verify",
        source="RFC 9110 section 4.3.4; senders refuse a certificate that they cannot verify",
        expected="a valid certificate for this host, with a chain to a root that is trusted here",
        fix="Renew the certificate for this host name, and serve it with its intermediate certificates. For a private "
        "authority, set SSL_CERT_FILE in the environment of the harness.",
        look=_certificate,
    ),
    _case(
        id="modern-tls",
        summary="a handshake with TLS 1.2 or newer",
        passed="Completed a handshake with TLS 1.2 or newer",
        failed="Did not complete a handshake with TLS 1.2 or newer",
        source="RFC 9325 section 3.1.1",
        expected="a successful handshake",
        fix="Enable TLS 1.2 and 1.3 where TLS is terminated.",
        look=_modern,
    ),
    _case(
        id="old-tls",
        level=Level.SHOULD,
        summary="a handshake with at most TLS 1.1",
        passed="Refused TLS 1.1 and older",
        failed="Accepted TLS 1.1 or older",
        source=_OLD_SOURCE,
        expected="a refused handshake",
        fix="Disable TLS 1.0 and 1.1 where TLS is terminated.",
        look=_old,
    ),
    _case(
        id="plain-http",
        level=Level.SHOULD,
        summary="a genuine delivery over plain HTTP to the same host",
        passed="Accepted no delivery over plain HTTP",
        failed="Accepted a delivery over plain HTTP",
        expected="no 2xx: a refusal, a redirect or no answer",
        fix="Answer plain HTTP with a redirect to https or not at all, and never accept a delivery over it.",
        look=_plain,
    ),
)
