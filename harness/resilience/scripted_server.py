"""A fault server that follows a script in words, before a provider or in the place of one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import httpx

from harness.http.loopback_server import CommandServer
from harness.http.message import Request, Response
from harness.resilience.error_bodies import ErrorBodies
from harness.resilience.fault_server import FaultServer
from harness.resilience.fault_words import FaultRule
from harness.resilience.faults import Fault

_NOTHING = Response(status=200, headers=(("Content-Type", "application/json"),), body=b"{}")
"""What a call without a fault is answered with where there is no provider."""


class ScriptedServer(FaultServer, CommandServer):
    """Applies to each request the next fault of the first rule that aims at it and has one left."""

    def __init__(
        self,
        rules: Sequence[FaultRule],
        client: httpx.Client,
        *,
        upstream: str | None = None,
        error_bodies: ErrorBodies | None = None,
        port: int = 0,
        each: Callable[[str], None] = lambda _: None,
    ) -> None:
        """``upstream`` is the provider's base URL, reached with ``client``; None for no provider.

        ``each`` is called with a line about each request.
        """
        super().__init__(upstream or "", client, faults=(), error_bodies=error_bodies, port=port)
        self._rules = tuple(rules)
        self._each = each
        self._began: float | None = None
        self._used = [0] * len(self._rules)

    def _next_fault(self, request: Request) -> Fault | None:
        with self._lock:
            for number, rule in enumerate(self._rules):
                if not rule.aims_at(request.method, request.target):
                    continue
                left = self._used[number] < len(rule.faults)
                if not left and not rule.endless:
                    continue
                fault = rule.faults[self._used[number]] if left else rule.then
                if not self._hits(fault):
                    return None
                self._used[number] += left
                return fault
        return None

    def _log(self, request: Request, at: float, **noted: Any) -> Any:
        self._began = at if self._began is None else self._began
        met = noted["fault"] or ("passed on, " if self._upstream else "") + str(noted["status"])
        self._each(f"+{at - self._began:.2f} s  {request.method} {request.target}  {met}")
        return super()._log(request, at, **noted)

    def _passed_on(self, request: Request) -> Response:
        return super()._passed_on(request) if self._upstream else _NOTHING
