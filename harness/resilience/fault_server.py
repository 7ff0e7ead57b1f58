"""A server in front of the provider: it misbehaves by script, then passes requests on, and logs every one."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Self

import httpx
import msgspec

from harness.errors import HarnessError
from harness.http.forwarding import decoded_response, forwarded
from harness.http.link_rewriter import LinkRewriter, names_of
from harness.http.loopback_server import IDLE_S, LoopbackServer, RawAnswer
from harness.http.message import Request, Response
from harness.http.parser import BadMessageError
from harness.http.server_connection import ServerConnection
from harness.model import Attempt
from harness.resilience.apply_fault import apply_fault, corrupt, slow_down
from harness.resilience.error_bodies import ErrorBodies
from harness.resilience.faults import OF_THE_BODY, WHOLE, Action, Fault
from harness.resilience.key_places import ANY_KEY, KeyPlaces
from harness.resilience.recorded_run import RecordedAnswers, RecordedRun
from harness.resilience.sent_heads import SentHeads

MAX_ATTEMPTS = 10_000
MAX_NOTED = 16 << 20
"""The most attempts of one client, and the bytes of their targets and keys; later ones are refused with 503."""
_BOUND = f"the first {MAX_ATTEMPTS:,}, or {MAX_NOTED >> 20} MiB of targets and keys"
WRITES = frozenset({"POST", "PATCH"})
"""Methods that are not idempotent by definition (RFC 9110 section 9.2.2, RFC 5789)."""


Aim = Callable[[str, str], str | None]
"""Returns the name under which requests of that method and target meet the faults in order; None where they do not."""


def any_call(method: str, target: str) -> str:  # noqa: ARG001 - an aim
    """Let every request meet the faults, under one name."""
    return ""


class FaultServer(LoopbackServer):
    """Applies the faults to the first requests that it aims at, in order; passes others on."""

    heads: SentHeads
    """Of every request, also of those that `attempts` does not have because their bodies were refused."""

    def __init__(
        self,
        upstream: str,
        client: httpx.Client,
        *,
        faults: Sequence[Fault],
        then: Fault | None = None,
        each_write: bool = False,
        hold_s: float = IDLE_S,
        keys: KeyPlaces = ANY_KEY,
        error_bodies: ErrorBodies | None = None,
        aim: Aim = any_call,
        port: int = 0,
        recorded: RecordedRun | RecordedAnswers | None = None,
    ) -> None:
        """``upstream`` is the provider's base URL, reached with ``client``; ``aim`` chooses what meets ``faults``.

        When the last of these was met under a name, ``then`` applies to every request, whether it is aimed at or not.
        With ``each_write`` the first fault applies only to the first attempt of every write. ``hold_s`` is the length
        of a silent or trickling response, in seconds; ``keys`` are where a request has its idempotency key;
        scripted errors have the bodies that ``error_bodies`` returns. The provider's answers are added to a
        ``recorded`` run; where that has answers already, they are given in its place.
        """
        super().__init__("fault-server", port=port)
        self._upstream = upstream.rstrip("/")
        self._client = client
        self._faults = tuple(faults)
        self._then = then
        self._each_write = each_write
        self._hold_s = hold_s
        self._keys = keys
        self._error_bodies = error_bodies or ErrorBodies()
        self._aim = aim
        self._recorded = recorded
        self._written: set[tuple[str, str, str]] = set()
        self._lock, self._served = threading.Lock(), threading.local()
        self._attempts: list[Attempt] = []
        self._noted, self.heads = 0, SentHeads(bound=_BOUND, max_body=self.max_body)
        self._met: Counter[str] = Counter()
        self.errors: list[str] = []  # problems between server and provider, not the client's fault

    def __enter__(self) -> Self:
        """Listen, once the bodies of errors are made."""
        self._error_bodies.prepare()
        super().__enter__()
        self._links = LinkRewriter(names_of(self._upstream), self.url)
        return self

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """Every request, in order of arrival."""
        with self._lock:
            return tuple(sorted(self._attempts, key=lambda a: a.at))

    @property
    def is_reused(self) -> bool:
        """Whether the request that is answered now came on a connection that was used before."""
        return getattr(self._served, "before", False)

    def _answer(self, connection: ServerConnection, request: Request) -> bool:
        again = super()._answer(connection, request)
        self._served.before = True  # each connection has its thread
        return again

    @property
    def is_flooded(self) -> bool:
        """Whether the client made so many calls that it is hung up on."""
        return len(self._attempts) >= MAX_ATTEMPTS or self._noted > MAX_NOTED

    def refuse(self, error: BadMessageError) -> Response:
        """Note what no HTTP/1.1 client sends: its user must know why no call is seen."""
        self.heads.refuse(error)
        if error.status is HTTPStatus.HTTP_VERSION_NOT_SUPPORTED and not self.errors:
            self.errors.append(
                f"the client sends {error} without negotiating it (prior knowledge), and the fault server speaks "
                "HTTP/1.1: let the client use HTTP/1.1 where its base URL is http"
            )
        return super().refuse(error)

    def respond(self, request: Request) -> Response | RawAnswer:
        """Answer a request with its fault, or pass it on."""
        at = time.monotonic()
        if self.is_flooded:
            self.heads.exceed()
            return Response(status=503)
        self.heads.note(request)
        fault = self._next_fault(request)
        if fault is None:
            response = self._passed_on(request)
            self._log(request, at, fault="", status=response.status, answer=response)
            return response
        if fault.action in WHOLE:
            response = self._passed_on(request)
            self._log(request, at, fault=f"{response.status}, {fault.name}", status=response.status, answer=response)
            return lambda connection: slow_down(fault, response, connection, hold_s=self._hold_s)
        if fault.action is Action.CORRUPT:
            response = self._passed_on(request)
            if not response.body and fault.corruption in OF_THE_BODY:
                self.errors.append(f"{request.method} {request.target} has no response body that could be corrupted")
            self._log(request, at, fault=f"{response.status}, {fault.name}", status=None, answer=response)
            return lambda connection: corrupt(response, connection, fault.corruption)
        status = fault.status if fault.action is Action.RESPOND else None
        asked_s = fault.retry_after if isinstance(fault.retry_after, int) else None
        number = self._log(request, at, fault=fault.name, status=status, asked_s=asked_s)
        return lambda connection: self._applied(fault, connection, request, number)

    def _applied(self, fault: Fault, connection: ServerConnection, request: Request, number: int) -> bool:
        """Apply a fault to the request of that number, and note when a connection without an answer ended."""
        error = self._error_bodies(request, fault.status)
        try:
            return apply_fault(fault, connection, hold_s=self._hold_s, error=error, request=request)
        finally:
            if fault.action is not Action.RESPOND:
                with self._lock:
                    let_go = msgspec.structs.replace(self._attempts[number], let_go_at=time.monotonic())
                    self._attempts[number] = let_go

    def _next_fault(self, request: Request) -> Fault | None:
        with self._lock:
            if self._each_write:
                what = (request.method, request.target, self._keys.digest_of(request))
                new = request.method in WRITES and what not in self._written
                self._written.add(what)
                return self._faults[0] if new else None
            if self._then and max(self._met.values(), default=0) >= len(self._faults):
                return self._then
            name = self._aim(request.method, request.target)
            if name is None or self._met[name] >= len(self._faults):
                return None
            fault = self._faults[self._met[name]]
            if not self._hits(fault):
                return None
            self._met[name] += 1
            return fault

    def _hits(self, fault: Fault | None) -> bool:
        """Whether the request that is answered now can meet a fault."""
        return fault is None or fault.action is not Action.STALE or self.is_reused

    def _log(
        self,
        request: Request,
        at: float,
        *,
        fault: str,
        status: int | None,
        answer: Response | None = None,
        asked_s: float | None = None,
    ) -> int:
        """Note a request; return its number."""
        attempt = Attempt(
            at=at,
            method=request.method,
            path=request.target,
            key=self._keys.key_in(request),
            body_digest=self._keys.digest_of(request),
            fault=fault,
            status=status,
            fields=frozenset(name.lower() for name, _ in request.headers),
            traceparent=request.header("traceparent"),
            provider_status=answer.status if answer else None,
            answer_bytes=len(answer.body) if answer else 0,
            asked_s=asked_s,
            reused=self.is_reused,
        )
        with self._lock:
            self._attempts.append(attempt)
            self._noted += sum(map(len, (attempt.method, attempt.path, attempt.key, attempt.traceparent)))
            return len(self._attempts) - 1

    def _passed_on(self, request: Request) -> Response:
        """Return what the provider answers, now or in the recorded run, with its own links pointing here."""
        if isinstance(self._recorded, RecordedAnswers):
            response = self._recorded.find(request, self._keys.key_in(request))
        else:
            response = self._asked(request)
        if response is None:
            self.errors.append(
                f"the recorded run of the workflow has no answer to {request.method} {request.target}: let the "
                'workflow make the same calls each time, or let all runs reach the provider, with probes = "write"'
            )
            return Response(status=502)
        if isinstance(self._recorded, RecordedRun):
            self._recorded.add(request, response)
        return self._links.response(response)

    def _asked(self, request: Request) -> Response:
        try:
            answer = self._client.send(forwarded(request, self._upstream + request.target, self._client))
        except HarnessError as exc:
            self.errors.append(str(exc))
            return Response(status=502)
        except (httpx.TransportError, httpx.InvalidURL) as exc:
            self.errors.append(f"{self._upstream} could not be reached: {type(exc).__name__}")
            return Response(status=502)
        return decoded_response(answer)
