"""A server in front of the client's authorization server: it passes requests for tokens on, refuses or holds them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import httpx
import msgspec

from harness.errors import NetworkError
from harness.http.forwarding import decoded_response, forwarded
from harness.http.loopback_server import LoopbackServer, RawAnswer
from harness.http.message import Request, Response
from harness.resilience.apply_fault import apply_fault
from harness.resilience.faults import SILENCE, Fault

MOST_REQUESTS = 1000
REFUSED = Fault(status=401)
"""The answer of an authorization server that no longer knows the client."""
_REFUSAL = Response(status=401, headers=(("Content-Type", "application/json"),), body=b'{"error":"invalid_client"}')


class TokenRequest(msgspec.Struct, kw_only=True):
    """One request for a token."""

    at: float
    """Monotonic seconds."""
    answered_at: float = float("inf")


class TokenGate(msgspec.Struct, frozen=True, kw_only=True):
    """How the client's authorization server is reached."""

    url: str
    http: httpx.Client
    learn: Callable[[str], None]
    """Takes each token that is issued, so that nothing shows it."""


class TokenServer(LoopbackServer):
    """Answers the first request with what the authorization server answers, later ones with ``then`` if that is set."""

    def __init__(self, gate: TokenGate, *, then: Fault | None, hold_s: float) -> None:
        """``then`` refuses later requests, or holds them for ``hold_s`` seconds."""
        super().__init__("token-server")
        self._gate = gate
        self._then = then
        self._hold_s = hold_s
        self._lock = threading.Lock()
        self.requests: list[TokenRequest] = []
        self.errors: list[str] = []

    def respond(self, request: Request) -> Response | RawAnswer:
        """Answer one request for a token."""
        noted = TokenRequest(at=time.monotonic())
        with self._lock:
            first = not self.requests
            if len(self.requests) < MOST_REQUESTS:
                self.requests.append(noted)
        if first or self._then is None:
            response = self._passed_on(request)
        elif self._then is SILENCE:
            return lambda connection: apply_fault(SILENCE, connection, hold_s=self._hold_s)
        else:
            response = _REFUSAL
        noted.answered_at = time.monotonic()
        return response

    def _passed_on(self, request: Request) -> Response:
        try:
            answer = self._gate.http.send(forwarded(request, self._gate.url, self._gate.http))
        except (NetworkError, httpx.TransportError) as exc:
            self.errors.append(
                f"[client] token_url could not be reached: {type(exc).__name__}. Correct it, or start it."
            )
            return Response(status=502)
        token = _token_in(answer.content)
        if token:
            self._gate.learn(token)
        return decoded_response(answer)


def _token_in(body: bytes) -> str:
    try:
        content: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return ""
    token = content.get("access_token") if isinstance(content, dict) else None
    return token if isinstance(token, str) else ""
