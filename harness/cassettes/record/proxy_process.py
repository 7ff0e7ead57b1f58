"""The process of a `ProviderProxy`: passes on what a test's client sends, and reports it on request.

It reads its `ProxyTarget` from the first line of its input, prints its URL, and then answers each further line, which
holds a time, with the exchanges that began since. It ends with its input.
"""

from __future__ import annotations

import datetime as dt
import sys
import threading
from typing import BinaryIO

import msgspec

from harness.cassettes.record.provider_proxy import PassedExchange, ProxyTarget
from harness.cassettes.record.proxy import RecordingProxy
from harness.http.client import Network
from harness.http.message import Exchange, Request, Response

TIMEOUT_S = 300.0
"""For the provider's silence: how long to wait is the decision of the test's own client."""


class ExchangeLog:
    """Exchanges that passed since they were last taken."""

    def __init__(self, *, stores: bool) -> None:
        """Unless it ``stores`` what passes, nothing can be taken."""
        self._stores = stores
        self.recorded = 0
        self.refused: list[str] = []
        self._lock = threading.Lock()
        self._passed: list[PassedExchange] = []

    def add(  # an `ExchangeSink`
        self,
        request: Request,
        response: Response,
        *,
        began: dt.datetime,  # noqa: ARG002
        start: float,
        latency_s: float,  # noqa: ARG002
    ) -> None:
        """Take one exchange."""
        passed = PassedExchange(start=start, exchange=Exchange(request=request, response=response))
        with self._lock:
            self._passed += [passed] if self._stores else []
            self.recorded += 1

    def write(self) -> None:
        """Do nothing: what passed stays in memory."""

    def taken(self, since: float) -> list[PassedExchange]:
        """Return those that began at ``since`` or later, by `time.monotonic`; none is returned twice."""
        with self._lock:
            passed, self._passed = self._passed, []
        return [p for p in passed if p.start >= since]


def run(source: BinaryIO, output: BinaryIO) -> None:
    """Serve until ``source`` ends."""
    target = msgspec.json.decode(source.readline(), type=ProxyTarget)
    network, log = Network([target.origin], production=target.production), ExchangeLog(stores=target.reports)
    with (
        network.client(timeout_s=TIMEOUT_S, bounded=False) as client,
        RecordingProxy(target.origin, client, log) as proxy,
    ):
        _print(output, proxy.url)
        for line in source:
            _print(output, log.taken(msgspec.json.decode(line, type=float)))


def _print(output: BinaryIO, value: object) -> None:
    output.write(msgspec.json.encode(value) + b"\n")
    output.flush()


if __name__ == "__main__":
    run(sys.stdin.buffer, sys.stdout.buffer)
