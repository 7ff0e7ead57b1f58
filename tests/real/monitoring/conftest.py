"""An exporter whose metrics a test sets, and a Prometheus with an Alertmanager that watch it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from harness.http.client import Network
from harness.http.loopback_server import LoopbackServer
from harness.http.message import Request, Response
from harness.telemetry.monitoring.monitoring_servers import Monitoring
from tests.ports import free_ports
from tests.real.conftest import Need

Watched = Callable[..., AbstractContextManager[Monitoring]]


class Exporter(LoopbackServer):
    """Serves the values of ``values`` as metrics, as an integration does."""

    def __init__(self) -> None:
        super().__init__("exporter")
        self.values: dict[str, float] = {}

    def respond(self, request: Request) -> Response:
        """Return the metrics in Prometheus' text format."""
        assert request.path == "/metrics"
        text = "".join(f"{series} {value}\n" for series, value in self.values.items())
        return Response(status=200, headers=(("content-type", "text/plain; version=0.0.4"),), body=text.encode())


@pytest.fixture
def exporter() -> Iterator[Exporter]:
    """An exporter that a test feeds."""
    with Exporter() as server:
        yield server


@pytest.fixture
def watched(exporter: Exporter, tmp_path: Path, need: Need) -> Watched:
    """Return a function that watches the exporter with rule files for the length of a block."""
    need("prometheus")
    need("prometheus-alertmanager")

    @contextmanager
    def run(*rules: str, **more: Any) -> Iterator[Monitoring]:
        metrics = more.pop("metrics", (f"{exporter.url}/metrics",))
        with (
            Network().client() as client,
            Monitoring(client, tmp_path, port=free_ports(), metrics=metrics, rules=rules, **more) as monitoring,
        ):
            yield monitoring

    return run
