"""Where the client sends its credential: never in a URL, and never along a redirect to another origin."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from harness.http.loopback_server import LoopbackServer
from harness.http.message import Request, Response
from harness.http.parser import BadMessageError
from harness.model import Attempt, Check, Finding, Outcome
from harness.resilience.client_process import ClientRun
from harness.resilience.faults import Fault

ITEM = "auth.transport"
MAX_BODY = 1024 * 1024
MAX_REQUESTS = 100
IDLE_S = 10.0
_CREDENTIAL_HEADERS = ("authorization", "proxy-authorization", "cookie")

Search = Callable[[bytes], Sequence[str]]
"""Returns the names of the known secrets in some bytes, in any encoding."""


class TransportCase(Check, frozen=True, kw_only=True):
    """One situation in which a client may leak its credential."""

    item: str = ITEM
    expected: str = "the credential in a header of calls to the provider, and nowhere else"
    redirect: int | None = None
    """Status that redirects the first call to another origin; None for no redirect."""


URL = TransportCase(
    id="url",
    summary="calls of the workflow",
    passed="Sent no credential in a URL",
    failed="Sent the credential in a URL",
    source="OWASP API2:2023; RFC 6750 section 2.3",
    fix="Send the credential in a header, never in a path or a query, which end up in logs.",
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
CASES: tuple[TransportCase, ...] = (URL, *REDIRECTED)


class Elsewhere(LoopbackServer):
    """Another origin: records the requests that arrive there, and answers 404."""

    def __init__(self) -> None:
        super().__init__("elsewhere", max_body=MAX_BODY, idle_s=IDLE_S)
        self.arrived: list[tuple[str, bytes]] = []
        """For each request the names of its headers with credentials, and all its bytes."""

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
        if error.request is not None:
            self._record(error.request)
        return super().refuse(error)

    def _record(self, request: Request) -> None:
        if len(self.arrived) < MAX_REQUESTS:
            names = ", ".join(name for name in _CREDENTIAL_HEADERS if request.header(name))
            head = "\n".join([request.url, *(f"{name}: {value}" for name, value in request.headers), ""])
            self.arrived.append((names, head.encode("latin-1") + request.body))


def judge(
    case: TransportCase,
    attempts: Sequence[Attempt],
    elsewhere: Sequence[tuple[str, bytes]],
    run: ClientRun,
    search: Search,
    *,
    reproduce: str = "",
) -> Finding:
    """Search the client's requests for known secrets; no request at all is an error, never a pass."""
    finding = partial(case.finding, reproduce=reproduce)
    if not attempts:
        return finding(Outcome.ERROR, f"the client never called the fault server; {run.ended}: {run.tail}")
    if in_url := next(((a, found) for a in attempts if (found := search(a.path.encode()))), None):
        attempt, found = in_url
        seen = f"{attempt.method} {attempt.path.partition('?')[0]} carries the value of {', '.join(found)} in its URL"
        return finding(Outcome.FAIL, seen, summary=URL.failed)
    for names, sent in elsewhere:
        if names or search(sent):
            seen = f"the request after the redirect carries {names or ', '.join(search(sent))}"
            return finding(Outcome.FAIL, seen)
    followed = f", {len(elsewhere)} at the other origin, without the credential" if case.redirect else ""
    return finding(Outcome.PASS, f"{len(attempts)} calls{followed}")
