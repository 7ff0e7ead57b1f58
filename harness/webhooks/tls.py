"""Group E, TLS: on its way to the receiver nobody can read or change a delivery, and senders trust who answers.

A few handshakes and one delivery over plain HTTP, as rows; each is over within `WITHIN_S` seconds.
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
    """The way to a receiver, and what may be sent along it."""

    receiver: ReceiverUnderTest
    event: Event
    trusted: Callable[[], ssl.SSLContext] = tls_context
    """Makes the context that knows which certificates are trusted."""

    @property
    def url(self) -> str:
        """Where the receiver is, as harness.toml says."""
        return self.receiver.wire.url


class TlsCase(Check, frozen=True, kw_only=True):
    """One look at the way to the receiver."""

    item: str = ITEM
    not_applicable_to: Callable[[str], str]
    """Why it does not concern a URL, empty where it does."""
    look: Callable[[TlsTarget], Judgement]


def judge(case: TlsCase, target: TlsTarget, *, reproduce: str = "") -> Finding:
    """Look once, and return what was seen."""
    reason = case.not_applicable_to(target.url)
    outcome, observed = (Outcome.NOT_APPLICABLE, reason) if reason else case.look(target)
    return case.finding(outcome, observed, reproduce=reproduce)


def plain_url(url: str) -> str:
    """Return where the same host would answer plain HTTP: port 80 beside 443, else the port itself."""
    parts = urlsplit(url)
    port = parts.port or _TLS_PORT
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return parts._replace(scheme="http", netloc=f"{host}:{_PLAIN_PORT if port == _TLS_PORT else port}").geturl()


def _https(url: str) -> str:
    return "" if urlsplit(url).scheme == "https" else f"[receiver] url is not https: {url}"


def _outside(url: str) -> str:
    return f"{url} does not leave this machine" if urlsplit(url).hostname in LOOPBACK else ""


def _encrypted(target: TlsTarget) -> Judgement:
    return (Outcome.FAIL if _https(target.url) else Outcome.PASS), target.url


def _certificate(target: TlsTarget) -> Judgement:
    try:
        with closing(_shaken(target.url, target.trusted())) as connection:
            until = dict(connection.getpeercert() or {}).get("notAfter")
            return Outcome.PASS, f"{connection.version()}, valid until {until}"
    except ssl.SSLCertVerificationError as exc:
        return Outcome.FAIL, tls_failure(exc)
    except OSError as exc:
        return Outcome.ERROR, _unreachable(target.url, exc)


def _modern(target: TlsTarget) -> Judgement:
    try:
        with closing(_shaken(target.url, _trusting(LEAST, MOST))) as connection:
            return Outcome.PASS, f"{connection.version()} with {(connection.cipher() or ('?',))[0]}"
    except ssl.SSLError as exc:
        return Outcome.FAIL, f"no handshake: {tls_failure(exc)}"
    except OSError as exc:
        return Outcome.ERROR, _unreachable(target.url, exc)


def _old(target: TlsTarget) -> Judgement:
    context = _trusting(ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1, _OLD_CIPHERS)
    if not _can_offer(context):
        return Outcome.NOT_RUN, f"{ssl.OPENSSL_VERSION}, as it is set up here, cannot offer TLS 1.1 or older"
    try:
        with closing(_shaken(target.url, context)) as connection:
            return Outcome.FAIL, f"it takes {connection.version()}"
    except TimeoutError as exc:
        return Outcome.ERROR, _unreachable(target.url, exc)
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
    return (Outcome.FAIL if answer.acknowledged else Outcome.PASS), f"{wire.url}: {answer.seen}"


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
    """Return a context for these versions that takes any certificate: one row alone is about that."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that these versions are old is the point
        restrict(context, least, most, ciphers)
    return context


def _can_offer(context: ssl.SSLContext) -> bool:
    """Tell whether the OpenSSL of this machine writes the first message of such a handshake."""
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
    return f"cannot be judged: {_reason(exc)}. Is the receiver up, and does it speak TLS at {url}?"


_OLD_SOURCE = "RFC 8996: TLS 1.0 and 1.1 must not be used"
_case = partial(TlsCase, not_applicable_to=_https, source="Standard Webhooks, Security: use HTTPS")

CASES: tuple[TlsCase, ...] = (
    _case(
        id="https",
        level=Level.SHOULD,
        summary="the way to the receiver",
        passed="The receiver's URL uses https",
        failed="The receiver's URL does not use https",
        expected="an https URL",
        fix="Let the receiver be reached over https, and name that URL as [receiver] url.",
        not_applicable_to=_outside,
        look=_encrypted,
    ),
    _case(
        id="certificate",
        summary="the receiver's certificate",
        passed="Presented a certificate that senders can verify",
        failed="Presented a certificate that senders cannot verify",
        source="RFC 9110 section 4.3.4; senders deliver to nobody whose certificate they cannot verify",
        expected="a certificate for this host, in date, with its chain up to a root that is trusted here",
        fix="Renew the certificate, for this host name, and serve it with its intermediate certificates. A private "
        "authority is made known to the harness by SSL_CERT_FILE.",
        look=_certificate,
    ),
    _case(
        id="modern-tls",
        summary="a handshake with TLS 1.2 or newer",
        passed="Completed a handshake with TLS 1.2 or newer",
        failed="Did not complete a handshake with TLS 1.2 or newer",
        source="RFC 9325 section 3.1.1",
        expected="a handshake that succeeds",
        fix="Switch TLS 1.2 and 1.3 on where TLS ends.",
        look=_modern,
    ),
    _case(
        id="old-tls",
        level=Level.SHOULD,
        summary="a handshake with at most TLS 1.1",
        passed="Refused TLS 1.1 and older",
        failed="Accepted TLS 1.1 or older",
        source=_OLD_SOURCE,
        expected="it is refused",
        fix="Switch TLS 1.0 and 1.1 off where TLS ends.",
        look=_old,
    ),
    _case(
        id="plain-http",
        level=Level.SHOULD,
        summary="a genuine delivery over plain HTTP to the same host",
        passed="Accepted no delivery over plain HTTP",
        failed="Accepted a delivery over plain HTTP",
        expected="it is refused or redirected, never 2xx",
        fix="Answer plain HTTP with a redirect to https or not at all, and take no delivery from it.",
        look=_plain,
    ),
)
