"""A server in the provider's place, whose certificates the client must not take."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Mapping

import msgspec

from harness.http.client_tls import tls_failure
from harness.http.loopback_server import HOST
from harness.http.message import Request, Response
from harness.http.parser import BadMessageError
from harness.http.server_connection import ServerConnection
from harness.resilience.certificate_authority import Certificate
from harness.resilience.credential_leak import MAX_REQUESTS, Elsewhere

_NO_TLS = "TLS: http request"
"""What OpenSSL makes of a client that sends plain HTTP."""
_NO_REQUEST = "no request after it"
"""Why a handshake failed that was complete: curl looks at the name in a certificate only then, and hangs up."""


class CertificateOutcome(msgspec.Struct, kw_only=True):
    """What a client did at a server with one certificate."""

    refused: list[str] = []
    """Why each handshake failed, in words."""
    arrived: list[tuple[str, bytes]] = []
    """As `Elsewhere.arrived`: the requests of a client that took the certificate."""
    unreadable: int = 0
    """How many requests of such a client were not HTTP/1.1."""
    ended: str = ""
    """How the run of the client ended, in words."""


class Impostor(Elsewhere):
    """Presents one certificate after another, each to one connection and the last to all others; answers 404."""

    def __init__(self, contexts: Mapping[Certificate, ssl.SSLContext]) -> None:
        """``contexts`` are in the order in which they are presented."""
        super().__init__()
        self._left = [*contexts.items()]
        self._changing = threading.Lock()
        self._served = threading.local()
        self.met: dict[Certificate, CertificateOutcome] = {}
        """What came of each certificate that was presented."""

    @property
    def url(self) -> str:
        """Where the client is to find the provider."""
        return f"https://{HOST}:{self.port}"

    def prepare(self, connection: ServerConnection) -> None:
        """Shake hands; where that fails, note why."""
        with self._changing:
            kind, context = self._left.pop(0) if len(self._left) > 1 else self._left[0]
            self._served.met = self.met.setdefault(kind, CertificateOutcome())
        self._served.asked = False
        secure = context.wrap_socket(connection.socket, server_side=True, do_handshake_on_connect=False)
        connection.socket = secure
        try:
            secure.do_handshake()
        except OSError as exc:
            reason = tls_failure(exc) if isinstance(exc, ssl.SSLError) else type(exc).__name__
            if reason != _NO_TLS:
                self._refused(reason)
            raise

    def _refused(self, reason: str) -> None:
        if len(refused := self._served.met.refused) < MAX_REQUESTS:
            refused.append(reason)

    def _serve_one(self, connection: ServerConnection) -> bool:
        try:
            return super()._serve_one(connection)
        finally:
            if not self._served.asked:
                self._refused(_NO_REQUEST)

    def _answer(self, connection: ServerConnection, request: Request) -> bool:
        self._served.asked = True
        return super()._answer(connection, request)

    def refuse(self, error: BadMessageError) -> Response:
        """Count a request that cannot be read: its client took the certificate, too."""
        self._served.asked = True
        if error.request is None:
            self._served.met.unreadable += 1
        return super().refuse(error)

    def note(self, names: str, sent: bytes) -> None:
        """Note a request beside the certificate that its client took."""
        if len(arrived := self._served.met.arrived) < MAX_REQUESTS:
            arrived.append((names, sent))
