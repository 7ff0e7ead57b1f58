"""Where the client's credential travels: never in a URL, and never along a redirect to another origin."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

import msgspec

from harness.model import Attempt, Finding, Outcome
from harness.resilience.client_process import ClientRun
from harness.resilience.faults import Fault

ITEM = "auth.transport"
MAX_BODY = 1024 * 1024
KEPT = 100
_CREDENTIAL_HEADERS = ("authorization", "proxy-authorization", "cookie")

Search = Callable[[bytes], Sequence[str]]
"""Returns the names of the known secrets in some bytes, in whatever encoding."""


class TransportCase(msgspec.Struct, frozen=True, kw_only=True):
    """One situation in which a client may give its credential away."""

    id: str
    summary: str
    redirect: int | None = None
    """Status with which the first call is sent to another origin; None leaves it alone."""
    source: str


CASES: tuple[TransportCase, ...] = (
    TransportCase(id="url", summary="calls of the workflow", source="OWASP API2:2023; RFC 6750 section 2.3"),
    TransportCase(
        id="redirect-302",
        summary="a 302 to another origin",
        redirect=302,
        source="RFC 9110 section 15.4; CVE-2018-18074, CVE-2022-27774",
    ),
    TransportCase(
        id="redirect-307",
        summary="a 307 to another origin",
        redirect=307,
        source="RFC 9110 section 15.4; CVE-2018-18074, CVE-2022-27774",
    ),
)


class Elsewhere:
    """Another origin: keeps what arrives there, and answers 404."""

    def __init__(self) -> None:
        """Nothing is listening yet."""
        self.arrived: list[tuple[str, bytes]] = []
        """Of each request the names of the headers that hold credentials, and all its bytes."""

    def __enter__(self) -> Self:
        """Listen on a free loopback port."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="elsewhere", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        """Another host name and another port than the fault server's: another origin by any reading (RFC 6454)."""
        return f"http://localhost:{self._server.server_address[1]}/elsewhere"

    def fault(self, status: int) -> Fault:
        """Return the answer that sends a client here."""
        return Fault(status=status, headers=(("Location", self.url),))

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        arrived = self.arrived

        class Handler(BaseHTTPRequestHandler):
            """Keeps any request."""

            timeout = 10

            def keep(self) -> None:
                """Keep one request."""
                length = self.headers.get("content-length", "0")
                body = self.rfile.read(min(int(length), MAX_BODY)) if length.isdigit() else b""
                telling = ", ".join(n for n in _CREDENTIAL_HEADERS if self.headers.get(n))
                if len(arrived) < KEPT:
                    arrived.append((telling, f"{self.path}\n{self.headers}".encode() + body))
                self.send_response(404)
                self.send_header("content-length", "0")
                self.end_headers()

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = keep  # noqa: N815 - as http.server calls them

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is http.server's
                """Say nothing."""

        return Handler


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
    if not attempts:
        complaint = f"the client never called the fault server; {run.ended}: {run.tail}"
        return _finding(case, Outcome.ERROR, "could not be tried", complaint, reproduce)
    if in_url := next(((a, found) for a in attempts if (found := search(a.path.encode()))), None):
        attempt, found = in_url
        seen = f"{attempt.method} {attempt.path.partition('?')[0]} carries the value of {', '.join(found)} in its URL"
        return _finding(case, Outcome.FAIL, "the credential travels in a URL", seen, reproduce)
    for telling, sent in elsewhere:
        if telling or search(sent):
            seen = f"the request that followed the redirect carries {telling or ', '.join(search(sent))}"
            return _finding(case, Outcome.FAIL, "the credential follows the redirect", seen, reproduce)
    followed = f", {len(elsewhere)} at the other origin, without the credential" if case.redirect else ""
    return _finding(
        case, Outcome.PASS, "the credential stays where it belongs", f"{len(attempts)} calls{followed}", reproduce
    )


def _finding(case: TransportCase, outcome: Outcome, said: str, observed: str, reproduce: str) -> Finding:
    return Finding(
        item=ITEM,
        outcome=outcome,
        summary=f"{case.id}: {case.summary}: {said}",
        expected="the credential in a header of calls to the provider, and nowhere else",
        observed=observed,
        reproduce=reproduce,
        source=case.source,
        case=case.id,
    )
