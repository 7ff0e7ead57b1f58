"""Planted ways to pass by verification: each trusts a request for what its sender chose."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any

from starlette.requests import Request

from harness.sandbox.defects import Planted
from harness.sandbox.integration.dialects import HEADER

PATH_TOO = "receiver-trusts-another-path"
METHOD_TOO = "receiver-trusts-another-method"
_CONNECTION = "receiver-trusts-a-connection"
_SIGNATURES = "receiver-remembers-signatures"
_SHARED = "receiver-shares-its-verdict"
_MEANWHILE_S = 0.001
_PATIENCE = 10
_JSON = "application/json"


def _stated(body: bytes, key: str) -> Any:
    try:
        return json.loads(body).get(key)
    except (ValueError, AttributeError, RecursionError):
        return None


TRUSTED: Mapping[str, Callable[[Request, bytes], bool]] = {
    "receiver-trusts-other-content-types": lambda request, _: request.headers.get("content-type") != _JSON,
    "receiver-trusts-codings": lambda request, _: "content-encoding" in request.headers,
    "receiver-trusts-chunks": lambda request, _: "transfer-encoding" in request.headers,
    "receiver-trusts-old-http": lambda request, _: request.scope["http_version"] == "1.0",
    "receiver-trusts-local-addresses": lambda request, _: request.headers.get("x-forwarded-for") == "127.0.0.1",
    "receiver-trusts-health-checks": lambda request, _: "kube-probe" in request.headers.get("user-agent", ""),
    "receiver-has-a-debug-query": lambda request, _: request.query_params.get("debug") == "1",
    "receiver-has-a-debug-header": lambda request, _: "x-skip-verification" in request.headers,
    "receiver-trusts-other-credentials": lambda request, _: "authorization" in request.headers,
    "receiver-trusts-test-events": lambda _, body: _stated(body, "livemode") is False,
    "receiver-trusts-pings": lambda _, body: _stated(body, "type") == "ping",
    PATH_TOO: lambda request, _: request.url.path.endswith("/"),
    METHOD_TOO: lambda request, _: request.method != "POST",
}
"""What is taken without a signature, by the defect."""

STATED: Mapping[str, Callable[[Request], str | None]] = {
    "receiver-reads-secret-from-query": lambda request: request.query_params.get("secret"),
    "receiver-reads-secret-from-header": lambda request: request.headers.get("x-webhook-secret"),
}
"""Where a request can state the secret by which it is verified, by the defect."""


class Trust:
    """What is trusted without a verification of its own: nothing, where nothing is planted."""

    def __init__(self, planted: Planted) -> None:
        """Begin without a trusted connection."""
        self._planted = planted
        self._connections: set[Any] = set()
        self.refusals = 0
        self._unread: set[Any] = set()
        self._signatures: set[str] = set()
        self._refused: Exception | None = None

    def passes(self, request: Request, body: bytes) -> bool:
        """Whether a request is taken unverified."""
        if any(defect in self._planted and trusts(request, body) for defect, trusts in TRUSTED.items()):
            return True
        if _SIGNATURES in self._planted and request.headers.get(HEADER) in self._signatures:
            return True
        return _CONNECTION in self._planted and request.client in self._connections

    def has_left_over(self, request: Request) -> bool:
        """Whether a connection still has the body of a request that was refused before it was read."""
        if "receiver-leaves-bodies-unread" not in self._planted:
            return False
        left = request.client in self._unread
        if HEADER not in request.headers:
            self._unread.add(request.client)
        return left

    def locks_out(self) -> bool:
        """Whether nothing is taken any more, because too much was refused."""
        return "receiver-locks-out" in self._planted and self.refusals > _PATIENCE

    async def verdict(self, check: Callable[[], None]) -> None:
        """Check a request: raise what ``check`` raises, or what another one does that is checked meanwhile."""
        if _SHARED not in self._planted:
            check()
            return
        try:
            self._refused = None
            check()
        except Exception as exc:  # noqa: BLE001 - whatever it is, it is raised below
            self._refused = exc
        await asyncio.sleep(_MEANWHILE_S)
        if self._refused is not None:
            raise self._refused

    def stated_secret(self, request: Request) -> str:
        """Return the secret that a request states itself, empty for none."""
        stated = (read(request) for defect, read in STATED.items() if defect in self._planted)
        return next(filter(None, stated), "")

    def verified(self, request: Request) -> None:
        """Note that a request was verified."""
        if _SIGNATURES in self._planted and HEADER in request.headers:
            self._signatures.add(request.headers[HEADER])
        if _CONNECTION in self._planted:
            self._connections.add(request.client)
