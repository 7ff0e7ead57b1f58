"""Where the client's credential travels: never in a URL, and never along a redirect to another origin."""

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
KEPT = 100
IDLE_S = 10.0
_CREDENTIAL_HEADERS = ("authorization", "proxy-authorization", "cookie")

Search = Callable[[bytes], Sequence[str]]
"""Returns the names of the known secrets in some bytes, in whatever encoding."""


class TransportCase(Check, frozen=True, kw_only=True):
    """One situation in which a client may give its credential away."""

    item: str = ITEM
    expected: str = "the credential in a header of calls to the provider, and nowhere else"
    redirect: int | None = None
    """Status with which the first call is sent to another origin; None leaves it alone."""


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
        fix="Take the credential off a request that follows a redirect to another scheme, host or port.",
        redirect=status,
    )
    for status in (302, 307)
)
CASES: tuple[TransportCase, ...] = (URL, *REDIRECTED)


class Elsewhere(LoopbackServer):
    """Another origin: keeps what arrives there, and answers 404."""

    def __init__(self) -> None:
        super().__init__("elsewhere", max_body=MAX_BODY, idle_s=IDLE_S)
        self.arrived: list[tuple[str, bytes]] = []
        """Of each request the names of the headers that hold credentials, and all its bytes."""

    @property
    def url(self) -> str:
        """Another host name and another port than the fault server's: another origin by any reading (RFC 6454)."""
        return f"http://localhost:{self.port}/elsewhere"

    def fault(self, status: int) -> Fault:
        """Return the answer that sends a client here."""
        return Fault(status=status, headers=(("Location", self.url),))

    def respond(self, request: Request) -> Response:
        """Keep any request."""
        self._keep(request)
        return Response(status=404)

    def refuse(self, error: BadMessageError) -> Response:
        """Keep the head of a request whose body is not taken: it may hold the credential."""
        if error.request is not None:
            self._keep(error.request)
        return super().refuse(error)

    def _keep(self, request: Request) -> None:
        if len(self.arrived) < KEPT:
            telling = ", ".join(name for name in _CREDENTIAL_HEADERS if request.header(name))
            head = "\n".join([request.url, *(f"{name}: {value}" for name, value in request.headers), ""])
            self.arrived.append((telling, head.encode("latin-1") + request.body))


def judge(
    case: TransportCase,
    attempts: Sequence[Attempt],
    elsewhere: Sequence[tuple[str, bytes]],
    run: ClientRun,
    search: Search,
    *,
    reproduce: str = "",
) -> Finding:
    """Look for known secrets in what the client sent; nothing sent is an error, never a pass."""
    finding = partial(case.finding, reproduce=reproduce)
    if not attempts:
        return finding(Outcome.ERROR, f"the client never called the fault server; {run.ended}: {run.tail}")
    if in_url := next(((a, found) for a in attempts if (found := search(a.path.encode()))), None):
        attempt, found = in_url
        seen = f"{attempt.method} {attempt.path.partition('?')[0]} carries the value of {', '.join(found)} in its URL"
        return finding(Outcome.FAIL, seen, summary=URL.failed)
    for telling, sent in elsewhere:
        if telling or search(sent):
            seen = f"the request that followed the redirect carries {telling or ', '.join(search(sent))}"
            return finding(Outcome.FAIL, seen)
    followed = f", {len(elsewhere)} at the other origin, without the credential" if case.redirect else ""
    return finding(Outcome.PASS, f"{len(attempts)} calls{followed}")
