"""Where the client sends its credential: never in a URL, to another origin, or to a server that it cannot verify."""

from __future__ import annotations

from harness.http.loopback_server import LoopbackServer
from harness.http.message import Request, Response
from harness.http.parser import BadMessageError
from harness.model import Check
from harness.resilience.certificate_authority import Certificate
from harness.resilience.faults import Fault
from harness.resilience.unread_requests import UnreadRequests

ITEM = "auth.transport"
MAX_BODY = 1024 * 1024
MAX_REQUESTS = 100
IDLE_S = 10.0
_CREDENTIAL_HEADERS = ("authorization", "proxy-authorization", "cookie")


class TransportCase(Check, frozen=True, kw_only=True):
    """One situation in which a client may leak its credential."""

    item: str = ITEM
    expected: str = "the credential in a header of calls to the provider, and nowhere else"
    redirect: int | None = None
    """Status that redirects a call of each operation to another origin; None for no redirect."""
    certificate: Certificate | None = None
    """What a server in the provider's place presents; None for no such server."""


URL = TransportCase(
    id="url",
    summary="calls of the workflow, second attempts among them",
    passed="Sent no credential in a URL",
    failed="Sent the credential in a URL",
    source="OWASP API2:2023; RFC 6750 section 2.3",
    fix="Send the credential in a header, never in a path or a query, which end up in logs.",
)
OTHER_HEADER = TransportCase(
    id="other-header",
    summary="headers of the same calls that are for something else",
    passed="Sent the credential in no header but its own",
    failed="Sent the credential in a header that is not for it",
    expected="the credential in the place that [provider] auth or the document names, and in no other",
    source="CWE-201; OWASP API2:2023; RFC 9110 section 17.9",
    fix="Send the credential in its own header alone: User-Agent, Referer and headers of tracing are stored in logs "
    "and passed on.",
)
REDIRECTED = tuple(
    TransportCase(
        id=f"redirect-{status}",
        summary=f"a {status} to another origin",
        passed=f"Sent no credential along a {status} to another origin",
        failed=f"Sent the credential along a {status} to another origin",
        source="RFC 9110 section 15.4; CVE-2018-18074, CVE-2022-27774",
        fix="Remove the credential from a request that follows a redirect to another scheme, host or port.",
        redirect=status,
    )
    for status in (302, 307)
)
CERTIFIED = tuple(
    TransportCase(
        id=case_id,
        summary=f"a server in the provider's place, with {certificate}",
        passed=f"Sent nothing to a server with {certificate}",
        failed=f"Sent a request to a server with {certificate}",
        expected="a failed handshake, and no request",
        source="RFC 9110 section 4.3.4, RFC 6750 section 5.2; CWE-295",
        fix="Verify the chain, the dates and the name of every certificate, also in tests: let the client trust a "
        "private authority by its certificate, and never switch the verification off.",
        certificate=certificate,
    )
    for case_id, certificate in (
        ("untrusted-certificate", Certificate.UNTRUSTED),
        ("expired-certificate", Certificate.EXPIRED),
        ("certificate-of-another-name", Certificate.OTHER_NAME),
    )
)
CASES: tuple[TransportCase, ...] = (URL, OTHER_HEADER, *REDIRECTED, *CERTIFIED)


class Elsewhere(LoopbackServer):
    """Another origin: records the requests that arrive there, and answers 404."""

    def __init__(self) -> None:
        super().__init__("elsewhere", max_body=MAX_BODY, idle_s=IDLE_S)
        self.arrived: list[tuple[str, bytes]] = []
        """For each request the names of its headers with credentials, and all its bytes."""
        self._unread = UnreadRequests(bound=f"the first {MAX_REQUESTS}", max_body=MAX_BODY)

    @property
    def url(self) -> str:
        """Host name and port both differ from the fault server's: another origin by any definition (RFC 6454)."""
        return f"http://localhost:{self.port}/elsewhere"

    def fault(self, status: int) -> Fault:
        """Return the response that redirects a client here."""
        return Fault(status=status, headers=(("Location", self.url),))

    def respond(self, request: Request) -> Response:
        """Record any request."""
        self._record(request)
        return Response(status=404)

    def refuse(self, error: BadMessageError) -> Response:
        """Record the head of a request whose body is refused: it may contain the credential."""
        self._unread.refuse(error)
        if error.request is not None:
            self._record(error.request)
        return super().refuse(error)

    @property
    def unread(self) -> list[str]:
        """In words, what arrived that `arrived` does not have."""
        return self._unread.words

    def _record(self, request: Request) -> None:
        names = ", ".join(name for name in _CREDENTIAL_HEADERS if request.header(name))
        head = "\n".join([request.url, *(f"{name}: {value}" for name, value in request.headers), ""])
        self.note(names, head.encode("latin-1") + request.body)

    def note(self, names: str, sent: bytes) -> None:
        """Note a request, with the names of its headers that have credentials."""
        if len(self.arrived) < MAX_REQUESTS:
            self.arrived.append((names, sent))
        else:
            self._unread.exceed()
